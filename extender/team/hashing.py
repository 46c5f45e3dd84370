"""How passwords are hashed: slowly, and so few at once that strangers take neither the memory nor the threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

# Each takes 100 MiB, and all processors for a tenth of a second.
AT_ONCE = 2
_free = BoundedSemaphore(AT_ONCE)


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


class Hasher(Argon2PasswordHasher):
    """Django's own Argon2, a few at once in each process. Whoever hashes may get `TooBusy`."""

    def encode(self, password: str, salt: str) -> str:
        """The hash as it is kept."""
        with place():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Whether `encoded` was made of `password`."""
        with place():
            return super().verify(password, encoded)
