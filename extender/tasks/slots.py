"""Slots for slow work in web requests: a few at once, so that what stalls cannot take every thread of a process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.conf import settings


class Full(Exception):
    """Every slot is taken. `str()` is a sentence for whoever waits."""


class TooMany(Full):
    """Whoever asks has as many already as one may."""


class Slots:
    """`count` slots, each for one piece of slow work at a time; `sentence` is for who finds none free.

    That is known at once; by `waiting` of them at a time after `patience` seconds: each keeps a thread meanwhile.
    """

    def __init__(self, count: int, sentence: str, patience: float = 0, waiting: int = 0) -> None:
        self._free = BoundedSemaphore(count)
        self._sentence = sentence
        self._patience = patience
        self._waiting = BoundedSemaphore(waiting)

    def take(self) -> None:
        """Takes a slot, to be given back. Raises `Full` where none is free."""
        if not (self._free.acquire(blocking=False) or self._wait()):
            raise Full(self._sentence)

    def give_back(self) -> None:
        """Frees a slot that was taken."""
        self._free.release()

    def _wait(self) -> bool:
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._free.acquire(timeout=self._patience)
        finally:
            self._waiting.release()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A slot for the time of a `with`. Raises `Full`."""
        self.take()
        try:
            yield
        finally:
            self.give_back()


APIFRAME = Slots(settings.APIFRAME_SLOTS, "Too many requests are waiting for APIFRAME. Try again in a moment.")
LOOKS = Slots(
    settings.LOOK_SLOTS,
    "Too many pictures are being looked into. Try again in a moment.",
    patience=30,
    waiting=settings.LOOKS_WAITING,
)
DOWNLOADS = Slots(settings.DOWNLOAD_SLOTS, "Too many downloads are running. Try again in a moment.")
