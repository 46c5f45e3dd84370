"""A task: one row, one paid request; or an original, a video made elsewhere whose clips can be continued."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Exists, F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from extender.models.gate import Gate
from extender.states import FINAL, FOLLOWED, OPEN, RUNNING, State

# Longer than the 20 s that a submit may take: whoever still holds a row after it has died.
SENDING_LEASE = timedelta(seconds=60)


def new_nonce() -> str:
    """256 random bits, for the address at which APIFRAME calls back about one row."""
    return secrets.token_urlsafe(32)


class TaskQuerySet(models.QuerySet["Task"]):
    """Sentences about tasks. Times are compared by the database's clock, so that machines need not agree."""

    def visible_to(self, member) -> "TaskQuerySet":
        """The tasks that `member` may see: their own."""
        return self.filter(owner=member)

    def newest_first(self) -> "TaskQuerySet":
        """In the order of the history."""
        return self.order_by("-created_at", "-id")

    def older_than(self, created_at: datetime, pk: uuid.UUID) -> "TaskQuerySet":
        """What follows the task (`created_at`, `pk`) in the order of the history."""
        # The first condition is implied by the second; it is the one that an index can seek by.
        return self.filter(
            Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk), created_at__lte=created_at
        )

    def running(self) -> "TaskQuerySet":
        """Tasks that somebody is working on."""
        return self.filter(state__in=RUNNING)

    def with_clips(self) -> "TaskQuerySet":
        """Tasks with clips that can be continued, newest first."""
        return self.filter(state=State.FINISHED).newest_first()

    def due(self) -> "TaskQuerySet":
        """Tasks whose next look has come."""
        return self.filter(next_look_at__lte=Now())

    def to_send(self) -> "TaskQuerySet":
        """Saved and not sent, and not told to wait, while the gate is open."""
        return self.due().filter(~Exists(Gate.objects.closed()), state=State.QUEUED)

    def to_follow(self) -> "TaskQuerySet":
        """Known to APIFRAME, and due to be asked about, the longest overdue first."""
        return self.due().filter(state__in=FOLLOWED).exclude(remote_id="").order_by("next_look_at")

    def abandoned(self) -> "TaskQuerySet":
        """Left in the middle of a send by a process that died, the longest ago first."""
        return self.due().filter(state=State.SENDING).order_by("next_look_at")

    def counts(self) -> dict[str, int]:
        """How many tasks are queued, sending, followed and unconfirmed, and how many have no news."""
        return self.filter(state__in=OPEN).aggregate(
            queued=Count("pk", filter=Q(state=State.QUEUED)),
            sending=Count("pk", filter=Q(state=State.SENDING)),
            followed=Count("pk", filter=Q(state__in=FOLLOWED)),
            unconfirmed=Count("pk", filter=Q(state=State.UNCONFIRMED)),
            no_news=Count("pk", filter=Q(state__in=FOLLOWED, next_look_at=None)),
        )

    def needing_attention(self) -> "TaskQuerySet":
        """Tasks that wait for a person, oldest first."""
        waiting = Q(state=State.UNCONFIRMED) | Q(state__in=FOLLOWED, next_look_at=None)
        return self.filter(waiting).order_by("changed_at")

    def usual_seconds(self) -> int | None:
        """How long extensions take here: the median of the last 50 that finished; None before the first."""
        lately = self.filter(state=State.FINISHED, sent_at__isnull=False).order_by("-ended_at")
        spans = [(ended - sent).total_seconds() for sent, ended in lately.values_list("sent_at", "ended_at")[:50]]
        return round(median(spans)) if spans else None

    def claim_to_send(self, pk: uuid.UUID) -> bool:
        """Takes the right to send task `pk`; true for one caller alone, whoever else tries."""
        return bool(
            self.to_send()
            .filter(pk=pk)
            .update(
                state=State.SENDING,
                sent_at=Now(),
                changed_at=Now(),
                attempts=F("attempts") + 1,
                version=F("version") + 1,
                next_look_at=Now() + SENDING_LEASE,
            )
        )

    def renew_claim(self, pk: uuid.UUID, attempt: int) -> bool:
        """Whether the claim of this `attempt` to send task `pk` still holds; if so, its time begins anew."""
        held = self.filter(pk=pk, state=State.SENDING, attempts=attempt, next_look_at__gt=Now())
        return bool(held.update(next_look_at=Now() + SENDING_LEASE))

    def claim_to_follow(self, pk: uuid.UUID, interval: timedelta | None) -> bool:
        """Takes the right to ask about task `pk` once in this `interval`; true for one caller alone.

        Without an interval it is the last time that anybody asks unbidden, which the pages have to say.
        """
        if interval is None:
            return bool(self.to_follow().filter(pk=pk).update(next_look_at=None, version=F("version") + 1))
        return bool(self.to_follow().filter(pk=pk).update(next_look_at=Now() + interval))

    def without_news(self) -> "TaskQuerySet":
        """Tasks that nobody asks about any more, since nothing was said of them for a day."""
        return self.filter(state__in=FOLLOWED, next_look_at=None)


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
    def clips(self) -> list["Clip"]:
        """The clips that came, by index."""
        return [Clip(self, index, url) for index, url in enumerate(self.video_urls, 1) if url]

    def clip(self, index: object) -> "Clip | None":
        """The clip `index` (a number, or its text), if it came."""
        return next((clip for clip in self.clips if str(clip.index) == str(index)), None)

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
