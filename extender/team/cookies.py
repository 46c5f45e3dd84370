"""What we keep in a browser beside the sign-in: for this site's path alone, by https where there is any."""

from django.conf import settings
from django.http import HttpResponse


def keep(response: HttpResponse, name: str, value: str, seconds: int, *, for_scripts: bool = False) -> None:
    """Has the browser keep `value` for so long; our scripts may read it where it is `for_scripts`."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=not for_scripts,
        samesite="Lax",
    )


def drop(response: HttpResponse, name: str) -> None:
    """Has the browser forget it."""
    response.delete_cookie(name, path=settings.SESSION_COOKIE_PATH, samesite="Lax")
