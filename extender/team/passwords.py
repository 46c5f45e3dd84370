"""The pages on which a password is typed."""

from typing import Any

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from extender.team.forms import SignInForm
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
            return super().post(request, *args, **kwargs)
        except TooBusy:
            form = SignInForm(request, initial={"username": request.POST.get("username", "")[:150]})
            return _later(self.render_to_response(self.get_context_data(form=form, busy=True)).render())


def too_busy(request: HttpRequest) -> HttpResponse:
    """What any other page says of which a password could not be hashed for now."""
    return _later(render(request, "team/busy.html"))


def _later(response: HttpResponse) -> HttpResponse:
    response.status_code = 503
    response["Retry-After"] = RETRY_SECONDS
    return response
