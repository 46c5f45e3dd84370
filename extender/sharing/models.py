"""Links for guests."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.functional import cached_property

from extender.keys import derived
from extender.team.roles import active

# For so long a link that was revoked can be had back.
UNDO_FOR = timedelta(seconds=10)


def new_seed() -> str:
    """256 random bits: cannot be guessed, and say nothing about the task."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """The SHA-256 of a token, in hex: by this a link is found."""
    return hashlib.sha256(token.encode()).hexdigest()


class ShareQuerySet(models.QuerySet["Share"]):
    """Sentences about links."""

    def live(self) -> "ShareQuerySet":
        """Links that nobody has closed."""
        return self.filter(revoked_at=None)

    def opening(self) -> "ShareQuerySet":
        """Links that open: live ones of somebody who may show."""
        return self.live().filter(task__owner__in=active())

    def just_revoked(self) -> "ShareQuerySet":
        """Links whose end may still be undone."""
        return self.filter(revoked_at__gt=Now() - UNDO_FOR, closed_by_staff=False)

    def listed(self) -> "ShareQuerySet":
        """What their owner is shown: links that open, and those whose end may be undone."""
        return self.live() | self.just_revoked()


class Share(models.Model):
    """One link to one task. Revoked links are kept, so that it stays known who could see what, and when.

    The token that opens it is kept nowhere. It follows from the row's seed and `SECRET_KEY`, so that its owner can be
    shown it again; under another key it opens as before.
    """

    task = models.ForeignKey("tasks.Task", on_delete=models.CASCADE, related_name="shares")
    seed = models.CharField(max_length=43, default=new_seed, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    title = models.CharField(max_length=120, blank=True)
    show_prompt = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    closed_by_staff = models.BooleanField(default=False, editable=False)

    objects = ShareQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index("revoked_at", models.F("id").desc(), name="open_links")]

    def __str__(self) -> str:
        # Never the token: this text reaches logs and the admin's history.
        return f"link {self.pk} to {self.task_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new link gets its token."""
        if not self.digest:
            self.token = self._tokens()[0]
            self.digest = digest_of(self.token)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("guest", args=[self.token])

    @cached_property
    def token(self) -> str:
        """What opens the link; "" where it was made under a key that the server has no more."""
        return next((token for token in self._tokens() if digest_of(token) == self.digest), "")

    def _tokens(self) -> list[str]:
        return derived("extender.link", self.seed)
