"""Clips: where each comes from, what became of its file here, what was measured in it, and who is at it just now."""

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from operator import attrgetter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Count, Exists, OuterRef, Sum, prefetch_related_objects
from django.db.models.functions import Coalesce, Now

from extender.paging import by_keys
from extender.states import FILE_MOVES, FILE_WORDS, UNSETTLED_FILES, FileState, State
from extender.tasks.models.leases import LeasedQuerySet
from extender.tasks.shapes import VideoShape
from extender.video.layout import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from extender.tasks.models.tasks import Task

# Longer than a copier is ever silent: it renews its claim with each second's progress and before each look inside,
# which takes 90 s at most.
COPYING_LEASE = timedelta(seconds=150)
# After so many misses the next try is minutes off: too long for a page to wait.
SOON = 4
# How long a host may say that it does not have a clip before the clip is called lost.
PATIENCE = timedelta(days=1)


class ClipQuerySet(LeasedQuerySet["Clip"]):
    """Sentences about clips. Times are compared by the database's clock, so that machines need not agree."""

    moves = FILE_MOVES
    leased = FileState.COPYING
    lease = COPYING_LEASE
    progress = "received"

    def of(self, tasks: models.QuerySet["Task"]) -> "ClipQuerySet":
        """The clips of these tasks. (With `task__in` SQLite would read all of the tasks first.)"""
        return self.filter(Exists(tasks.filter(pk=OuterRef("task"))))

    def by_pages(self) -> Iterator["Clip"]:
        """These clips by their keys, few at a time."""
        return by_keys(self, attrgetter("pk"))

    def stored(self) -> "ClipQuerySet":
        """Here, whole and verified."""
        return self.filter(state=FileState.STORED)

    def not_stored(self) -> "ClipQuerySet":
        """Not here. By the states that they have, so that the index finds them among millions that are."""
        return self.filter(state__in=[state for state in FileState if state != FileState.STORED])

    def missing(self) -> "ClipQuerySet":
        """Not here, and still to be had."""
        return self.filter(state__in=UNSETTLED_FILES)

    def paused(self) -> "ClipQuerySet":
        """Clips that met a full or broken disk a moment ago. One stands for all: no other would fare better."""
        return self.filter(state=FileState.BLOCKED, due_at__gt=Now())

    def hindered(self) -> "ClipQuerySet":
        """Not here, and it is known why; what was tried last comes first."""
        return self.not_stored().exclude(reason="").order_by("-due_at", "made_at")

    def barred_hosts(self) -> list[tuple[str, str, int]]:
        """The hosts out of this server's reach: name, why, how many clips. Those of most clips come first."""
        barred = self.filter(state=FileState.BARRED).values_list("source_url", "reason").order_by()
        counted = Counter((urlsplit(url).hostname or "", reason) for url, reason in barred.iterator())
        return [(host, reason, number) for (host, reason), number in counted.most_common()]

    def is_something_due(self) -> bool:
        """Whether the lists below may hold anything. An idle worker asks each second, and they are dear to ask."""
        # By their states, so that the index finds them among millions of clips that are settled.
        return self.due().filter(state__in=[*UNSETTLED_FILES, FileState.STORED]).exists()

    def to_copy(self) -> "ClipQuerySet":
        """Missing and due, while nothing is wrong with our own store."""
        return self.missing().due().filter(~Exists(Clip.objects.paused()))

    def to_compare(self) -> "ClipQuerySet":
        """Safe, and not yet held against the clip that they continue, which is settled."""
        parents = Clip.objects.filter(task=OuterRef("task__parent"), index=OuterRef("task__index"))
        return self.stored().due().filter(Exists(parents.exclude(state__in=UNSETTLED_FILES)), contains_parent="")

    def pictures_of(self, member) -> "ClipQuerySet":
        """The pictures that `member` had made and that are to be had, the newest first."""
        made = self.filter(task__owner=member, task__kind="pictures", task__state=State.FINISHED)
        return made.exclude(state=FileState.LOST).select_related("task").order_by("-task__ended_at", "index")

    def gone_for_good(self) -> "ClipQuerySet":
        """What its host has not had for a day."""
        return self.filter(gone_since__lte=Now() - PATIENCE)

    def to_claim(self) -> "ClipQuerySet":
        return self.to_copy()

    def claim(self, row: "Clip", **afresh: Any) -> bool:
        return super().claim(row, expected=None, **afresh)

    def claim_to_compare(self, pk: uuid.UUID) -> bool:
        """Takes the right to compare `pk` with its parent; true for one caller alone."""
        return bool(self.to_compare().filter(pk=pk).order_by().update(due_at=Now() + COPYING_LEASE))

    def census(self) -> dict[str, int]:
        """How many clips are in each state, save those that are stored: of these there may be millions."""
        counted = self.not_stored().values_list("state").annotate(number=Count("pk"))
        return dict(counted.order_by())

    def weighed(self) -> dict[str, int]:
        """How many clips these are, and their `bytes`. It reads each of them."""
        return self.order_by().aggregate(number=Count("pk"), bytes=Coalesce(Sum("bytes"), 0))


