"""Whoever writes to one SQLite file, one after the other."""

import fcntl
import os
import threading
import time
from contextlib import suppress
from functools import cache

# Seconds that a writer waits for its turn. It goes on without one then: SQLite's own lock still holds.
PATIENCE = 5.0
# Seconds between two looks whether another process is done. A process has one thread at most that looks.
STEP = 0.001


class Queue:
    """Lets in one thread of one process at a time.

    It makes waiting short, no more: SQLite lets a writer that meets another sleep up to 100 ms between two tries, and
    the unlucky ones wait for a second while others overtake them.
    """

    def __init__(self, path: str) -> None:
        self._threads = threading.Lock()
        self._path = path
        self._file: int | None = None

    def enter(self) -> bool:
        """Waits for a turn; returns whether there was one, to be ended by `leave`."""
        until = time.monotonic() + PATIENCE
        if not self._threads.acquire(timeout=PATIENCE):
            return False
        if self._others_are_done(until):
            return True
        self._threads.release()
        return False

    def leave(self) -> None:
        with suppress(OSError):
            fcntl.lockf(self._opened(), fcntl.LOCK_UN)
        self._threads.release()

    def _others_are_done(self, until: float) -> bool:
        """Locks the file against other processes. Such a lock is a process's own: no child has it by a fork."""
        while time.monotonic() < until:
            try:
                fcntl.lockf(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(STEP)
            except OSError:
                # A folder that nobody may write to: SQLite says so better.
                return False
            else:
                return True
        return False

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file


@cache
def of(database: str) -> Queue:
    """The queue before the file `database`."""
    return Queue(f"{database}-queue")


# A thread of the parent that held a turn is not in the child to end it.
os.register_at_fork(after_in_child=of.cache_clear)
