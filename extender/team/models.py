"""The people who sign in."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now

# For how long a wrong password counts.
TRIES_COUNT = timedelta(minutes=15)


class Member(AbstractUser):
    """A person of the team. Staff make them, and superusers say who is staff."""

    anonymised_at = models.DateTimeField(null=True, editable=False, help_text="Since when nobody knows who it was")
    signed_out_at = models.DateTimeField(
        null=True, editable=False, help_text="When all their sessions were ended last"
    )

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """What a session must hold: one that was ended counts no more, though its member is had back."""
        theirs: Any = super()
        of_password: str = theirs._get_session_auth_hash(secret)
        return f"{of_password} {self.signed_out_at.timestamp()}" if self.signed_out_at else of_password


class WrongPassword(models.Model):
    """A password that was none. Few at a time are younger than `TRIES_COUNT`, since they are what is capped."""

    name = models.CharField(max_length=32, help_text="A digest of the name that was typed")
    place = models.CharField(
        max_length=49, help_text="An IPv4 address, an IPv6 network, a known browser or a sign-in"
    )
    at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"from {self.place}"