class Clip(models.Model):
    """One of a task's up to four results, with its file here. The file is named by its checksum and never changes."""

    class Contains(models.TextChoices):
        """Whether the file begins with its parent's footage; empty while nobody has looked."""

        YES = "yes", "begins with the clip it continues"
        NO = "no", "the new part alone"
        UNKNOWN = "unknown", "not known"

        @classmethod
        def before_looking(cls, task: "Task") -> str:
            """What is known of a clip of `task` before anybody looks: nothing, where its parent is not here."""
            return "" if task.parent_id else cls.UNKNOWN

    # Part of the file's address: it says nothing about the task, and cannot be guessed.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.ForeignKey("tasks.Task", on_delete=models.CASCADE)
    index = models.PositiveSmallIntegerField(help_text="1 to 4")
    source_url = models.TextField(help_text="Where APIFRAME says that it lies")
    picked = models.BooleanField(default=False, help_text="Whether somebody chose it to go on with")
    state = models.CharField(max_length=10, choices=list(FILE_WORDS.items()), default=FileState.WAITING)
    reason = models.CharField(max_length=300, blank=True, help_text="Why its file is not stored")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    settled_at = models.DateTimeField(null=True, editable=False, help_text="When it was copied, or lost")
    # When somebody should next do something about the row. Moving it into the future is the lease.
    due_at = models.DateTimeField(null=True, db_default=Now(), editable=False)
    attempts = models.PositiveIntegerField(default=0)
    misses = models.PositiveIntegerField(default=0, help_text="How often its server failed us in a row")
    gone_since = models.DateTimeField(null=True, editable=False, help_text="Since when its host does not have it")
    received = models.PositiveBigIntegerField(default=0, help_text="Bytes copied so far")
    expected = models.PositiveBigIntegerField(null=True, help_text="Bytes that its server announced")

    # Measured when it was copied.
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    bytes = models.PositiveBigIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    frame_rate = models.FloatField(null=True)
    codec = models.CharField(max_length=32, blank=True)
    facts = models.JSONField(default=dict, blank=True, help_text="All that was measured in its pictures")

    # Measured against the clip that it continues, and against the branch's original.
    contains_parent = models.CharField(max_length=7, choices=Contains.choices, blank=True)
    cut_ms = models.PositiveIntegerField(null=True, help_text="Where the new footage begins")
    cut_delta_e = models.FloatField(null=True, help_text="How visible the cut is, in ΔE; 0: not at all")
    drift_colour = models.FloatField(null=True, help_text="How far its end is from the original's, in ΔE")
    drift_sharpness = models.FloatField(null=True, help_text="Below 0: softer than the original's end")

    objects = ClipQuerySet.as_manager()

    class Meta:
        ordering = ["task", "index"]
        constraints = [models.UniqueConstraint("task", "index", name="one_row_for_one_clip")]
        indexes = [models.Index("state", "due_at", name="clip_due")]

    def __str__(self) -> str:
        return f"clip {self.pk}"

    @property
    def composer_url(self) -> str:
        """The words of the composer on its task's page, with this clip chosen."""
        return f"{self.task.get_absolute_url()}?clip={self.index}#composer_prompt"

    @property
    def is_stored(self) -> bool:
        """Whether its file is here."""
        return self.state == FileState.STORED

    @property
    def is_picture(self) -> bool:
        """Whether it is a still picture, and no video."""
        return self.task.makes_pictures

    @property
    def videos(self) -> list["Task"]:
        """The videos that begin with this picture. One query for all pictures of its task."""
        prefetch_related_objects(self.task.clips, "brought_to_life")
        return list(self.brought_to_life.all())

    @property
    def becomes(self) -> VideoShape | None:
        """The shape of a video that begins with this picture; None where nobody knows its own."""
        size = (self.width, self.height) if self.width and self.height else self.task.asked_shape
        return VideoShape.of(*size) if size else None

    @property
    def is_on_its_way(self) -> bool:
        """Whether its file is not here yet and still to come, for all that is known."""
        return self.state in UNSETTLED_FILES

    @property
    def is_lost(self) -> bool:
        """Whether it is to be had nowhere any more."""
        return self.state == FileState.LOST

    @property
    def is_under_way(self) -> bool:
        """Whether a worker is copying it, or began to and goes on at once."""
        return self.state == FileState.COPYING or (self._waits and self.attempts > 0 and not self.misses)

    @property
    def is_awaited(self) -> bool:
        """Whether a worker, if there is one, is about to copy it or to compare it with what it continues."""
        return self._waits or (self.is_stored and not self.contains_parent)

    @property
    def _waits(self) -> bool:
        return self.state == FileState.WAITING and self.misses <= SOON

    @property
    def repeats_parent(self) -> bool:
        """Whether its file begins with the footage of the clip that it continues."""
        return self.is_stored and self.contains_parent == self.Contains.YES

    @property
    def starts_ms(self) -> float:
        """When its first picture comes by its file's own clock: the measured moments count from there."""
        return self.facts.get("starts_ms", 0.0)

    @property
    def moments_ms(self) -> list[float] | None:
        """When each of its pictures comes, by its file's own clock; None where they come evenly, or nobody knows."""
        return self.facts.get("moments_ms")

    @property
    def file_kind(self) -> str:
        """What its file is, in the archive's words: "clip", or "jpeg", "png", "webp" for a picture."""
        return self.codec or self._announced_kind if self.is_picture else "clip"

    @property
    def _announced_kind(self) -> str:
        suffix = PurePosixPath(urlsplit(self.source_url).path).suffix.lower()
        return {".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}.get(suffix, "png")

    @property
    def file_name(self) -> str:
        """What it is called on somebody's disk: `a-cat-dancing-2.mp4`."""
        return f"{self.task.slug}-{self.index}{PICTURE_SUFFIXES.get(self.file_kind, '.mp4')}"

    @property
    def percentage(self) -> int | None:
        """How much of it has come, 0 to 100; None where its server did not announce its size."""
        return min(100, self.received * 100 // self.expected) if self.expected else None
