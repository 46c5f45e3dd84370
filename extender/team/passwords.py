"""The pages on which a password is typed."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string

from extender.team import devices, hashing
from extender.team.forms import ChangeForm, SignInForm
from extender.team.hashing import TooBusy

RETRY_SECONDS = 3


class SignIn(LoginView):
    """Where members come in."""

    template_name = "team/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Signs somebody in, or shows the page again; with the name that was typed where too many are at it."""
        try:
            hashing.ask()
            return super().post(request, *args, **kwargs)
        except TooBusy:
            return _later(HttpResponse(self._busy_door()))

    def _busy_door(self) -> str:
        """The page again, made of nothing but what it shows."""
        request = self.request
        shown = {"name": request.POST.get("username", ""), "next": self.get_redirect_url()}
        return render_to_string("team/busy_door.html", shown | {"request": request, "csrf_token": get_token(request)})

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Lets the member in, and has the browser remember it."""
        response = super().form_valid(form)
        devices.remember(self.request, response, form.get_user())
        return response


class Change(PasswordChangeView):
    """Where a member takes another password."""

    template_name = "team/password_change_form.html"
    form_class = ChangeForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """What the form is made of."""
        return super().get_form_kwargs() | {"request": self.request}


def too_busy(request: HttpRequest) -> HttpResponse:
    """What any other page says of which a password could not be hashed for now."""
    return _later(render(request, "team/busy.html"))


def _later(response: HttpResponse) -> HttpResponse:
    response.status_code = 503
    # As many as these may be, each would stand in the log as an error.
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark
    response["Retry-After"] = RETRY_SECONDS
    return response
