"""A task: one row, one paid request; or an original, a video made elsewhere whose clips can be continued."""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, prefetch_related_objects
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from extender.apiframe import MAX_ID
from extender.keys import derived
from extender.states import FINAL, FOLLOWED, FRUITLESS, State
from extender.tasks.models.queries import QUIET_AFTER, TaskQuerySet
from extender.tasks.prompts import clips_of, file_words, is_blank

if TYPE_CHECKING:
    from extender.tasks.models.clips import Clip

# What was looked up, and not paid for here: pictures are both, and those that were paid for came from a form.
MADE_ELSEWHERE = Q(kind__in=("original", "pictures"), form_nonce=None)
# Longer than this after the end nobody waits at a page for copies that have not even begun: there is no worker.
COPYING_TAKES = timedelta(minutes=10)


class Task(models.Model):
    """One paid request to APIFRAME, or an original. `updates.apply_update` alone changes what APIFRAME says of it."""

    class Kind(models.TextChoices):
        """What the row stands for."""

        EXTENSION = "extension", "Extension"
        VIDEO = "video", "Video"
        PICTURES = "pictures", "Pictures"
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
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="extensions", db_index=False)
    parent_task_id = models.CharField(max_length=MAX_ID, blank=True, help_text="APIFRAME's id of the parent")
    index = models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(1), MaxValueValidator(4)], help_text="The parent's clip"
    )
    out_ms = models.PositiveIntegerField(
        null=True, help_text="Of a new shot: where the film leaves the parent’s clip, from its first picture on"
    )
    prompt = models.TextField(blank=True)
    motion = models.CharField(max_length=4, choices=Motion.choices, default=Motion.LOW)
    # As long as that of a clip may be.
    image_url = models.TextField(blank=True)
    # A start picture that somebody gave, in place of an address.
    picture = models.ForeignKey("tasks.Picture", on_delete=models.PROTECT, null=True, related_name="tasks")
    # A picture that was made here, and lies at `image_url`.
    start_clip = models.ForeignKey("tasks.Clip", on_delete=models.SET_NULL, null=True, related_name="brought_to_life")
    aspect_ratio = models.CharField(max_length=5, blank=True, help_text='Of pictures: "16:9"')

    # The form's one-use nonce: the same form posted twice finds the same row.
    form_nonce = models.UUIDField(null=True, editable=False)

    # What APIFRAME said.
    remote_id = models.CharField(max_length=MAX_ID, blank=True, help_text="APIFRAME's id of the task")
    state = models.CharField(
        max_length=11, choices=[(state, state.capitalize()) for state in State], default=State.QUEUED
    )
    percentage = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True)

    # Whether any of its clips is picked: here too, since the history pages by an index of this table.
    has_picks = models.BooleanField(default=False, editable=False)

    # When, by the database's clock: machines need not agree about the time to share these rows.
    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)  # the last try
    changed_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    # When somebody should next do something about the row. Moving it into the future is the lease.
    due_at = models.DateTimeField(null=True, db_default=Now(), editable=False)
    # What the account held around the send, where it said so in time: a hint whether the task was billed.
    credits_before = models.IntegerField(null=True, editable=False)
    credits_after = models.IntegerField(null=True, editable=False)
    attempts = models.PositiveIntegerField(default=0)
    # Grows with each change, so that a page can ask "anything new?" by number.
    version = models.PositiveIntegerField(default=1)

    objects = TaskQuerySet.as_manager()
    # When it was read, by the database's clock, for pages (`timed`): no other clock says what is due.
    read_at: datetime | None = None
    # What kept all from being sent when it was read (`with_gate`).
    gate_cause = gate_said = ""
    gate_until: datetime | None = None
    # What runs for the member who read it (`with_running_of`).
    working: int | None = None
    progress: int | None = None
    waiting: int | None = None

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", "form_nonce", name="one_row_for_one_form"),
            models.UniqueConstraint(
                "owner",
                "remote_id",
                condition=MADE_ELSEWHERE & Q(remote_id__gt=""),
                name="one_row_for_what_was_made_elsewhere",
            ),
            # Several members may look up the same render; who paid for it is one alone.
            models.UniqueConstraint(
                "remote_id", condition=~MADE_ELSEWHERE & Q(remote_id__gt=""), name="one_paid_row_for_one_render"
            ),
        ]
        indexes = [
            models.Index("owner", F("created_at").desc(), F("id").desc(), name="history"),
            models.Index(
                "owner", F("created_at").desc(), F("id").desc(), condition=Q(has_picks=True), name="picked_history"
            ),
            # With the owner: of two indexes SQLite would take the one by owner alone, and read their whole history.
            models.Index(
                "parent",
                "owner",
                F("created_at").desc(),
                F("id").desc(),
                # Else a planner that counts takes most tasks for continuations of one.
                condition=Q(parent__isnull=False),
                name="continuations",
            ),
            models.Index("remote_id", "owner", name="by_remote_id"),
            # Whole, not partial: behind parameters SQLite does not see that a partial index would do.
            models.Index("owner", "state", name="running"),
            models.Index("state", "due_at", name="task_due"),
            # How much was spent lately, by all and by one.
            models.Index("sent_at", name="lately_sent"),
            models.Index("owner", "sent_at", name="lately_sent_of_owner"),
            models.Index("state", "kind", F("ended_at").desc(), name="lately_finished"),
        ]

    def __str__(self) -> str:
        # Never the prompt: this text reaches logs and the admin's history.
        return f"{self.kind} {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("task", args=[self.pk])

    @property
    def webhook_nonce(self) -> str:
        """How the address ends at which APIFRAME calls back about this row; kept nowhere."""
        return self.webhook_nonces(self.pk)[0]

    @staticmethod
    def webhook_nonces(pk: uuid.UUID) -> list[str]:
        """That end for the row `pk`, and those of which APIFRAME may have been told before `SECRET_KEY` changed."""
        return [f"{pk.hex}.{made}" for made in derived("extender.webhook.address", pk.hex)]

    @property
    def is_final(self) -> bool:
        """Whether nothing can change any more."""
        return self.state in FINAL

    @property
    def is_fruitless(self) -> bool:
        """Whether it is over, and nothing came of it."""
        return self.state in FRUITLESS

    @property
    def is_due(self) -> bool:
        """Whether a look was due when it was read: a hint that saves a query; the claim decides."""
        return bool(not self.is_final and self.due_at and self.read_at and self.due_at <= self.read_at)

    @property
    def has_no_news(self) -> bool:
        """Whether it is asked about once a day at most, since nothing was said of it for a day."""
        is_quiet = self.read_at is not None and self.read_at - self.changed_at > QUIET_AFTER
        return self.state in FOLLOWED and (is_quiet or self.due_at is None)

    @property
    def is_unreadable(self) -> bool:
        """Whether APIFRAME has finished it and where its clips are cannot be read yet."""
        return self.state == State.PROCESSING and bool(self.reason)

    @property
    def title(self) -> str:
        """The prompt's first line, or what stands in for it."""
        stand_in = f"{self.get_kind_display()} {self.remote_id[:8]}"
        return next((line.strip() for line in self.prompt.splitlines() if not is_blank(line)), stand_in)

    @property
    def slug(self) -> str:
        """The title as a file name has it: `a-cat-dancing`."""
        return file_words(self.title) or "clip"

    @property
    def has_clips(self) -> bool:
        """Whether at least one clip came: what has finished has some."""
        return self.state == State.FINISHED

    @property
    def makes_pictures(self) -> bool:
        """Whether its clips are still pictures, and no videos."""
        return self.kind == self.Kind.PICTURES

    @property
    def asked_shape(self) -> tuple[int, int] | None:
        """Of pictures: width and height as they were asked for, (16, 9); None where nobody knows."""
        width, _, height = self.aspect_ratio.partition(":")
        return (int(width), int(height)) if height else None

    @property
    def clips(self) -> list["Clip"]:
        """The clips that came, by index: none before the end, and one query, once, after it."""
        if not self.has_clips:
            return []
        # Pages ask dozens of times, and Django's own look whether they are here takes its time.
        if "clip_set" not in getattr(self, "_prefetched_objects_cache", ()):
            prefetch_related_objects([self], "clip_set")
        return list(self.clip_set.all())

    @property
    def available_clips(self) -> list["Clip"]:
        """The clips that came and are not lost since, by index."""
        return [clip for clip in self.clips if not clip.is_lost]

    @property
    def is_shareable(self) -> bool:
        """Whether there is something to show to guests, or may still be."""
        return bool(self.available_clips) or not self.is_final

    def clip(self, index: object) -> "Clip | None":
        """The clip `index` (a number, or its text), if it came."""
        return next((clip for clip in self.clips if str(clip.index) == str(index)), None)

    @property
    def first_choice(self) -> "Clip | None":
        """The clip to go on with unless somebody says otherwise: the first picked one, else the first to be had."""
        return min(self.clips, key=lambda clip: (clip.is_lost, not clip.picked), default=None)

    @property
    def is_being_copied(self) -> bool:
        """Whether its clips are just being copied or measured, so that a page that shows them asks on."""
        # What waits for its first worker, or for its parent's file, may wait for ever.
        return any(clip.is_under_way or (self.has_just_ended and clip.is_awaited) for clip in self.clips)

    @property
    def has_just_ended(self) -> bool:
        """Whether it ended so lately that the copying of its clips may still be to come."""
        return bool(self.ended_at and self.read_at and self.read_at - self.ended_at < COPYING_TAKES)

    @property
    def is_watched(self) -> bool:
        """Whether what a page shows of it may soon change."""
        return not self.is_final or self.is_being_copied

    @property
    def frames(self) -> list["Clip | None"]:
        """A place for each clip that was asked for, and for each that came; empty where there is none (yet)."""
        last = max((clip.index for clip in self.clips), default=0)
        return [self.clip(index) for index in range(1, max(last, clips_of(self.prompt)) + 1)]

    @property
    def has_frames(self) -> bool:
        """Whether its clips are here, or are to come for all that is known."""
        return self.state not in FRUITLESS | {State.UNCONFIRMED}

    @property
    def is_new_shot(self) -> bool:
        """Whether it goes on from a frame of its parent by a cut, and holds none of its parent's footage."""
        return self.kind == self.Kind.VIDEO and self.parent_id is not None

    @property
    def has_cuts(self) -> bool:
        """Whether its clips continue another one, known here or not."""
        return self.kind == self.Kind.EXTENSION or self.is_new_shot

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether it was looked up, and not paid for here."""
        return self.kind == self.Kind.ORIGINAL or (self.makes_pictures and not self.form_nonce)

    @property
    def clip_count(self) -> int:
        """How many clips it has, or is to have."""
        return len(self.clips if self.is_final else self.frames)

    @property
    def source(self) -> "Clip | None":
        """The clip that this task continues, where the app knows it."""
        return self.parent.clip(self.index) if self.parent else None

    @property
    def seconds_taken(self) -> int:
        """Seconds since it was submitted; of one that has ended, from its send up to the end."""
        started = (self.ended_at and self.sent_at) or self.submitted_at
        return max(0, round(((self.ended_at or self.read_at or started) - started).total_seconds()))
