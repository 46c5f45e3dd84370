"""How passwords are hashed: slowly, and so few at once that strangers take neither the memory nor the threads."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

# Each takes 100 MiB, and all processors for a tenth of a second.
AT_ONCE = 2
_free = BoundedSemaphore(AT_ONCE)
LOW_PRIORITY = 10


def _step_back() -> None:
    """Lets pages go first, where threads have a priority of their own, as they do on Linux."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY)


# The threads that Argon2 itself begins inherit their priority.
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hashing", initializer=_step_back)


class TooBusy(Exception):
    """As many passwords are being hashed in this process as may be at once."""


@contextmanager
def place() -> Iterator[None]:
    """One of the few places. Raises `TooBusy` at once where none is free: who waits would keep a thread."""
    if not _free.acquire(blocking=False):
        raise TooBusy
    try:
        yield
    finally:
        _free.release()


def ask() -> None:
    """Raises `TooBusy` where no place is free: nothing else needs to be done then."""
    with place():
        pass


class Hasher(Argon2PasswordHasher):
    """Django's own Argon2, a few at once in each process. Whoever hashes may get `TooBusy`."""

    def encode(self, password: str, salt: str) -> str:
        """The hash as it is kept."""
        with place():
            return _threads.submit(super().encode, password, salt).result()

    def verify(self, password: str, encoded: str) -> bool:
        """Whether `encoded` was made of `password`."""
        with place():
            return _threads.submit(super().verify, password, encoded).result()
