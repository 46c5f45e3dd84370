"""The loops behind `manage.py worker`. The rows are the queue, so a worker that dies takes nothing with it."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection

from extender.archive import comparing, copying, sweeping
from extender.archive.exports import exporting
from extender.operations import walls
from extender.operations.models import BEAT_SECONDS, COUNTED_EVERY, Heartbeat, Tally
from extender.tasks import following, gate, sending
from extender.tasks.models import Clip, Task
from extender.team import sweeping as sign_ins

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
TROUBLE_SECONDS = 5.0
# Under the 10 s that a supervisor usually grants. A send that is cut off is found again as abandoned.
STOP_SECONDS = 7.0
# Seconds from one sweep to the next.
ARCHIVE_SWEPT_EVERY, RECORDS_SWEPT_EVERY = 600, 3600
# By sweep: when this process did it last.
_swept: dict[Callable[[], None], float] = {}


class Worker:
    """A loop for each kind of work, so that a submit that takes its whole 20 s does not keep the news waiting."""

    def __init__(self, *, copies: bool = True) -> None:
        """`copies`: whether it copies clips and exports films too, or leaves that to workers with a disk for it."""
        self._stopping = threading.Event()
        self._turns = [send_next, follow]
        if copies:
            self._turns += [self.export, archive, *[copy] * (settings.COPIES_AT_ONCE - 1)]

    def run(self) -> None:
        """Works until `stop()` is called."""
        loops = [
            threading.Thread(target=self._loop, args=[turn], name=turn.__name__, daemon=True) for turn in self._turns
        ]
        for loop in loops:
            loop.start()
        logger.info("worker started")
        if sentence := walls.lack():
            logger.warning(sentence)
        self._beat_until_stopped()
        ends = time.monotonic() + STOP_SECONDS
        for loop in loops:
            loop.join(max(0, ends - time.monotonic()))
        logger.info("worker stopped")

    def stop(self) -> None:
        """Ends the loops after their present turn."""
        self._stopping.set()

    def export(self) -> bool:
        """Makes a film to be taken away, unless it is stopped. Returns whether there may be more at once."""
        return exporting.export_next(self._stopping.is_set)

    def _beat_until_stopped(self) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        while not self._stopping.is_set():
            self._quietly(lambda: Heartbeat.objects.beat(name))
            self._stopping.wait(BEAT_SECONDS)
        self._quietly(Heartbeat.objects.filter(name=name).delete)

    def _quietly(self, write: Callable[[], object]) -> None:
        """A beat that is missed is no reason to end: the database may be restarting."""
        try:
            write()
        except DatabaseError as error:
            logger.warning("a heartbeat was missed: %s", error)
            connection.close()

    def _loop(self, turn: Callable[[], bool]) -> None:
        while not self._stopping.is_set():
            try:
                pause = 0 if turn() else IDLE_SECONDS
            except Exception:
                # Whatever it is (a database that restarts, most likely), the next turn may go well.
                logger.exception("a turn of the worker failed")
                connection.close()
                pause = TROUBLE_SECONDS
            self._stopping.wait(pause)
        connection.close()


def send_next() -> bool:
    """Sends the task that has waited longest. Returns whether there was one."""
    task = Task.objects.to_send().order_by("due_at").first()
    if task:
        sending.send(task)
    return task is not None


def follow() -> bool:
    """Asks about what is due, and sweeps. Returns whether there may be more at once."""
    _now_and_then(RECORDS_SWEPT_EVERY, _sweep_records)
    sending.give_up_abandoned()
    gate.probe()
    return following.follow_due() == following.BATCH


def _now_and_then(seconds: float, sweep: Callable[[], None]) -> None:
    """Sweeps when this process begins, and so many `seconds` after each time."""
    if time.monotonic() - _swept.get(sweep, float("-inf")) >= seconds:
        _swept[sweep] = time.monotonic()
        sweep()


def _sweep_records() -> None:
    sign_ins.sweep()
    Heartbeat.objects.sweep()


def archive() -> bool:
    """Sweeps, and copies. Returns whether there may be more at once."""
    _now_and_then(ARCHIVE_SWEPT_EVERY, sweeping.sweep)
    _now_and_then(COUNTED_EVERY, Tally.objects.count_anew)
    return copy()


def copy() -> bool:
    """Copies a clip, or compares one with what it continues. Returns whether there may be more at once."""
    return Clip.objects.is_something_due() and (copying.copy_next() or comparing.compare_next())
