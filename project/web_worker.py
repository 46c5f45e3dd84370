"""Gunicorn's worker of threads, to which a slow visitor is a file handle: only whole requests are given to a thread.

One loop gathers what visitors send and sends on what they have not taken yet, the kernel reading files by itself. How
HTTP is read and written, and when a connection is kept, stays gunicorn's.
"""

import errno
import resource
import selectors
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.config import Config
from gunicorn.errors import ConfigError
from gunicorn.glogging import Logger
from gunicorn.http.wsgi import FileWrapper
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from project.gathering import MEMORY_BYTES
from project.line import SEND_SECONDS, Line
from project.sign_ins import SignIns, network
from project.threads import WEBHOOK_THREADS

# For a visitor to say something, and then to the end of a head. Each of so many bytes, one way or the other, gives a
# second more.
REQUEST_SECONDS = 30
BYTES_A_SECOND = 16 * 1024
# What all bodies on their way to this process may come to, where each is more than a few forms.
BODIES_BYTES = 256 * 1024 * 1024
# So long is who was answered last listened to, lest what is on its way to us cut the answer off.
LEAVING_SECONDS = 2
# The socket, what came, and a film.
FILES_A_VISITOR = 3
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def refusal(sentence: bytes) -> bytes:
    """What is said without a thread."""
    lines = [
        b"HTTP/1.1 503 Service Unavailable",
        b"Content-Type: text/plain",
        b"Content-Length: %d" % len(sentence),
        b"Retry-After: 10",
        b"Connection: close",
        b"",
        sentence,
    ]
    return b"\r\n".join(lines)


FULL = refusal(b"Too much is being uploaded. Try again in a moment.\n")
CROWDED = refusal(b"Too many people are signing in. Try again in a moment.\n")


class Visitor(TConn):
    """A connection."""

    def __init__(self, worker: "Worker", sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, sock, client, server)
        self.sock = Line(sock)
        self._worker = worker
        # No thread has to wait for the first byte.
        self.data_ready = True

    def close(self, graceful: bool = False) -> None:
        """Ends it; gracefully: once the visitor has read the last answer."""
        if graceful:
            self._worker.see_out(self)
        else:
            self.sock.close()


