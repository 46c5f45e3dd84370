"""Light, dark, or as the system has it: kept in the browser by a cookie, since it is about the screen."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from extender.team import cookies
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
    if chosen in THEMES:
        cookies.keep(response, COOKIE, chosen, LASTS)
    else:
        cookies.drop(response, COOKIE)
    return response
