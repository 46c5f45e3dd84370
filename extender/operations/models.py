"""Which workers are alive, whose clock is wrong, and what browsers kept from our pages."""

import socket
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Max
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from extender.tasks.models import Clip

BEAT_SECONDS = 10
# A worker that missed three beats is taken for dead.
DEAD_AFTER = timedelta(seconds=3 * BEAT_SECONDS)
FORGOTTEN_AFTER = timedelta(days=1)
# A clock that is further off than this makes pages and logs tell wrong times; what is due goes by the database's.
MOST_SKEW = timedelta(seconds=30)
# The only row of a table.
ONLY = 1
# A worker counts what is stored once a minute; what is older than this nobody keeps up.
COUNTED_EVERY, STALE_AFTER = 60, timedelta(minutes=3)
# Anybody may report something, and so make a row.
MOST_VIOLATIONS = 30
VIOLATION_KEPT = timedelta(days=30)


class TallyQuerySet(models.QuerySet["Tally"]):
    """Sentences about what was counted."""

    def count_anew(self) -> None:
        """Counts what is stored."""
        self.update_or_create(pk=ONLY, defaults={**Clip.objects.stored().weighed(), "counted_at": Now()})

    def fresh(self) -> "Tally":
        """What was counted lately; where nothing was, it is counted now, and not for each who looks."""
        if kept := self.filter(counted_at__gt=Now() - STALE_AFTER).first():
            return kept
        self.count_anew()
        return self.get()


class Tally(models.Model):
    """How many clips are stored, and their bytes, as a worker counted them last."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    number = models.PositiveBigIntegerField()
    bytes = models.PositiveBigIntegerField()
    counted_at = models.DateTimeField(null=True, editable=False)

    objects = TallyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.number} stored"


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Sentences about workers."""

    def alive(self) -> "HeartbeatQuerySet":
        """Workers that were heard of lately."""
        return self.filter(seen_at__gt=Now() - DEAD_AFTER)

    def beat(self, name: str) -> None:
        """Says that the worker `name` is alive, and what its own clock says."""
        self.update_or_create(name=name, defaults={"seen_at": Now(), "own_time": timezone.now()})

    def sweep(self) -> None:
        """Forgets workers that died long ago."""
        self.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()

    def wrong_clocks(self) -> list[tuple[str, str]]:
        """Whose clock is more than half a minute off the database's, of this machine and those of living workers.

        The machine's name, and how far off: "3600 s behind".
        """
        skews = {worker.machine: worker.skew for worker in self.alive()} | {socket.gethostname(): self._own_skew()}
        return [
            (machine, f"{abs(skew.total_seconds()):.0f} s {'ahead' if skew > timedelta(0) else 'behind'}")
            for machine, skew in sorted(skews.items())
            if abs(skew) > MOST_SKEW
        ]

    def _own_skew(self) -> timedelta:
        """How far this machine's clock is ahead of the database's."""
        before = timezone.now()
        # The database's clock, whether there are workers or not.
        right = self.aggregate(now=Coalesce(Max(Now()), Now()))["now"]
        # However long the answer took: only what lies outside of that is wrong.
        return max(before - right, timedelta(0)) or min(timezone.now() - right, timedelta(0))


class Heartbeat(models.Model):
    """One worker process, and when it was last heard of, by the database's clock."""

    name = models.CharField(max_length=200, unique=True)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    seen_at = models.DateTimeField(db_default=Now(), editable=False)
    own_time = models.DateTimeField(null=True, editable=False, help_text="The same moment by its own clock")

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def machine(self) -> str:
        """The name of the host on which it runs."""
        return self.name.partition(":")[0]

    @property
    def skew(self) -> timedelta:
        """How far its machine's clock is ahead of the database's; below 0: behind."""
        return self.own_time - self.seen_at if self.own_time else timedelta(0)


class ViolationQuerySet(models.QuerySet["Violation"]):
    """Sentences about what browsers kept from our pages."""

    def count_one(self, **kind: Any) -> None:
        """Counts one more of that kind; where many are kept, a new one takes the place of the rarest."""
        if self.filter(**kind).update(times=F("times") + 1, last_at=Now()):
            return
        self.filter(last_at__lt=Now() - VIOLATION_KEPT).delete()
        if self.count() >= MOST_VIOLATIONS and (rarest := self.order_by("times", "last_at").first()):
            rarest.delete()
        self.get_or_create(**kind)


class Violation(models.Model):
    """A kind of thing that our policy forbids and a browser reported; of whom, and where exactly, is not kept."""

    directive = models.CharField(max_length=40)
    blocked = models.CharField(max_length=100, help_text="An origin, or a word such as “inline”")
    page = models.CharField(max_length=100, help_text="The route of our page")
    times = models.PositiveBigIntegerField(default=1)
    last_at = models.DateTimeField(db_default=Now())

    objects = ViolationQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at"]
        constraints = [models.UniqueConstraint(fields=["directive", "blocked", "page"], name="one_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.directive} {self.blocked} {self.page}"
