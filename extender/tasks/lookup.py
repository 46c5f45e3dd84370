"""Finds at APIFRAME what was made elsewhere, videos and pictures, or what an unconfirmed task turned out to be."""

from extender.apiframe import ApiframeError, Client, TaskUpdate
from extender.states import State
from extender.tasks.models import Event, Task
from extender.tasks.updates import Taken, apply_update
from extender.team.models import Member

BELONGS_TO_ANOTHER = "That id belongs to another task here."


class NotContinuable(Exception):
    """An original has no clips to choose from. `str()` is a sentence for the member."""


def look_up(member: Member, remote_id: str) -> Task:
    """Finds the finished video, or pictures, `remote_id` at APIFRAME and keeps them as made elsewhere for `member`.

    A task that the member already has is returned as it is. Raises `NotContinuable` where there are no clips (yet).
    """
    known = Task.objects.visible_to(member).with_remote_id(remote_id)
    if known and known.has_clips:
        return known
    remote_id = known.remote_id if known else remote_id.strip()
    update = _look_at(remote_id)
    task = known or _made_elsewhere(member, remote_id, update)
    apply_update(task, update, Event.Source.POLL)
    task.refresh_from_db()
    if not task.has_clips:
        raise NotContinuable("That task ended here without clips. Run it again from its page.")
    return task


def adopt(task: Task, remote_id: str) -> None:
    """Gives an unconfirmed `task` the id that its owner found at APIFRAME, and what APIFRAME says of that id.

    Raises `NotContinuable` where APIFRAME does not know it, or another task has it already; and of a task
    whose own id is still to come.
    """
    if task.state != State.UNCONFIRMED:
        raise NotContinuable("This task does not wait for an id. Reload the page.")
    remote_id = remote_id.strip()
    if Task.objects.filter(remote_id=remote_id).exists():
        raise NotContinuable(BELONGS_TO_ANOTHER)
    try:
        update = Client.from_settings().fetch(remote_id)
    except ApiframeError as error:
        raise NotContinuable(f"{_sentence(str(error))} Check the id, or try again in a moment.") from error
    try:
        fits = update.remote_id == remote_id and apply_update(task, update, Event.Source.POLL)
    except Taken as error:
        raise NotContinuable(BELONGS_TO_ANOTHER) from error
    if not fits:
        raise NotContinuable("APIFRAME's answer does not fit this task. Reload the page.")


def _made_elsewhere(member: Member, remote_id: str, update: TaskUpdate) -> Task:
    kind = Task.Kind.PICTURES if update.has_pictures else Task.Kind.ORIGINAL
    task, _ = Task.objects.get_or_create(
        owner=member, remote_id=remote_id, kind=kind, form_nonce=None, defaults={"state": State.PENDING}
    )
    return task


def _look_at(remote_id: str) -> TaskUpdate:
    try:
        update = Client.from_settings().fetch(remote_id)
    except ApiframeError as error:
        raise NotContinuable(f"{_sentence(str(error))} Check the id, or try again in a moment.") from error
    if update.state == State.FAILED:
        raise NotContinuable(
            f"That task failed at APIFRAME, so there is no clip to continue: {_sentence(update.reason)}"
        )
    if update.state != State.FINISHED:
        if update.reason:
            raise NotContinuable(f"{_sentence(update.reason)} Look it up again later.")
        done = f" ({update.percentage} % done)" if update.percentage else ""
        raise NotContinuable(f"That task is still rendering{done}. Look it up again when it has finished.")
    if update.remote_id != remote_id:
        raise NotContinuable("APIFRAME answered about another task. Try again in a moment.")
    return update


def _sentence(words: str) -> str:
    """APIFRAME's words, with the full stop that they often lack."""
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."
