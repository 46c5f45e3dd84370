"""Calls to APIFRAME from inside a web request: a few at once, so that a server that stalls cannot stall the site.

Who finds no free place leaves the work to whoever comes next: another poll, or the worker.
"""

from collections.abc import Iterable
from threading import BoundedSemaphore

from extender import following, sending
from extender.models import Task
from extender.states import State

# Of the 8 threads of a web process (gunicorn.conf.py), so that most always answer pages.
PLACES = BoundedSemaphore(3)


def send_now(task: Task) -> None:
    """Sends `task` while its owner waits, if there is a place; else it stays queued."""
    if PLACES.acquire(blocking=False):
        try:
            sending.send(task)
        finally:
            PLACES.release()


def look_after(tasks: Iterable[Task]) -> bool:
    """Does what is due about `tasks`, if there is a place. Returns whether anything may have changed."""
    due = [task for task in tasks if task.is_due]
    if not due or not PLACES.acquire(blocking=False):
        return False
    try:
        _look_after(due)
    finally:
        PLACES.release()
    return True


def _look_after(due: list[Task]) -> None:
    if any(task.state == State.SENDING for task in due):
        sending.give_up_abandoned()
    queued = next((task for task in due if task.state == State.QUEUED), None)
    if queued:
        sending.send(queued)
    elif len(due) == 1:
        following.refresh(due[0])
    else:
        following.follow_due()
