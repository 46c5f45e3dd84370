"""What is asked, beside the button, before somebody pays for what they may not want."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from extender.lineage import branches
from extender.states import FRUITLESS, OPEN
from extender.tasks.models import Task
from extender.team.models import Member

WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Doubt:
    """A sentence that speaks against a request, and the task that it speaks of where there is one."""

    sentence: str
    task: Task | None = None

    @property
    def name(self) -> str:
        """What a form sends back as `sure`: a yes to this doubt, and to no other that comes up when words change."""
        return str(self.task.pk) if self.task else "end"


def doubts(member: Member, parent: Task | None, asked: dict[str, Any], own: Iterable[uuid.UUID]) -> list[Doubt]:
    """What speaks against asking for `asked` after a clip of `parent`; `own` are the nonces of the form that asks."""
    found = []
    extends = asked.get("kind", Task.Kind.EXTENSION) == Task.Kind.EXTENSION
    if parent and extends and (branch := branches.branch_to(parent)).is_near_end:
        found.append(Doubt(branch.end_warning))
    if same := same_today(member, asked, own):
        found.append(same)
    return found


def same_today(member: Member, asked: dict[str, Any], own: Iterable[uuid.UUID] = ()) -> Doubt | None:
    """The same, where the member asked for it by another form, in the last day or so that it has not ended."""
    yesterday = timezone.now() - WITHIN
    same = Task.objects.owned_by(member).timed().filter(**asked).exclude(form_nonce__in=own)
    lately = same.filter(created_at__gt=yesterday).exclude(state__in=FRUITLESS)
    # A union, each half by its own index: with OR, SQLite reads the member's whole history.
    found = lately.union(same.filter(state__in=OPEN), all=True)
    first = max(found, key=lambda task: (task.created_at, task.pk), default=None)
    today = " today" if first and first.created_at > yesterday else ""
    return Doubt(f"You asked for exactly this{today}:", first) if first else None
