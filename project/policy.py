"""The Content-Security-Policy of each answer: the one in the settings, wider only where a page needs it."""

from collections.abc import Callable
from functools import cache

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Whose pages show clips, which play from their own hosts until they are copied.
SHOW_CLIPS = ("extender.workspace.", "extender.lineage.", "extender.sharing.views.guest")
# Django's scripts write HTML as text.
OF_DJANGO = ("django.contrib.admin.", "django.contrib.auth.admin.")
# What Django says of a fault at DEBUG has its styles and scripts within.
SHOWN_AT_DEBUG = (404, 500)


class PolicyMiddleware:
    """Sends it with every answer. That of django-csp writes it anew for each, twice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Of a request that was answered before any view there is none.
        match = getattr(request, "resolver_match", None)
        view = match._func_path if match else ""
        is_page = response.get("Content-Type", "").startswith("text/html")
        shows_clips = is_page and view.startswith(SHOW_CLIPS) and not getattr(response, "shows_ours_alone", False)
        if not (settings.DEBUG and response.status_code in SHOWN_AT_DEBUG):
            response.setdefault(HEADER, policy(shows_clips, view.startswith(OF_DJANGO)))
        return response


@cache
def policy(shows_clips: bool, is_of_django: bool) -> str:
    """The header's value for one kind of page."""
    update = dict.fromkeys(("img-src", "media-src"), settings.CLIP_SOURCES) if shows_clips else None
    replace = dict.fromkeys(("require-trusted-types-for", "trusted-types")) if is_of_django else None
    return build_policy(update=update, replace=replace)
