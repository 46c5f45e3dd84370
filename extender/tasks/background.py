"""What pages have done about tasks in the background: who looks at a page never waits for APIFRAME."""

import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import BoundedSemaphore

from django.db import close_old_connections

from extender.states import State
from extender.tasks import following, gate, sending, slots
from extender.tasks.models import Task

logger = logging.getLogger(__name__)

# Seconds after which no further one of several sends begins while somebody waits for the page.
PATIENCE = 5.0
THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
# Held while that thread is at work: nothing is lined up behind it.
_at_work = BoundedSemaphore(1)


def send_now(*tasks: Task) -> None:
    """Sends `tasks` while their owner waits, if there is a free slot; what would take too long stays queued."""
    ends = time.monotonic() + PATIENCE
    with suppress(slots.Full), slots.APIFRAME.slot():
        for task in tasks:
            if time.monotonic() < ends:
                sending.send(task)


def run_due(tasks: Iterable[Task]) -> None:
    """Does what is due about `tasks`, one piece of work at a time in each process.

    What finds the thread at work is due again at the next poll.
    """
    due = [task for task in tasks if task.is_due]
    if due and _at_work.acquire(blocking=False):
        THREAD.submit(_run, due)


def _run(due: list[Task]) -> None:
    """Whatever happens in it, the next run may begin after it."""
    try:
        # The thread lives on between runs, and no request opens and closes its connection.
        close_old_connections()
        _run_due(due)
        close_old_connections()
    except Exception:
        logger.exception("background work for a page failed")
    finally:
        _at_work.release()


def _run_due(due: list[Task]) -> None:
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
