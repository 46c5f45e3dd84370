"""Calls to APIFRAME from inside a web request: a few at once, so that a server that stalls cannot stall the site.

Who finds no free place leaves the work to whoever comes next: another poll, or the worker.
"""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore

from django.db import close_old_connections

from extender.states import State
from extender.tasks import following, gate, sending
from extender.tasks.models import Task

logger = logging.getLogger(__name__)

# Of the 8 threads of a web process (gunicorn.conf.py); downloads may take 2 more.
PLACES = BoundedSemaphore(3)
LOOKS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look")
LOOKING = BoundedSemaphore(1)


class Full(Exception):
    """Every place is taken. `str()` is a sentence for whoever waits."""


@contextmanager
def place() -> Iterator[None]:
    """A place for one call to APIFRAME. Raises `Full`."""
    if not PLACES.acquire(blocking=False):
        raise Full("Too much is waiting for APIFRAME just now. Try again in a moment.")
    try:
        yield
    finally:
        PLACES.release()


def send_now(task: Task) -> None:
    """Sends `task` while its owner waits, if there is a place; else it stays queued."""
    with suppress(Full), place():
        sending.send(task)


def look_after(tasks: Iterable[Task]) -> None:
    """Does what is due about `tasks`, in the background: who looks at a page never waits for APIFRAME.

    One look at a time in each process; what finds another one under way is due again at the next poll.
    """
    due = [task for task in tasks if task.is_due]
    if due and LOOKING.acquire(blocking=False):
        LOOKS.submit(_look, due)


def _look(due: list[Task]) -> None:
    """Whatever happens in it, the next look may begin after it."""
    try:
        # Its thread lives on between looks, and no request opens and closes its connection.
        close_old_connections()
        _look_after(due)
        close_old_connections()
    except Exception:
        logger.exception("a look from a page failed")
    finally:
        LOOKING.release()


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
