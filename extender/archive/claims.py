"""The right to copy one clip: taken by one worker, held by progress, lost by silence."""

from enum import StrEnum
from typing import Any

from django.db import transaction

from extender.metrics import FILES
from extender.states import FileState
from extender.tasks.models import Clip, Task, leases
from extender.tasks.models.clips import ClipQuerySet


class Claim(leases.Claim[Clip]):
    """The right to copy `clip`."""

    @classmethod
    def rows(cls) -> ClipQuerySet:
        return Clip.objects.select_related("task")

    @property
    def clip(self) -> Clip:
        """The clip, as it was when it was claimed."""
        return self.row

    def begin(self, expected: int | None) -> None:
        """Says that bytes are coming, and how many (None: its server does not say)."""
        self.renew(0, expected=expected)

    def write(self, state: StrEnum, **columns: Any) -> None:
        with transaction.atomic():
            super().write(state, **columns)
            Task.objects.renumber(self.clip.task_id)
        if state != FileState.COPYING:
            FILES.labels(state).inc()
