"""Which workers are alive."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

BEAT_SECONDS = 10
# A worker that missed three beats is taken for dead.
DEAD_AFTER = timedelta(seconds=3 * BEAT_SECONDS)


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Sentences about workers."""

    def alive(self) -> "HeartbeatQuerySet":
        """Workers that were heard of lately."""
        return self.filter(seen_at__gt=Now() - DEAD_AFTER)


class Heartbeat(models.Model):
    """One worker process, and when it was last heard of, by the database's clock."""

    name = models.CharField(max_length=200, unique=True)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    seen_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]

    def __str__(self) -> str:
        return self.name
