"""Asks APIFRAME how tasks stand, and hands what it says to the door."""

import time
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from extender.apiframe import ApiframeError, BadKey, Busy, Client, NoCredits, NotSent
from extender.tasks import gate
from extender.tasks.models import Event, Task
from extender.tasks.models.queries import QUIET_AFTER
from extender.tasks.updates import apply_update, record, renew_addresses

SHORTEST_INTERVAL = timedelta(seconds=3)
LONGEST_INTERVAL = timedelta(minutes=15)
DAILY = timedelta(days=1)
# A day of the intervals above, and a week of one look a day.
PATIENCE = QUIET_AFTER + timedelta(days=7)
BATCH = 20
SINGLY_SECONDS = 20
# No question fares better after these, whatever it is about.
TRUE_OF_ALL = (BadKey, NoCredits, NotSent, Busy)


def interval(task: Task) -> timedelta | None:
    """How long until APIFRAME is asked again about `task`: the longer nothing changed, the longer.

    After a day without news it is a day; None after a week of those: then a person may ask (`check_again`), and a
    webhook still counts.
    """
    # Both by the database's clock: this machine's own may be an hour off.
    quiet = max(timedelta(0), (task.due_at or task.changed_at) - task.changed_at)
    if quiet > PATIENCE:
        return None
    if quiet > QUIET_AFTER:
        return DAILY
    return min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, quiet / 15))


def refresh(task: Task) -> None:
    """Asks about one task, if that is due and nobody else is asking: N viewers cost one call."""
    if Task.objects.claim_to_follow(task.pk, interval(task)):
        _ask([task])


def check_again(task: Task) -> None:
    """Asks about a task now, where a person may want that: see `to_check_again`."""
    if Task.objects.to_check_again().filter(pk=task.pk).update(due_at=Now()):
        # One look, and not a new series of them: how long it was quiet is read from the row as it is now.
        task.refresh_from_db()
        refresh(task)


def check_all_again() -> int:
    """Lets all tasks without a result be asked about now, by whoever follows what is due. Returns how many."""
    return Task.objects.to_check_again().without_result().order_by().update(due_at=Now())


def follow_due() -> int:
    """Asks about up to 20 tasks that are due, in one call. Returns how many were asked about."""
    with transaction.atomic():
        due = list(Task.objects.to_follow().select_for_update(skip_locked=True)[:BATCH])
        tasks = [task for task in due if Task.objects.claim_to_follow(task.pk, interval(task))]
    if tasks:
        _ask(tasks)
    return len(tasks)


def renew_clips(task: Task) -> None:
    """Asks for fresh addresses of the clips of `task`, since the old ones do not answer any more.

    Raises `ApiframeError`; `NotFound` where APIFRAME has forgotten the task.
    """
    update = Client.from_settings().fetch(task.remote_id)
    renew_addresses(task, update)


def _ask_singly(tasks: list[Task]) -> None:
    """Asks about each alone, since the answer about all was spoilt or lacks them.

    Who finds no time left waits, and so do all after one whose answer says nothing of it alone.
    """
    ends = time.monotonic() + SINGLY_SECONDS
    for task in tasks:
        if time.monotonic() > ends or not _ask([task]):
            break


def _ask(tasks: list[Task]) -> bool:
    """Asks about all in one call, and where that brings nothing about each alone. Returns whether to go on."""
    try:
        updates, kept = Client.from_settings().fetch_many([task.remote_id for task in tasks])
    except ApiframeError as error:
        return _unanswered(tasks, error)
    left_out = []
    for task in tasks:
        if update := updates.get(task.remote_id):
            apply_update(task, update, Event.Source.POLL)
        else:
            left_out.append(task)
            record(task, "APIFRAME's answer left this task out", Event.Source.SILENCE, kept)
    if len(tasks) > 1:
        _ask_singly(left_out)
    return True


def _unanswered(tasks: list[Task], error: ApiframeError) -> bool:
    for task in tasks:
        record(task, str(error), Event.Source.SILENCE, error.raw)
    if len(tasks) > 1 and not isinstance(error, TRUE_OF_ALL):
        # It may have been about the list, or about one in it: what one alone is told shows it.
        _ask_singly(tasks)
    else:
        gate.close_for(error)
    return error.concerns_the_request
