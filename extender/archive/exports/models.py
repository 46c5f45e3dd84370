"""Films to take away: what each is made of, what became of it, and who is at it just now."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists
from django.db.models.functions import Now

from extender.archive import storage
from extender.states import EXPORT_MOVES, EXPORT_WORDS, UNMADE_EXPORTS, UNSETTLED_EXPORTS, ExportState
from extender.tasks.models.leases import LeasedQuerySet
from extender.tasks.slots import TooMany
from extender.team.models import Member
from extender.video.cutlist import CutList

# Longer than an exporter is ever silent: it renews its claim with each percent, for which it has 90 s at most.
EXPORTING_LEASE = timedelta(seconds=150)
KEPT = timedelta(days=30)
# Of each member: whoever asks for many leaves processors for what others ask for.
MOST_UNDER_WAY = 8


class ExportQuerySet(LeasedQuerySet["Export"]):
    """Sentences about exports. Times are compared by the database's clock, so that machines need not agree."""

    moves = EXPORT_MOVES
    leased = ExportState.EXPORTING
    lease = EXPORTING_LEASE
    progress = "percentage"

    def ask_for(self, member: Member, files: Sequence[str], cuts: CutList) -> "Export":
        """The film of these files (by their SHA-256, one for each part), made anew where it was not to be had.

        Raises `TooMany` where it would have to be made, and `member` waits for others.
        """
        made_of = {"files": list(files), "cuts": cuts.as_json(), "asked_by": member}
        name = cut_list(files, cuts)
        if self._waits_for_many(member) and not self.filter(cut_list=name).exclude(state__in=UNMADE_EXPORTS).exists():
            raise TooMany(f"{MOST_UNDER_WAY} films of yours are being made. Ask again when one of them is ready.")
        while True:
            export, _ = self.get_or_create(cut_list=name, defaults=made_of)
            # Where it was swept in this very moment, there is none.
            if self.filter(pk=export.pk).update(asked_at=Now()):
                break
        self.filter(pk=export.pk, state__in=UNMADE_EXPORTS).make_again(asked_by=member)
        export.refresh_from_db()
        return export

    def _waits_for_many(self, member: Member) -> bool:
        return self.filter(asked_by=member, state__in=UNSETTLED_EXPORTS).count() >= MOST_UNDER_WAY

    def renew(self) -> None:
        """Lets the time begin anew for which those are kept that somebody wants; a day more or less is no matter."""
        self.filter(asked_at__lt=Now() - timedelta(days=1)).update(asked_at=Now())

    def make_again(self, **more: Any) -> int:
        """Puts those that are not under way back to the beginning, with these columns. Returns how many."""
        begun = {"due_at": Now(), "reason": "", "percentage": 0, "misses": 0, "settled_at": None}
        return self.move(ExportState.WAITING, **begun, **more)

    def paused(self) -> "ExportQuerySet":
        """Those that met a full or broken store a moment ago. One stands for all: no other would fare better."""
        return self.filter(state=ExportState.BLOCKED, due_at__gt=Now())

    def to_export(self) -> "ExportQuerySet":
        """Wanted and due, while nothing is wrong with our own store."""
        return self.filter(state__in=UNSETTLED_EXPORTS).due().filter(~Exists(Export.objects.paused()))

    def to_claim(self) -> "ExportQuerySet":
        return self.to_export()

    def cancel(self) -> int:
        """Ends those that are still to be made; who is at one sees it. Returns how many there were."""
        return self.filter(state__in=UNSETTLED_EXPORTS).move(ExportState.CANCELLED, due_at=None, settled_at=Now())

    def unwanted(self) -> "ExportQuerySet":
        """What was cancelled, what has ended and nobody asked for in 30 days, and what finds no room."""
        old = models.Q(asked_at__lte=Now() - KEPT) & ~models.Q(state__in=UNSETTLED_EXPORTS)
        return self.filter(
            models.Q(state=ExportState.CANCELLED) | old | models.Q(pk__in=self._over_room().values("pk"))
        )

    def _over_room(self) -> "models.QuerySet[Export]":
        """Those whose files are more than all may take, beginning with what was asked for last."""
        newest_first = models.Window(models.Sum("bytes"), order_by=[models.F("asked_at").desc(), models.F("pk")])
        stored = Export.objects.filter(state=ExportState.STORED).annotate(so_far=newest_first)
        return stored.filter(so_far__gt=settings.EXPORTS_MAX_MB << 20)


class Export(models.Model):
    """A film that somebody has asked for. Its name is its cut list, so the same film is made once, whoever asks."""

    # Part of its address.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cut_list = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of what it is made of")
    files = models.JSONField(help_text="The SHA-256 of the file of each part")
    cuts = models.TextField(help_text="Where each part begins and ends, and how the film is to look")
    state = models.CharField(max_length=10, choices=list(EXPORT_WORDS.items()), default=ExportState.WAITING)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is not stored")
    percentage = models.PositiveSmallIntegerField(default=0)
    asked_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, help_text="For whom it is made")
    asked_at = models.DateTimeField(db_default=Now(), editable=False, help_text="When it was last asked for")
    settled_at = models.DateTimeField(null=True, editable=False, help_text="When it was stored, failed or cancelled")
    # When somebody should next do something about the row. Moving it into the future is the lease.
    due_at = models.DateTimeField(null=True, db_default=Now(), editable=False)
    attempts = models.PositiveIntegerField(default=0)
    misses = models.PositiveIntegerField(default=0, help_text="How often it failed in a row, not by its files")

    # Measured when it was made.
    sha256 = models.CharField(max_length=64, blank=True)
    bytes = models.PositiveBigIntegerField(null=True)
    frames = models.PositiveIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    is_copied = models.BooleanField(null=True, help_text="Whether nothing was encoded anew")

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        indexes = [models.Index("state", "due_at", name="export_due")]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def is_stored(self) -> bool:
        """Whether its file is here."""
        return self.state == ExportState.STORED

    @property
    def is_under_way(self) -> bool:
        """Whether it is still to be made, and nobody has cancelled it."""
        return self.state in UNSETTLED_EXPORTS

    def as_cut_list(self) -> CutList:
        """Its parts, and how it is to look."""
        return CutList.from_json(self.cuts)

    @property
    def end(self) -> str:
        """What its file's name ends with."""
        return f".{self.as_cut_list().format}"

    @property
    def file(self) -> str:
        """Under what name the store has it."""
        return storage.film_name(self.cut_list, self.end)


def cut_list(files: Sequence[str], cuts: CutList) -> str:
    """What a film is called that is made of this: a SHA-256 in hex."""
    made_of: dict[str, Any] = {"files": list(files), "cuts": json.loads(cuts.as_json())}
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
