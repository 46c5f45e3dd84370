"""Light, dark, or as the system has it: kept in the browser by a cookie, since it is about the screen."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from extender.team.sign_in import MemberRequest

COOKIE = "theme"
THEMES = ("light", "dark")
LASTS = 365 * 24 * 60 * 60  # s


@require_POST
def choose(request: MemberRequest) -> HttpResponse:
    """Keeps the theme that was chosen; anything but `theme=light` or `dark` is the system's."""
    chosen, back = request.POST.get("theme"), request.POST.get("next", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response: HttpResponse = redirect(back if is_ours else "home")
    if request.htmx:
        response = HttpResponse(status=204)
    secure, path = settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_PATH
    if chosen in THEMES:
        response.set_cookie(COOKIE, chosen, max_age=LASTS, path=path, secure=secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, path=path, samesite="Lax")
    return response
