"""The right to copy one clip: taken by one worker, held by progress, lost by silence."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from extender.tasks.models import Copy, Task
from extender.tasks.models.copies import COPYING_LEASE

# Seconds between two reports of progress: as often as a page would show them.
REPORT_SECONDS = 1.0


class Overtaken(Exception):
    """This worker slept past its claim: another one has the row now, and nothing of ours may be written."""


@dataclass
class Claim:
    """The right to copy `copy`, taken for the attempt number `attempt`."""

    copy: Copy
    attempt: int
    _reported: float = field(default_factory=time.monotonic)

    @classmethod
    def take(cls) -> "Claim | None":
        """The claim of the copy that has waited longest, if there is one that nobody else takes first."""
        # Whoever comes second here takes the next one: there may be many more.
        while copy := Copy.objects.to_copy().select_related("task").first():
            if Copy.objects.claim(copy):
                return cls(copy, copy.attempts + 1)
        return None

    def begin(self, expected: int | None) -> None:
        """Says that bytes are coming, and how many (None: its server does not say)."""
        self._write(expected=expected, next_try_at=Now() + COPYING_LEASE)

    def report(self, received: int) -> None:
        """Says how many bytes have come, at most once a second, and renews the claim with that."""
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self._reported = time.monotonic()
            self.renew(received)

    def renew(self, received: int) -> None:
        """Renews the claim before something that takes its time without a word."""
        self._write(received=received, next_try_at=Now() + COPYING_LEASE)

    def settle(self, state: Copy.State, reason: str = "", next_in: timedelta | None = None, **found: Any) -> None:
        """Gives the claim back with what came of it; `next_in` says when somebody should look again."""
        again = None if next_in is None else Now() + next_in
        self._write(**{"state": state, "reason": reason[:300], "next_try_at": again, **found})

    def _write(self, **columns: Any) -> None:
        """Raises `Overtaken` where the claim does not hold any more."""
        with transaction.atomic():
            if not Copy.objects.held(self.copy.pk, self.attempt).update(**columns):
                raise Overtaken
            Task.objects.renumber(self.copy.task_id)
