"""Saves what a member asked for, and takes it back; nothing is sent here."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from extender.apiframe import TaskUpdate
from extender.states import State
from extender.tasks.models import Event, Task
from extender.tasks.updates import apply_update, record
from extender.team.models import Member

# So many rows may be made for each that may be sent in a day: some are taken back, or wait longer.
MADE_FOR_ONE_SENT = 10
# Each takes some milliseconds. Whoever has more presses again.
MOST_CANCELLED = 500


def enqueue(owner: Member, nonce: uuid.UUID, parent: Task | None, note: str = "", **asked: Any) -> tuple[Task, bool]:
    """The row of the form `nonce`: made now (`note` is recorded with it), or found where it was posted before.

    Returns it, and whether it stands for what was asked. It does not where somebody went back, wrote something else
    and posted the old form again: then the old row must neither be hidden behind the new words nor sent twice.
    """
    task, made = Task.objects.get_or_create(owner=owner, form_nonce=nonce, defaults={"parent": parent, **asked})
    if made:
        record(task, f"submitted{note}", Event.Source.MEMBER)
    return task, all(getattr(task, name) == value for name, value in asked.items())


def refusal(owner: Member) -> str:
    """Why `owner` may ask for nothing more today, in a sentence; "" where they may. What is never sent costs too."""
    most = MADE_FOR_ONE_SENT * settings.PAID_PER_DAY_MEMBER
    today = Task.objects.owned_by(owner).filter(created_at__gt=Now() - timedelta(days=1))
    if most and today[:most].count() == most:
        return f"You asked for {most} requests within a day. Ask again later."
    return ""


def nonces_of(nonce: uuid.UUID, runs: int) -> list[uuid.UUID]:
    """The nonces of the rows of a form that asks `runs` times: its own, and others that follow from that."""
    return [nonce, *(uuid.uuid5(nonce, str(number)) for number in range(2, runs + 1))]


def enqueue_runs(
    owner: Member, nonces: list[uuid.UUID], parent: Task | None, note: str = "", **asked: Any
) -> tuple[list[Task], bool]:
    """A row for each of `nonces`, all for the same; posted again, the same rows.

    Returns them, and whether they stand for what was asked: the last does not where that is False.
    """
    rows: list[Task] = []
    for nonce in nonces:
        row, as_asked = enqueue(owner, nonce, parent, note, **asked)
        rows.append(row)
        if not as_asked:
            return rows, False
    return rows, True


def cancel_waiting(owner: Member) -> None:
    """Takes back what `owner` has asked for and is not sent yet, as far as one request should do at once."""
    for task in Task.objects.owned_by(owner).filter(state=State.QUEUED)[:MOST_CANCELLED]:
        cancel(task)


def cancel(task: Task) -> bool:
    """Takes `task` back for good, unless somebody sends it or has sent it. Returns whether it is cancelled now."""
    cancelled = apply_update(task, TaskUpdate(State.CANCELLED), Event.Source.MEMBER)
    return cancelled or Task.objects.filter(pk=task.pk, state=State.CANCELLED).exists()
