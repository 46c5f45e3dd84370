"""Asks APIFRAME how tasks stand, and hands what it says to the door."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from extender.apiframe import ApiframeError, Client, TaskUpdate
from extender.models import Event, Member, Task
from extender.states import State
from extender.tasks import gate
from extender.tasks.updates import apply_update, record, renew_addresses

SHORTEST_INTERVAL = timedelta(seconds=3)
LONGEST_INTERVAL = timedelta(minutes=15)
PATIENCE = timedelta(hours=24)
BATCH = 20


class NotContinuable(Exception):
    """An original has no clips to choose from. `str()` is a sentence for the member."""


def interval(task: Task) -> timedelta | None:
    """How long until APIFRAME is asked again about `task`: the longer nothing changed, the longer.

    None after a day without news: then a person may ask (`check_again`), and a webhook still counts.
    """
    # Both by the database's clock: this machine's own may be an hour off.
    quiet = max(timedelta(0), (task.next_look_at or task.changed_at) - task.changed_at)
    if quiet > PATIENCE:
        return None
    return min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, quiet / 15))


def refresh(task: Task) -> None:
    """Asks about one task, if that is due and nobody else is asking: N viewers cost one call."""
    if Task.objects.claim_to_follow(task.pk, interval(task)):
        _ask([task])


def check_again(task: Task) -> None:
    """Asks about a task that nobody asks about any more, since a person wants to know."""
    if Task.objects.without_news().filter(pk=task.pk).update(next_look_at=Now()):
        # One look, and not a new series of them: how long it was quiet is read from the row as it is now.
        task.refresh_from_db()
        refresh(task)


def follow_due() -> int:
    """Asks about up to 20 tasks that are due, in one call. Returns how many were asked about."""
    with transaction.atomic():
        due = list(Task.objects.to_follow().select_for_update(skip_locked=True)[:BATCH])
        tasks = [task for task in due if Task.objects.claim_to_follow(task.pk, interval(task))]
    if tasks:
        _ask(tasks)
    return len(tasks)


def look_up(member: Member, remote_id: str) -> Task:
    """Finds the finished video `remote_id` at APIFRAME and keeps it as an original of `member`.

    A task that the member already has is returned as it is. Raises `NotContinuable` where there are no clips (yet).
    """
    known = Task.objects.visible_to(member).filter(remote_id=remote_id).order_by("kind").first()
    if known and known.clips:
        return known
    update = _look_at(remote_id)
    task = known or _original(member, remote_id)
    apply_update(task, update, Event.Source.POLL)
    task.refresh_from_db()
    if not task.clips:
        raise NotContinuable("That task ended here without clips. Run it again from its page.")
    return task


def adopt(task: Task, remote_id: str) -> None:
    """Gives an unconfirmed `task` the id that its owner found at APIFRAME, and what APIFRAME says of that id.

    Raises `NotContinuable` where APIFRAME does not know it, or another task has it already.
    """
    if Task.objects.filter(remote_id=remote_id).exists():
        raise NotContinuable("That id belongs to another task here.")
    try:
        update = Client.from_settings().fetch(remote_id)
    except ApiframeError as error:
        raise NotContinuable(f"{error} Check the id, or try again in a moment.") from error
    if update.remote_id != remote_id or not apply_update(task, update, Event.Source.POLL):
        raise NotContinuable("APIFRAME's answer does not fit this task. Reload the page.")


def renew_clips(task: Task) -> None:
    """Asks for fresh addresses of the clips of `task`, since the old ones do not answer any more.

    Raises `ApiframeError`; `NotFound` where APIFRAME has forgotten the task.
    """
    update = Client.from_settings().fetch(task.remote_id)
    renew_addresses(task, update)


def _original(member: Member, remote_id: str) -> Task:
    task, _ = Task.objects.get_or_create(
        owner=member, remote_id=remote_id, kind=Task.Kind.ORIGINAL, defaults={"state": State.PENDING}
    )
    return task


def _look_at(remote_id: str) -> TaskUpdate:
    try:
        update = Client.from_settings().fetch(remote_id)
    except ApiframeError as error:
        raise NotContinuable(f"{error} Check the id, or try again in a moment.") from error
    if update.state == State.FAILED:
        raise NotContinuable(f"That task failed at APIFRAME, so there is no clip to continue: {update.reason}")
    if update.state != State.FINISHED:
        done = f" ({update.percentage} % done)" if update.percentage else ""
        raise NotContinuable(f"That task is still rendering{done}. Look it up again when it has finished.")
    if update.remote_id != remote_id:
        raise NotContinuable("APIFRAME answered about another task. Try again in a moment.")
    return update


def _ask(tasks: list[Task]) -> None:
    try:
        updates = Client.from_settings().fetch_many([task.remote_id for task in tasks])
    except ApiframeError as error:
        gate.close_for(error)
        for task in tasks:
            record(task, str(error), Event.Source.SILENCE, error.raw)
        return
    for task in tasks:
        if update := updates.get(task.remote_id):
            apply_update(task, update, Event.Source.POLL)
        else:
            record(task, "APIFRAME's answer left this task out", Event.Source.SILENCE)
