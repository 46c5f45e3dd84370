"""The loops behind `manage.py worker`. The rows are the queue, so a worker that dies takes nothing with it."""

import logging
import threading
from collections.abc import Callable

from django.db import close_old_connections, connection

from extender import following, sending
from extender.models import Task

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
TROUBLE_SECONDS = 5.0
# Under the 10 s that a supervisor usually grants. A send that is cut off is found again as abandoned.
STOP_SECONDS = 8.0


class Worker:
    """Two loops, so that a submit that takes its whole 20 s does not keep the news waiting."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def run(self) -> None:
        """Works until `stop()` is called."""
        loops = [
            threading.Thread(target=self._loop, args=[turn], name=turn.__name__, daemon=True)
            for turn in (send_next, follow)
        ]
        for loop in loops:
            loop.start()
        logger.info("worker started")
        self._stopping.wait()
        for loop in loops:
            loop.join(STOP_SECONDS / len(loops))
        logger.info("worker stopped")

    def stop(self) -> None:
        """Ends the loops after their present turn."""
        self._stopping.set()

    def _loop(self, turn: Callable[[], bool]) -> None:
        while not self._stopping.is_set():
            try:
                pause = 0 if turn() else IDLE_SECONDS
            except Exception:
                # Whatever it is (a database that restarts, most likely), the next turn may go well.
                logger.exception("a turn of the worker failed")
                close_old_connections()
                pause = TROUBLE_SECONDS
            self._stopping.wait(pause)
        connection.close()


def send_next() -> bool:
    """Sends the task that has waited longest. Returns whether there was one."""
    task = Task.objects.to_send().order_by("next_look_at").first()
    if task:
        sending.send(task)
    return task is not None


def follow() -> bool:
    """Asks about what is due, and says of abandoned sends what is true. Returns whether there may be more at once."""
    sending.give_up_abandoned()
    return following.follow_due() == following.BATCH
