"""Secrets that follow from a text and the server's keys: kept nowhere, and made again where they are needed."""

import base64
import hmac

from django.conf import settings
from django.utils.crypto import salted_hmac


def derived(purpose: str, text: str) -> list[str]:
    """43 letters that follow from `text`, for this `purpose`: by `SECRET_KEY`, then by each of its fallbacks."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    made = (salted_hmac(purpose, text, key, algorithm="sha256").digest() for key in keys)
    return [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in made]


def is_one_of(given: str, secrets: list[str]) -> bool:
    """Whether `given` is one of `secrets`, in a time that tells nobody how near it came."""
    # As bytes: compare_digest raises on text that is not ASCII.
    return any(hmac.compare_digest(given.encode(), secret.encode()) for secret in secrets)
