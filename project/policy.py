"""The Content-Security-Policy of each answer: the one in the settings, wider only where a page needs it."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# Whose pages show clips, which play from their own hosts until they are copied.
SHOW_CLIPS = ("extender.workspace.", "extender.lineage.", "extender.sharing.views.guest")
# Django's scripts write HTML as text.
OF_DJANGO = "django.contrib.admin."


class PolicyMiddleware(CSPMiddleware):
    """Sends it with every answer."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        # Of a request that was answered before any view there is none.
        match = getattr(request, "resolver_match", None)
        view = match._func_path if match else ""
        is_page = response.get("Content-Type", "").startswith("text/html")
        if is_page and view.startswith(SHOW_CLIPS) and not getattr(response, "shows_ours_alone", False):
            parts.update = dict.fromkeys(("img-src", "media-src"), settings.CLIP_SOURCES)
        if view.startswith(OF_DJANGO):
            parts.replace = dict.fromkeys(("require-trusted-types-for", "trusted-types"))
        return parts
