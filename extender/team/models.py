"""The people who sign in."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Member(AbstractUser):
    """A person of the team. Staff make them in the admin."""

    anonymised_at = models.DateTimeField(null=True, editable=False, help_text="Since when nobody knows who it was")
