"""How long a reader is waited for: by a thread, and by the loop. Time is the tests' own."""

import select
import selectors
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, suppress
from tempfile import TemporaryFile
from types import SimpleNamespace
from typing import Any

import pytest

from project.line import AHEAD_BYTES, SEND_SECONDS, SENT_A_SECOND, Line
from project.web_worker import BYTES_A_SECOND, Visitor, Worker

CHUNK = bytes(64 * 1024)


class Reader:
    """One who takes `pace` bytes a second, and the clock by which they do; a thread that polls waits for them."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.pace, self.now = sock, 0, 0.0

    def monotonic(self) -> float:
        return self.now

    def read(self, seconds: float) -> None:
        self.now += seconds
        left = int(self.pace * seconds)
        with suppress(BlockingIOError):
            while left:
                left -= len(self.sock.recv(left))

    def register(self, *_: object) -> None:
        pass

    def poll(self, milliseconds: float) -> list[Any]:
        seconds = min(1, milliseconds / 1000) if self.pace else milliseconds / 1000
        self.read(seconds)
        return ["ready"] if seconds == 1 and self.pace else []


@pytest.fixture
def ends(monkeypatch) -> Iterator[tuple[socket.socket, Reader]]:
    """Our end of a connection, and who reads at the other."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        reader = Reader(theirs)
        monkeypatch.setattr("project.line.time", reader)
        monkeypatch.setattr("project.line.select", SimpleNamespace(poll=lambda: reader, POLLOUT=select.POLLOUT))
        monkeypatch.setattr("project.web_worker.time", reader)
        yield ours, reader


def send(line: Line, size: int) -> None:
    for _ in range(size // len(CHUNK)):
        line.sendall(CHUNK)


def test_who_reads_at_the_least_pace_keeps_a_thread_to_the_end(ends):
    sock, reader = ends
    reader.pace = SENT_A_SECOND
    with closing(Line(sock)) as line:
        send(line, 5 * SEND_SECONDS * SENT_A_SECOND)
        assert reader.now > 4 * SEND_SECONDS


def test_who_reads_slower_keeps_it_for_a_while_however_steadily_they_do(ends):
    sock, reader = ends
    reader.pace = SENT_A_SECOND // 2
    with closing(Line(sock)) as line:
        with pytest.raises(BrokenPipeError):
            send(line, 100 * SEND_SECONDS * SENT_A_SECOND)
        assert SEND_SECONDS < reader.now < 3 * SEND_SECONDS


def test_who_was_quick_may_stop_no_longer_than_others(ends):
    sock, reader = ends
    reader.pace = 1000 * SENT_A_SECOND
    with closing(Line(sock)) as line:
        send(line, 100 * SENT_A_SECOND)
        began, reader.pace = reader.now, 0
        with pytest.raises(BrokenPipeError):
            send(line, 100 * AHEAD_BYTES)
        assert reader.now - began == SEND_SECONDS


@pytest.mark.parametrize(("share", "stays"), [(0.5, False), (1, True)])
def test_who_reads_a_file_slower_than_the_least_pace_is_hung_up_on(ends, share, stays):
    sock, reader = ends
    reader.pace = int(share * BYTES_A_SECOND)
    worker, visitor = object.__new__(Worker), object.__new__(Visitor)
    worker._waiting, worker.poller, worker._swept = set(), selectors.DefaultSelector(), 0.0
    worker.alive, worker.nr_conns = True, 1
    done: Future[bool] = Future()
    with worker.poller, TemporaryFile() as film:
        visitor.sock = Line(sock)
        film.truncate(100 * SEND_SECONDS * BYTES_A_SECOND)
        visitor.sock.sendfile(film, 0, 100 * SEND_SECONDS * BYTES_A_SECOND)
        worker.finish_request(visitor, done)
        while visitor in worker._waiting and reader.now < 5 * SEND_SECONDS:
            reader.read(10)
            worker._send(done, visitor)
            worker.murder_pending()
        assert (visitor in worker._waiting) == stays
        visitor.close()
