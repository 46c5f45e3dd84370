"""The only door through which a task's state, progress, result or reason changes."""

import logging
from contextlib import nullcontext
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

from extender.apiframe import TaskUpdate
from extender.compiled import CompiledChange, CompiledInsert, CompiledUpdate, Given, repeatable
from extender.metrics import UPDATES
from extender.states import FINAL, FOLLOWED, FRUITLESS, MOVES, State, may_become
from extender.tasks.models import Clip, Event, Task

logger = logging.getLogger(__name__)

FIRST_LOOK = timedelta(seconds=3)
# One line a task, or two: progress comes every few seconds, and its events have it.
LOGGED = FINAL | {State.UNCONFIRMED}
# What an update may say, and how it is kept.
VALUES: dict[str, Any] = {
    **{name: Task._meta.get_field(name) for name in ("remote_id", "percentage", "reason")},
    "retry_in": models.DurationField(),
}
_event = CompiledInsert(Event, "task", "said", "source", "changed", "body")


class Taken(Exception):
    """The update names a render for which another task was paid. Nothing was changed or recorded."""


def apply_update(task: Task, update: TaskUpdate, source: Event.Source) -> bool:
    """Lets `update` change the row of `task` where that is an allowed move, and records that it was said.

    Returns whether the row changed. A duplicate, a late or a reordered update changes nothing and is no error.
    `task` itself is left as it was read. Raises `Taken`; after any other error a transaction around it is spoilt.
    """
    try:
        return _apply(task, update, source)
    except IntegrityError as error:
        if update.remote_id and Task.objects.filter(remote_id=update.remote_id).exclude(pk=task.pk).exists():
            raise Taken from error
        raise


def _apply(task: Task, update: TaskUpdate, source: Event.Source) -> bool:
    # What is said most often, that a render goes on, is one statement: `CompiledChange` keeps that whole.
    alone = update.state != State.FINISHED and update.remote_id == task.remote_id
    with nullcontext() if alone else transaction.atomic():
        changed = bool(_change(task.pk, update, source))
        if changed and update.state == State.FINISHED:
            Clip.objects.bulk_create(_clips(task, update), ignore_conflicts=True)
    if changed:
        UPDATES.labels(update.state, source).inc()
    if changed and update.state in LOGGED:
        logger.info("task %s %s by %s", task.pk, update.state, source)
    return changed


def hear(pk: UUID, update: TaskUpdate, source: Event.Source) -> bool:
    """Does what `apply_update` does where `update` says that a render goes on, and the task `pk` has its id.

    Returns whether that is so; else nothing was changed or recorded. It is one statement where the database can do
    that: most of what is said is heard without a look at the row before.
    """
    # To be tried anew is a way back, which may not be taken twice.
    if update.state not in FOLLOWED or update.retried or not update.remote_id:
        return False
    changed = repeatable(lambda: _change(pk, update, source, is_known=True))
    if changed:
        UPDATES.labels(update.state, source).inc()
    return changed is not None


def renew_addresses(task: Task, update: TaskUpdate) -> None:
    """Lets `update` say anew where the clips of the finished `task` lie. Nothing else of a final state changes."""
    changed = False
    with transaction.atomic():
        # A clip is never taken away, and none is added: the answer to "where" is no answer to "which".
        for index, url in enumerate(update.clip_urls, 1):
            clip = Clip.objects.filter(task=task.pk, task__remote_id=update.remote_id, index=index)
            changed |= bool(url and clip.exclude(source_url=url).update(source_url=url))
        if changed:
            Task.objects.renumber(task.pk)
        said = "fresh addresses of the clips" if changed else "the clips’ addresses are still the same"
        _note(task, said, Event.Source.POLL, changed, update.raw)


def contradict(task: Task, update: TaskUpdate) -> None:
    """Says of `task`, which ended unsent or refused, that APIFRAME has it all the same, where `update` says so."""
    if update.state == State.FAILED:
        return
    said = f"APIFRAME has called back about this since, as task {update.remote_id}: it may have been billed."
    ended = Task.objects.filter(pk=task.pk, remote_id="", state__in=FRUITLESS).exclude(reason__contains=said)
    ended.update(reason=f"{task.reason} {said} Look it up by that id.".strip(), version=F("version") + 1)


