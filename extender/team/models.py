"""The people who sign in."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Member(AbstractUser):
    """A person of the team. Staff make them, and superusers say who is staff."""

    anonymised_at = models.DateTimeField(null=True, editable=False, help_text="Since when nobody knows who it was")
