"""An eye on a stream: how long it may last, and how much has to come while its server is waited for."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from extender.network.deadline import CuttableAdapter


class Limits(NamedTuple):
    """`seconds` in all; and `pace_bytes` in each `pace_seconds` that were spent waiting for the server."""

    seconds: float
    pace_seconds: float
    pace_bytes: int


class Watch:
    """Cuts `adapters` once a limit is broken; `verdict` then says which, and "" while none is.

    It looks on from a thread of its own: a server that drips its headers, or the frame of a chunk, keeps the reader
    inside one single read. Time that a slow browser takes between two reads is not held against the server.
    """

    verdict = ""

    def __init__(self, adapters: Iterable[CuttableAdapter], limits: Limits) -> None:
        self._adapters, self._limits = list(adapters), limits
        self._ends = time.monotonic() + limits.seconds
        self._lock = threading.Lock()
        self._waited, self._since, self._bytes = 0.0, 0.0, 0
        self._over = threading.Event()
        threading.Thread(target=self._look_on, name="stream watch", daemon=True).start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While the server is waited for."""
        with self._lock:
            self._since = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._waited += time.monotonic() - self._since
                self._since = 0.0

    def received(self, count: int) -> None:
        """So many more bytes of the body came."""
        with self._lock:
            self._bytes += count

    def stop(self) -> None:
        """Nothing is cut from now on."""
        self._over.set()

    def _so_far(self) -> tuple[float, int]:
        with self._lock:
            return self._waited + (time.monotonic() - self._since if self._since else 0.0), self._bytes

    def _look_on(self) -> None:
        window_began, bytes_before = 0.0, 0
        while not self._over.wait(min(self._limits.seconds, self._limits.pace_seconds) / 10):
            waited, received = self._so_far()
            if time.monotonic() > self._ends:
                return self._cut("It took too long.")
            if waited - window_began >= self._limits.pace_seconds:
                if received - bytes_before < self._limits.pace_bytes:
                    return self._cut("It came too slowly.")
                window_began, bytes_before = waited, received
        return None

    def _cut(self, verdict: str) -> None:
        self.verdict = verdict
        for adapter in self._adapters:
            adapter.cut()
