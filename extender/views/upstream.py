"""Calls to APIFRAME from inside a web request: a few at once, so that a server that stalls cannot stall the site.

Who finds no free place leaves the work to whoever comes next: another poll, or the worker.
"""

from collections.abc import Callable, Iterable
from threading import BoundedSemaphore

from extender import following, gate, sending
from extender.models import Task
from extender.states import State

# Of the 8 threads of a web process (gunicorn.conf.py), so that most always answer pages.
PLACES = BoundedSemaphore(3)


def send_now(task: Task) -> None:
    """Sends `task` while its owner waits, if there is a place; else it stays queued."""
    _in_a_place(lambda: sending.send(task))


def check_now(task: Task) -> None:
    """Asks about `task` while a person waits, if there is a place."""
    _in_a_place(lambda: following.check_again(task))


def look_after(tasks: Iterable[Task]) -> bool:
    """Does what is due about `tasks`, if there is a place. Returns whether anything may have changed."""
    due = [task for task in tasks if task.is_due]
    return bool(due) and _in_a_place(lambda: _look_after(due))


def _in_a_place(work: Callable[[], object]) -> bool:
    """Does `work` if there is a place; returns whether there was."""
    if not PLACES.acquire(blocking=False):
        return False
    try:
        work()
    finally:
        PLACES.release()
    return True


def _look_after(due: list[Task]) -> None:
    if any(task.state == State.SENDING for task in due):
        sending.give_up_abandoned()
    queued = next((task for task in due if task.state == State.QUEUED), None)
    if queued:
        gate.probe()
        sending.send(queued)
    elif len(due) == 1:
        following.refresh(due[0])
    else:
        following.follow_due()
