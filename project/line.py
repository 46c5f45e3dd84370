"""A visitor's connection, as a thread that answers them sees it: neither to read nor to write has it to wait."""

import errno
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from project.gathering import Gathered

# Only what is made while it is sent waits for its reader, who may be that far behind.
AHEAD_BYTES = 256 * 1024
# Who takes nothing for so long is gone. So is who keeps a thread and is slower than this after it.
SEND_SECONDS = 60
SENT_A_SECOND = 64 * 1024
RECEIVED_BYTES = 64 * 1024
SENT_BYTES = 1 << 30


class Line:
    """Stands for the socket. Reads give what was gathered, and then the end; what cannot be sent yet is kept.

    One thread uses it at a time: first the loop, then whoever answers, then the loop again.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self.gathered = Gathered()
        self._unsent: deque[_Bytes | _File] = deque()
        self._after: list[Callable[[], object]] = []
        # Bytes that the system has taken; and for how long a thread will still wait for it.
        self.sent = 0
        self._patience: float = SEND_SECONDS

    def fileno(self) -> int:
        return self._sock.fileno()

    # For the loop.

    def receive(self) -> bytes:
        """What has come; b"" at the end. BlockingIOError where nothing has."""
        return self._sock.recv(RECEIVED_BYTES)

    def say(self, data: bytes) -> None:
        """Sends a short word, if it can be sent."""
        with suppress(OSError):
            self._sock.send(data)

    def flush(self) -> bool:
        """Sends what can be sent now; whether that was all. OSError where the visitor is gone."""
        while self._unsent:
            try:
                self._count(self._unsent[0].send(self._sock))
            except BlockingIOError:
                return False
            if not self._unsent[0].left:
                self._unsent.popleft()
        self._let_go()
        return True

    def rest(self) -> bytes:
        """What nobody has read of what was gathered; a new request begins."""
        rest = self.gathered.file.read()
        self.gathered.file.close()
        self.gathered = Gathered()
        self._patience = SEND_SECONDS
        return rest

    # For gunicorn, which takes it for a socket.

    def recv(self, size: int) -> bytes:
        return self.gathered.file.read(size)

    def send(self, data: bytes) -> int:
        """Gunicorn's word to who expects one; it has been said."""
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Keeps `data` to be sent. Waits first where much of what came before is still here."""
        while sum(part.left for part in self._unsent) > AHEAD_BYTES and not self.flush():
            self._wait()
        self._unsent.append(_Bytes(data))
        self.flush()

    def sendfile(self, file: BinaryIO, offset: int = 0, count: int = 0) -> None:
        """Keeps `count` bytes of an open file to be sent; it must stay open until then (`when_sent`)."""
        self._unsent.append(_File(file, offset, count))
        self.flush()

    def when_sent(self, call: Callable[[], object]) -> None:
        """Calls this once all is sent, or the visitor is gone."""
        self._after.append(call)
        if not self._unsent:
            self._let_go()

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        self._unsent.clear()
        self._let_go()
        self.gathered.file.close()
        self._sock.close()

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def settimeout(self, seconds: float | None) -> None:
        """It never waits."""

    def gettimeout(self) -> float:
        return 0.0

    def _wait(self) -> None:
        """Waits for the reader to take more."""
        began = time.monotonic()
        waiting = select.poll()
        waiting.register(self._sock, select.POLLOUT)
        if not waiting.poll(max(0, self._patience) * 1000):
            raise BrokenPipeError(errno.EPIPE, "the reader is too slow")
        self._patience -= time.monotonic() - began

    def _count(self, sent: int) -> None:
        self.sent += sent
        self._patience = min(SEND_SECONDS, self._patience + sent / SENT_A_SECOND)

    def _let_go(self) -> None:
        while self._after:
            self._after.pop()()


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    @property
    def left(self) -> int:
        return len(self._data)

    def send(self, sock: socket.socket) -> int:
        """Sends some; how many bytes that were."""
        sent = sock.send(self._data)
        self._data = self._data[sent:]
        return sent


class _File:
    def __init__(self, file: BinaryIO, offset: int, count: int) -> None:
        self._file, self._offset, self.left = file, offset, count

    def send(self, sock: socket.socket) -> int:
        """Has the kernel send some; how many bytes that were."""
        sent = os.sendfile(sock.fileno(), self._file.fileno(), self._offset, min(self.left, SENT_BYTES))
        if not sent:
            raise BrokenPipeError(errno.EPIPE, "the file has become shorter")
        self._offset += sent
        self.left -= sent
        return sent
