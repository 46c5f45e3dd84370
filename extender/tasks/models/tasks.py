"""A task: one row, one paid request; or an original, a video made elsewhere whose clips can be continued."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import slugify

from extender.states import FINAL, FOLLOWED, State
from extender.tasks.models.copies import Copy
from extender.tasks.models.queries import TaskQuerySet

# Longer than this after the end nobody waits at a page for copies that have not even begun: there is no worker.
COPYING_TAKES = timedelta(minutes=10)


def new_nonce() -> str:
    """256 random bits, for the address at which APIFRAME calls back about one row."""
    return secrets.token_urlsafe(32)


class Task(models.Model):
    """One paid request to APIFRAME, or an original. `updates.apply_update` alone changes what APIFRAME says of it."""

    class Kind(models.TextChoices):
        """What the row stands for."""

        EXTENSION = "extension", "Extension"
        ORIGINAL = "original", "Original"

    class Motion(models.TextChoices):
        """How much the picture may move, in APIFRAME's words."""

        LOW = "low", "Calm"
        HIGH = "high", "Lively"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.EXTENSION)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tasks")
    # By Python's clock: SQLite's own writes milliseconds alone, and such text is unequal to the same moment as Django
    # writes it, so a page of the history would begin with rows of the page before.
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # What was asked for.
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="extensions")
    parent_task_id = models.CharField(max_length=64, blank=True, help_text="APIFRAME's id of the parent")
    index = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(4)], help_text="The parent's clip"
    )
    prompt = models.TextField(blank=True)
    motion = models.CharField(max_length=4, choices=Motion.choices, default=Motion.LOW)
    image_url = models.URLField(max_length=2000, blank=True)

    # The form's one-use nonce: the same form posted twice finds the same row.
    form_nonce = models.UUIDField(null=True, editable=False)
    # The row's own address for webhooks, and what their secret is derived from.
    webhook_nonce = models.CharField(max_length=64, unique=True, default=new_nonce, editable=False)

    # What APIFRAME said.
    remote_id = models.CharField(max_length=64, blank=True, db_index=True, help_text="APIFRAME's id of the task")
    state = models.CharField(
        max_length=11, choices=[(state, state.capitalize()) for state in State], default=State.QUEUED
    )
    percentage = models.PositiveSmallIntegerField(default=0)
    # A place for each clip by its index: an address, or null where that clip did not come.
    video_urls = models.JSONField(default=list, blank=True)
    reason = models.TextField(blank=True)

    # The clips that somebody chose, a bit for each by its index; null, not 0, where none is: an index can name that.
    kept = models.PositiveSmallIntegerField(null=True, editable=False)

    # When, by the database's clock: machines need not agree about the time to share these rows.
    sent_at = models.DateTimeField(null=True, editable=False)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    # When somebody should next do something about the row. Moving it into the future is the lease.
    next_look_at = models.DateTimeField(null=True, db_default=Now(), editable=False)
    # What the account held around the send, where it said so in time: a hint whether the task was billed.
    credits_before = models.IntegerField(null=True, editable=False)
    credits_after = models.IntegerField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    # How often APIFRAME was out of reach when this was to be sent.
    misses = models.PositiveSmallIntegerField(default=0)
    # Grows with each change, so that a page can ask "anything new?" by number.
    version = models.PositiveIntegerField(default=1)

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", "form_nonce", name="one_row_for_one_form"),
            models.UniqueConstraint(
                "owner", "remote_id", condition=Q(kind="original"), name="one_row_for_one_original"
            ),
        ]
        indexes = [
            models.Index("owner", F("created_at").desc(), F("id").desc(), name="history"),
            models.Index(
                "owner", F("created_at").desc(), F("id").desc(), condition=Q(kept__isnull=False), name="kept_history"
            ),
            # Whole, not partial: behind parameters SQLite does not see that a partial index would do.
            models.Index("owner", "state", name="running"),
            models.Index("state", "next_look_at", name="next_look"),
            models.Index("state", F("ended_at").desc(), name="lately_finished"),
        ]

    def __str__(self) -> str:
        # Never the prompt: this text reaches logs and the admin's history.
        return f"{self.kind} {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("task", args=[self.pk])

    @property
    def is_final(self) -> bool:
        """Whether nothing can change any more."""
        return self.state in FINAL

    @property
    def is_due(self) -> bool:
        """Whether a look seems due by this machine's clock: a hint that saves a query; the claim decides."""
        return bool(not self.is_final and self.next_look_at and self.next_look_at <= timezone.now())

    @property
    def has_no_news(self) -> bool:
        """Whether nobody asks about it any more, since nothing was said of it for a day."""
        return self.state in FOLLOWED and self.next_look_at is None

    @property
    def title(self) -> str:
        """The prompt's first line, or what stands in for it."""
        stand_in = f"Original {self.remote_id[:8]}"
        return next((line.strip() for line in self.prompt.splitlines() if line.strip()), stand_in)

    @property
    def slug(self) -> str:
        """The title as a file name has it: `a-cat-dancing`."""
        return slugify(self.title)[:60].strip("-") or "clip"

    @property
    def clips(self) -> list["Clip"]:
        """The clips that came, by index."""
        return [Clip(self, index, url) for index, url in enumerate(self.video_urls, 1) if url]

    @property
    def available_clips(self) -> list["Clip"]:
        """The clips that came and are not lost since, by index."""
        return [clip for clip in self.clips if not clip.is_lost]

    def clip(self, index: object) -> "Clip | None":
        """The clip `index` (a number, or its text), if it came."""
        return next((clip for clip in self.clips if str(clip.index) == str(index)), None)

    @property
    def first_choice(self) -> "Clip | None":
        """The clip to go on with unless somebody says otherwise: the first kept one, else the first to be had."""
        return min(self.clips, key=lambda clip: (clip.is_lost, not clip.is_kept), default=None)

    def copy_of(self, index: int) -> Copy | None:
        """Our copy of clip `index`, made or to be made; None where it is not lined up yet."""
        return self._copies.get(index)

    @cached_property
    def _copies(self) -> dict[int, Copy]:
        return {copy.index: copy for copy in self.copies.all()}

    def leave_copies_out(self) -> None:
        """Answers as if no copy of its or its parent's clips were known: a poll has no query to spare for them."""
        for task in filter(None, (self, self.parent)):
            task._copies = {}

    @property
    def is_being_copied(self) -> bool:
        """Whether copies of its clips are just being made or measured, so that a page that shows them asks on."""
        if self.state != State.FINISHED:
            return False
        copies = [clip.copy for clip in self.clips]
        if any(copy and copy.is_under_way for copy in copies):
            return True
        # What waits for a worker, or for its parent's copy, may wait for ever.
        return self.has_just_ended and any(copy is None or copy.is_to_be_compared for copy in copies)

    @property
    def has_just_ended(self) -> bool:
        """Whether copies of its clips may still begin, though none is known of."""
        return self.ended_at is not None and timezone.now() - self.ended_at < COPYING_TAKES

    @property
    def is_watched(self) -> bool:
        """Whether what a page shows of it may soon change."""
        return not self.is_final or self.is_being_copied

    @property
    def frames(self) -> list["Clip | None"]:
        """Four places for four clips, empty where there is none (yet)."""
        return [self.clip(index) for index in range(1, 5)]

    @property
    def source(self) -> "Clip | None":
        """The clip that this task continues, where the app knows it."""
        return self.parent.clip(self.index) if self.parent else None

    @property
    def seconds_taken(self) -> int:
        """Seconds since the send, up to the end where it has ended."""
        started = self.sent_at or self.created_at
        return max(0, round(((self.ended_at or timezone.now()) - started).total_seconds()))


@dataclass(frozen=True)
class Clip:
    """One of a task's up to four videos."""

    task: Task
    index: int
    url: str

    @property
    def copy(self) -> Copy | None:
        """Our copy of it, made or to be made."""
        return self.task.copy_of(self.index)

    @property
    def is_safe(self) -> bool:
        """Whether it is shown from our copy."""
        return bool(self.copy and self.copy.is_safe)

    @property
    def is_kept(self) -> bool:
        """Whether somebody chose it."""
        return bool((self.task.kept or 0) & 1 << self.index - 1)

    @property
    def is_lost(self) -> bool:
        """Whether it is to be had nowhere any more."""
        return bool(self.copy and self.copy.state == Copy.State.LOST)

    @property
    def file_name(self) -> str:
        """What it is called on somebody's disk: `a-cat-dancing-2.mp4`."""
        return f"{self.task.slug}-{self.index}.mp4"
