"""The headers that protect every answer, whoever of us makes it; the CSP has its own middleware, right beneath."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Our pages copy an address, show a film on the whole screen, and play.
USED = ("autoplay", "clipboard-write", "fullscreen", "picture-in-picture")
UNUSED = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "display-capture",
    "encrypted-media",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
HEADERS = {
    "Permissions-Policy": ", ".join([*(f"{name}=(self)" for name in USED), *(f"{name}=()" for name in UNUSED)]),
    # No other site gets our bytes into its pages,
    "Cross-Origin-Resource-Policy": "same-origin",
    # and what ours show of a clip's host comes without its cookies.
    "Cross-Origin-Embedder-Policy": "credentialless",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # no-referrer would make browsers send `Origin: null`, and Django would refuse every form. Guests' pages have it.
    "Referrer-Policy": "same-origin",
    # Not "no-store": Back must find a form with its nonce, and so the row that it made.
    "Cache-Control": "private, no-cache",
}


class HeadersMiddleware:
    """Sets each of them that nobody has set before. Stands in front of all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        kind = response.get("Content-Type", "")
        # What is text by its name alone browsers would guess at.
        if kind.startswith("text/") and "charset" not in kind:
            response["Content-Type"] = f"{kind}; charset=utf-8"
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        response.setdefault("Reporting-Endpoints", f'csp="{settings.PUBLIC_PATH}/csp-reports/"')
        return response
