"""Addresses as they are reached from outside."""

from django.conf import settings
from django.urls import get_script_prefix


def public_address(path: str) -> str:
    """The whole address of one that `reverse()` has made in this very thread. `PUBLIC_URL` is set.

    Threads that answer no request know nothing of the path at which the site lies.
    """
    return f"{settings.PUBLIC_URL}/{path.removeprefix(get_script_prefix())}"
