"""Requests to a server, eight at once, and what they cost it."""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path

AT_ONCE = 8
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Ask:
    """A request, and the status that is right for it."""

    path: str
    status: int = 200
    method: str = "GET"
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def once(self, connection: HTTPConnection) -> bytes:
        """Asks; returns the body of the answer. AssertionError where its status is another."""
        connection.request(self.method, self.path, self.body, dict(self.headers))
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == self.status, f"{self.method} {self.path}: {answer.status} {body[:300]!r}"
        return body


@dataclass(frozen=True)
class Cost:
    """What requests cost: milliseconds of the server's processors for one, and how long the slowest 1 % took."""

    cpu_ms: float
    p50_ms: float
    p99_ms: float
    a_second: float


def measure(port: int, pids: Sequence[int], asks: Sequence[Ask], count: int) -> Cost:
    """Sends `count` requests, `asks` in turn, eight at once; `pids` are the processes that serve."""
    todo = list(islice(cycle(asks), count))
    latencies: list[float] = []
    failures: list[BaseException] = []

    def visitor(mine: list[Ask]) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            for ask in mine:
                began = time.perf_counter()
                ask.once(connection)
                latencies.append(time.perf_counter() - began)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=visitor, args=(todo[number::AT_ONCE],)) for number in range(AT_ONCE)]
    before, began = processor_seconds(pids), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted, used = time.perf_counter() - began, processor_seconds(pids) - before
    if failures:
        raise failures[0]
    latencies.sort()
    p50, p99 = (1000 * latencies[int(part * (len(latencies) - 1))] for part in (0.5, 0.99))
    return Cost(1000 * used / count, p50, p99, count / lasted)


def processor_seconds(pids: Sequence[int]) -> float:
    """What these processes, and those that they have seen the end of, have used so far; the system's for them too."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(used) for found in fields for used in found[11:15]) / TICKS
