"""The right to copy one clip: taken by one worker, held by progress, lost by silence."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from extender.states import FileState
from extender.tasks.models import Clip, Task
from extender.tasks.models.clips import COPYING_LEASE

# Seconds between two reports of progress: as often as a page would show them.
REPORT_SECONDS = 1.0


class Overtaken(Exception):
    """This worker slept past its claim: another one has the row now, and nothing of ours may be written."""


@dataclass
class Claim:
    """The right to copy `clip`, taken for the attempt number `attempt`."""

    clip: Clip
    attempt: int
    _reported: float = field(default_factory=time.monotonic)

    @classmethod
    def take(cls) -> "Claim | None":
        """The claim of the clip that has waited longest, if there is one that nobody else takes first."""
        # Whoever comes second here takes the next one: there may be many more.
        while clip := Clip.objects.to_copy().select_related("task").first():
            if Clip.objects.claim(clip):
                return cls(clip, clip.attempts + 1)
        return None

    def begin(self, expected: int | None) -> None:
        """Says that bytes are coming, and how many (None: its server does not say)."""
        self._write(expected=expected, due_at=Now() + COPYING_LEASE)

    def report(self, received: int) -> None:
        """Says how many bytes have come, at most once a second, and renews the claim with that."""
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self._reported = time.monotonic()
            self.renew(received)

    def renew(self, received: int) -> None:
        """Renews the claim before something that takes its time without a word."""
        self._write(received=received, due_at=Now() + COPYING_LEASE)

    def settle(self, state: FileState, reason: str = "", next_in: timedelta | None = None, **found: Any) -> None:
        """Gives the claim back with what came of it; `next_in` says when somebody should look again."""
        again = None if next_in is None else Now() + next_in
        self._write(state, **{"reason": reason[:300], "due_at": again, **found})

    def _write(self, state: FileState = FileState.COPYING, **columns: Any) -> None:
        """Raises `Overtaken` where the claim does not hold any more."""
        with transaction.atomic():
            if not Clip.objects.held(self.clip.pk, self.attempt).move(state, **columns):
                raise Overtaken
            Task.objects.renumber(self.clip.task_id)
