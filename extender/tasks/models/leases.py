"""Rows at which one worker at a time is: what each may become, and who holds it."""

import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models.functions import Now

from extender.states import may_become

Row = TypeVar("Row", bound=models.Model)


class LeasedQuerySet(models.QuerySet[Row]):
    """Rows with a `state`, with `due_at`, when somebody should next do something, and the number of `attempts`.

    A claim is an attempt, and moves `due_at` into the future: that is its lease, by the database's clock.
    """

    moves: ClassVar[Mapping[Any, set[Any]]]
    leased: ClassVar[StrEnum]  # the state of a row that somebody holds

    def due(self) -> Self:
        """Rows about which somebody should do something now, the longest overdue first."""
        return self.filter(due_at__lte=Now()).order_by("due_at")

    def move(self, state: StrEnum, **columns: Any) -> int:
        """Moves those of these rows that may become `state`, and writes `columns`. Returns how many moved."""
        movable = self.filter(state__in=may_become(state, self.moves)).order_by()
        return movable.update(state=state, **columns)

    def held(self, pk: uuid.UUID, attempt: int) -> Self:
        """The row, as long as the claim of this `attempt` holds: whoever slept past it writes nothing."""
        return self.filter(pk=pk, state=self.leased, attempts=attempt)