def record(task: Task, said: str, source: Event.Source, body: str = "") -> None:
    """Records something that was said about `task` and changed nothing."""
    _note(task, said[:500], source, False, body)


def _note(task: Task, said: str, source: Event.Source, changed: bool, body: str) -> None:
    _event.run(task_id=task.pk, said=said, source=source, changed=changed, body=body)


def _change(pk: UUID, update: TaskUpdate, source: Event.Source, is_known: bool = False) -> bool | None:
    """Changes the row, if it may take this update, and records what was said; whether it did.

    None, where it has to be of a row that `is_known` by the update's id, and is not.
    """
    values = {name: value for name in VALUES if (value := getattr(update, name)) not in (None, "")}
    change = _statement(update.state, update.retried, frozenset(values), is_known)
    event = {"task_id": pk, "said": _sentence(update), "source": source, "body": update.raw}
    return change.run(pk=pk, **values, **event)


@cache
def _statement(state: State, retried: bool, names: frozenset[str], is_known: bool) -> CompiledChange:
    """By what such an update changes a row; its key, the values of `names` and the event are to be given."""
    given: dict[str, Any] = {name: Given(name, VALUES[name]) for name in names}
    update = TaskUpdate(state, retried=retried, **given)
    known = Task.objects.filter(pk=Given("pk", Task._meta.pk), remote_id=update.remote_id) if is_known else None
    rows = _movable_row(update) if known is None else _movable_row(update).filter(remote_id=update.remote_id)
    change = CompiledUpdate(rows, _changes(update))
    return CompiledChange(change, Event, "task", "said", "source", "body", outcome="changed", where=known)


def _movable_row(update: TaskUpdate) -> models.QuerySet[Task]:
    """The row, if it may take this update: filtered in the UPDATE itself, so that a race has one winner."""
    movable = Q(state__in=may_become(update.state, MOVES))
    if update.state == State.PENDING and not update.retried:
        # "Pending" after "processing" is a message that was overtaken, unless APIFRAME says that it tries again.
        movable &= ~Q(state=State.PROCESSING)
    if update.state == State.PROCESSING and update.percentage is not None:
        movable |= Q(state=State.PROCESSING, percentage__lt=update.percentage)
    if update.state == State.PROCESSING and update.reason:
        movable |= Q(state=State.PROCESSING) & ~Q(reason=update.reason)
    # What names no task is about a send alone: a row that a webhook has adopted is past that.
    movable &= Q(remote_id__in={"", update.remote_id})
    return Task.objects.filter(movable, pk=Given("pk", Task._meta.pk))


def _changes(update: TaskUpdate) -> dict[str, object]:
    changes: dict[str, object] = {
        "state": update.state,
        "reason": update.reason,
        "changed_at": Now(),
        "version": F("version") + 1,
        "due_at": Now() + (update.retry_in or FIRST_LOOK),
    }
    if update.remote_id:
        changes["remote_id"] = update.remote_id
    if update.retried:
        changes["percentage"] = 0
    elif update.percentage is not None:
        changes["percentage"] = Greatest(F("percentage"), update.percentage)
    if update.state in FINAL:
        changes["ended_at"] = Now()
    if update.state in FINAL or update.state == State.UNCONFIRMED:
        # Nothing is left to ask, or no id to ask by.
        changes["due_at"] = None
    return changes


def _clips(task: Task, update: TaskUpdate) -> list[Clip]:
    """The rows of the clips that came."""
    contains_parent = Clip.Contains.before_looking(task)
    return [
        Clip(task=task, index=index, source_url=url, contains_parent=contains_parent)
        for index, url in enumerate(update.clip_urls, 1)
        if url
    ]


def _sentence(update: TaskUpdate) -> str:
    """What was said, for the flight recorder."""
    if update.state == State.FINISHED:
        clips = sum(url is not None for url in update.clip_urls)
        return f"finished with {clips} clip{'s' * (clips != 1)}"
    words = "back in the queue" if update.retried else str(update.state)
    if update.percentage is not None and update.state == State.PROCESSING:
        words += f" {update.percentage} %"
    return f"{words}: {update.reason}"[:500] if update.reason else words
