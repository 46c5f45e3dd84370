"""Rows at which one worker at a time is: what each may become, and who holds it."""

import time
import uuid
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Self, TypeVar

from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from extender.states import may_become

Row = TypeVar("Row", bound=models.Model)

# Seconds between two reports of progress: as often as a page would show them.
REPORT_SECONDS = 1.0


class LeasedQuerySet(models.QuerySet[Row]):
    """Rows with a `state`, with `due_at`, when somebody should next do something, and the number of `attempts`.

    A claim is an attempt, and moves `due_at` into the future: that is its lease, by the database's clock.
    """

    moves: ClassVar[Mapping[Any, set[Any]]]
    leased: ClassVar[StrEnum]  # the state of a row that somebody holds
    lease: ClassVar[timedelta]  # how long a claim holds without a word
    progress: ClassVar[str]  # the column that says how far whoever holds it is

    def due(self) -> Self:
        """Rows about which somebody should do something now, the longest overdue first."""
        return self.filter(due_at__lte=Now()).order_by("due_at")

    def move(self, state: StrEnum, **columns: Any) -> int:
        """Moves those of these rows that may become `state`, and writes `columns`. Returns how many moved."""
        movable = self.filter(state__in=may_become(state, self.moves)).order_by()
        return movable.update(state=state, **columns)

    def to_claim(self) -> Self:
        """Those of these rows that somebody should take up now."""
        raise NotImplementedError

    def claim(self, row: Row, **afresh: Any) -> bool:
        """Takes the right to work at `row`, as it was read; true for one caller alone. `afresh`: more columns."""
        attempts = row.attempts  # type: ignore[attr-defined]  # every leased row has them
        # By its attempts too: they are the number of the claim, and must be what the caller takes them for.
        taken = self.to_claim().filter(pk=row.pk, attempts=attempts)
        begun = {"reason": "", "attempts": F("attempts") + 1, self.progress: 0, "due_at": Now() + self.lease}
        return bool(taken.move(self.leased, **begun, **afresh))

    def held(self, pk: uuid.UUID, attempt: int) -> Self:
        """The row, as long as the claim of this `attempt` holds: whoever slept past it writes nothing."""
        return self.filter(pk=pk, state=self.leased, attempts=attempt)


class Overtaken(Exception):
    """This worker slept past its claim, or the work was cancelled: nothing of it may be written any more."""


class Claim(Generic[Row]):
    """The right to work at `row`, taken for the attempt number `attempt`: held by progress, lost by silence.

    Whatever writes raises `Overtaken` where it does not hold any more.
    """

    def __init__(self, row: Row, attempt: int) -> None:
        self.row, self.attempt = row, attempt
        self._reported = time.monotonic()

    @classmethod
    def rows(cls) -> LeasedQuerySet[Row]:
        """All rows of this kind."""
        raise NotImplementedError

    @classmethod
    def take(cls) -> Self | None:
        """The claim of the row that has waited longest, if there is one that nobody else takes first."""
        # Whoever comes second here takes the next one: there may be many more.
        while row := cls.rows().to_claim().first():
            if cls.rows().claim(row):
                return cls(row, row.attempts + 1)  # type: ignore[attr-defined]
        return None

    def report(self, done: int) -> None:
        """Says how far it is, at most once a second, and renews the claim with that."""
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self._reported = time.monotonic()
            self.renew(done)

    def renew(self, done: int, **columns: Any) -> None:
        """Says how far it is, and renews the claim: before what takes its time without a word."""
        rows = self.rows()
        self.write(rows.leased, **{rows.progress: done}, **columns, due_at=Now() + rows.lease)

    def settle(self, state: StrEnum, reason: str = "", next_in: timedelta | None = None, **found: Any) -> None:
        """Gives the claim back with what came of it; `next_in` says when somebody should look again."""
        again = None if next_in is None else Now() + next_in
        self.write(state, **{"reason": reason[:300], "due_at": again, **found})

    def write(self, state: StrEnum, **columns: Any) -> None:
        """Moves the row to `state`, and writes `columns`."""
        if not self.rows().held(self.row.pk, self.attempt).move(state, **columns):
            raise Overtaken
