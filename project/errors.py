"""Pages for what went wrong: each says what to do next."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from extender.team.typed import form_again, htmx_form_again
from project.request_id import request_id


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came from somewhere else, or without its token: from an old page of ours it comes again."""
    is_old = reason.startswith("CSRF ")
    if is_old and request.headers.get("HX-Request"):
        # A sign-in in another tab has changed the token of every page: a new page has the new one.
        return htmx_form_again(request)
    return (is_old and form_again(request)) or render(request, "project/403_csrf.html", status=403)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What no form of ours sends: too many fields, too large, or not to be read."""
    return render(request, "project/400.html", status=400)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What this member has no right to."""
    return render(request, "project/403.html", status=403)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """An address that leads nowhere, or to what is not yours: the same page for both."""
    return render(request, "project/404.html", status=404)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """A crash: its id finds the log line. Touches no database, which may be what broke."""
    return render(request, "project/500.html", {"request_id": request_id.get()}, status=500)
