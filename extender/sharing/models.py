"""Links for guests."""

import secrets
from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from extender.team.roles import active

# For so long a link that was revoked can be had back.
UNDO_FOR = timedelta(seconds=10)


def new_token() -> str:
    """192 random bits: cannot be guessed, and says nothing about the task."""
    return secrets.token_urlsafe(24)


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
        return self.filter(revoked_at__gt=Now() - UNDO_FOR)

    def listed(self) -> "ShareQuerySet":
        """What their owner is shown: links that open, and those whose end may be undone."""
        return self.live() | self.just_revoked()


class Share(models.Model):
    """One link to one task. Revoked links are kept, so that it stays known who could see what, and when."""

    task = models.ForeignKey("tasks.Task", on_delete=models.CASCADE, related_name="shares")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    title = models.CharField(max_length=120, blank=True)
    show_prompt = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ShareQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index("revoked_at", models.F("id").desc(), name="open_links")]

    def __str__(self) -> str:
        # Never the token: this text reaches logs and the admin's history.
        return f"link {self.pk} to {self.task_id}"

    def get_absolute_url(self) -> str:
        return reverse("guest", args=[self.token])
