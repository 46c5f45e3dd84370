"""The people who sign in."""

from django.contrib.auth.models import AbstractUser


class Member(AbstractUser):
    """A person of the team. Staff make them in the admin."""
