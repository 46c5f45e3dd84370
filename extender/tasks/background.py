"""What pages have done about tasks in the background: who looks at a page never waits for APIFRAME."""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from threading import BoundedSemaphore

from django.conf import settings
from django.db import close_old_connections

from extender.states import State
from extender.tasks import following, gate, sending, slots
from extender.tasks.models import Task

logger = logging.getLogger(__name__)

# Seconds that whoever presses the button waits for the sends. What takes longer goes on without them.
PATIENCE = 1.5
# Seconds after which no further one of several sends begins in their slot.
LONG = 5.0
SENDERS = ThreadPoolExecutor(max_workers=settings.APIFRAME_SLOTS, thread_name_prefix="sender")
THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
# Held while that thread is at work: nothing is lined up behind it.
_at_work = BoundedSemaphore(1)


def send_now(*tasks: Task) -> None:
    """Sends `tasks`, if there is a free slot, and waits a moment for what comes of it.

    Whoever stops the process waits for sends under way, as for requests: an exit ends these threads last.
    """
    with suppress(slots.Full):
        slots.APIFRAME.take()
        wait([SENDERS.submit(_run, _send, tasks, slots.APIFRAME.give_back)], PATIENCE)


def _send(tasks: Iterable[Task]) -> None:
    ends = time.monotonic() + LONG
    for task in tasks:
        if time.monotonic() < ends:
            sending.send(task)


def run_due(tasks: Iterable[Task]) -> None:
    """Does what is due about `tasks`, one piece of work at a time in each process.

    What finds the thread at work is due again at the next poll.
    """
    due = [task for task in tasks if task.is_due]
    if due and _at_work.acquire(blocking=False):
        THREAD.submit(_run, _run_due, due, _at_work.release)


def _run(work: Callable[[list[Task]], None], tasks: Iterable[Task], end: Callable[[], None]) -> None:
    """Does `work` in a thread of ours; whatever happens in it, it ends with `end`."""
    try:
        # The thread lives on between runs, and no request opens and closes its connection.
        close_old_connections()
        work(list(tasks))
        close_old_connections()
    except Exception:
        logger.exception("background work for a page failed")
    finally:
        end()


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