class Worker(ThreadWorker):
    """What waits for a visitor is in `_waiting`, and registered in the poller; until when stands in its `timeout`."""

    wsgi: Any

    @classmethod
    def check_config(cls, cfg: Config, log: Logger) -> None:
        """Refuses what it cannot do."""
        if cfg.is_ssl:
            raise ConfigError("TLS is the proxy's: see docs/deploy.md.")

    def init_process(self) -> None:
        self._waiting: set[Visitor] = set()
        self._swept = 0.0
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.worker_connections = min(self.cfg.worker_connections, most // FILES_A_VISITOR)
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """The threads of pages."""
        self._sign_ins = SignIns()
        self._webhook_threads = ThreadPoolExecutor(WEBHOOK_THREADS)
        return super().get_thread_pool()

    def enqueue_req(self, conn: Visitor) -> None:
        """Gives a whole request to a thread."""
        gathered = conn.sock.gathered
        if gathered.signs_in:
            self._let_sign_in(conn, network(conn.client, gathered.forwarded))
        elif gathered.calls_back:
            self._submit(self._webhook_threads, conn, self.finish_request)
        else:
            super().enqueue_req(conn)

    def _let_sign_in(self, visitor: Visitor, place: str) -> None:
        if self._sign_ins.enter(place):
            self._submit(self._sign_ins.threads, visitor, partial(self._finish_sign_in, place))
        else:
            self._refuse(visitor, CROWDED)

    def _finish_sign_in(self, place: str, visitor: Visitor, fs: "Future[bool]") -> None:
        self._sign_ins.leave(place)
        self.finish_request(visitor, fs)

    def _submit(self, threads: ThreadPoolExecutor, visitor: Visitor, then: Any) -> None:
        threads.submit(self.handle, visitor).add_done_callback(
            lambda future: self.method_queue.defer(then, visitor, future)
        )

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self._application, self.wsgi = self.wsgi, self._answer

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        """The answer; a file is closed once its reader has it, or is gone."""
        answer = self._application(environ, start_response)
        if isinstance(answer, FileWrapper):
            answer.close = partial(environ["gunicorn.socket"].when_sent, answer.close)
        return answer

    def accept(self, listener: socket.socket) -> None:
        """Lets a visitor in."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self.log.error("too many files are open to let anybody in")
                time.sleep(0.1)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        visitor = Visitor(self, sock, client, listener.getsockname())
        self._await(visitor, selectors.EVENT_READ, self._receive, REQUEST_SECONDS)
        self._receive(visitor)

    def on_client_socket_readable(self, conn: Visitor, client: Line) -> None:
        """A visitor whose connection was kept asks for more."""
        self.keepalived_conns.remove(conn)
        self.poller.unregister(client)
        self._await(conn, selectors.EVENT_READ, self._receive, REQUEST_SECONDS)
        self._receive(conn)

    def finish_request(self, conn: Visitor, fs: "Future[bool]") -> None:
        """Comes from a thread that has answered: sends the rest of it, and then listens again."""
        if self._sent(conn):
            self._go_on(conn, fs)
        elif conn.sock.fileno() >= 0:
            self._await(conn, selectors.EVENT_WRITE, partial(self._send, fs), SEND_SECONDS)

    def murder_pending(self) -> None:
        """Hangs up on whoever takes too long; called at each turn of the loop."""
        now = time.monotonic()
        if now < self._swept + 1:
            return
        self._swept = now
        for visitor in [visitor for visitor in self._waiting if visitor.timeout < now]:
            self._drop(visitor)
        if not self.alive:
            # Who has begun to send or to read may end.
            for visitor in self._waiting:
                if not visitor.sock.gathered.size:
                    visitor.timeout = min(visitor.timeout, now + STOP_KEEPALIVE_LINGER)

    def see_out(self, visitor: Visitor) -> None:
        """Says that nothing more will come, and waits a moment for the visitor to hang up."""
        try:
            visitor.sock.shutdown(socket.SHUT_WR)
        except OSError:
            visitor.sock.close()
        else:
            self.nr_conns += 1
            self._await(visitor, selectors.EVENT_READ, self._ignore, LEAVING_SECONDS)

    def _keepalive_after(self, conn: Visitor, keepalive: bool) -> bool:
        return not conn.sock.gathered.is_cut and super()._keepalive_after(conn, keepalive)

    def _await(self, visitor: Visitor, event: int, call: Any, seconds: float) -> None:
        visitor.timeout = time.monotonic() + seconds
        self._waiting.add(visitor)
        self.poller.register(visitor.sock, event, lambda _: call(visitor))

    def _stop_waiting(self, visitor: Visitor) -> None:
        self._waiting.discard(visitor)
        with suppress(KeyError, ValueError):
            self.poller.unregister(visitor.sock)

    def _drop(self, visitor: Visitor) -> None:
        self._stop_waiting(visitor)
        self.nr_conns -= 1
        visitor.close()

    def _receive(self, visitor: Visitor) -> None:
        try:
            data = visitor.sock.receive()
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data or visitor.sock.gathered.size:
            self._gather(visitor, data)
        else:
            self._drop(visitor)

    def _gather(self, visitor: Visitor, data: bytes) -> None:
        """Adds `data` (b"": the end) to the request, and gives it to a thread where it is whole."""
        gathered = visitor.sock.gathered
        begins, had_no_head = not gathered.size, not gathered.promised
        if data:
            gathered.add(data)
        else:
            gathered.end()
        if gathered.is_ready:
            self._stop_waiting(visitor)
            gathered.file.seek(0)
            self.enqueue_req(visitor)
            return
        if begins:
            visitor.timeout = time.monotonic() + REQUEST_SECONDS
        visitor.timeout += len(data) / BYTES_A_SECOND
        if gathered.promised and had_no_head:
            self._begin_body(visitor)

    def _begin_body(self, visitor: Visitor) -> None:
        gathered = visitor.sock.gathered
        if gathered.promised > MEMORY_BYTES and self._promised() > BODIES_BYTES:
            self._stop_waiting(visitor)
            self._refuse(visitor, FULL)
        elif gathered.expects:
            visitor.sock.say(CONTINUE)

    def _refuse(self, visitor: Visitor, word: bytes) -> None:
        visitor.sock.say(word)
        self.nr_conns -= 1
        visitor.close(graceful=True)

    def _promised(self) -> int:
        return sum(visitor.sock.gathered.promised for visitor in self._waiting)

    def _sent(self, visitor: Visitor) -> bool:
        """Sends what can be sent; whether that was all. Who is gone is dropped."""
        try:
            return visitor.sock.flush()
        except OSError:
            self._drop(visitor)
            return False

    def _send(self, fs: "Future[bool]", visitor: Visitor) -> None:
        before = visitor.sock.sent
        if self._sent(visitor):
            self._stop_waiting(visitor)
            self._go_on(visitor, fs)
            return
        more = (visitor.sock.sent - before) / BYTES_A_SECOND
        visitor.timeout = min(visitor.timeout + more, time.monotonic() + SEND_SECONDS)

    def _go_on(self, visitor: Visitor, fs: "Future[bool]") -> None:
        """After an answer that was sent: the next request, of which a part may be here, or the end."""
        if fs.cancelled() or fs.exception() or not fs.result():
            super().finish_request(visitor, fs)
            return
        rest = visitor.parser.unreader.take_buffered() + visitor.sock.rest()
        if rest:
            self._await(visitor, selectors.EVENT_READ, self._receive, REQUEST_SECONDS)
            self._gather(visitor, rest)
        else:
            super().finish_request(visitor, fs)

    def _ignore(self, visitor: Visitor) -> None:
        try:
            if visitor.sock.receive():
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._drop(visitor)
