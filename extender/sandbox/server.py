"""The HTTP server: reads a request, checks the key, finds the call, writes the ledger, sends the answer."""

import hmac
import socket
import socketserver
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

from extender.sandbox import answers, calls, controls, delivery, hosting, ledger, log, misbehaviour, uploads, wire
from extender.sandbox.calls import Reply
from extender.sandbox.ledger import Entry
from extender.sandbox.service import Service

MOST_BODY = 1 << 20
MOST_UPLOAD = uploads.MOST_BYTES + (1 << 16)  # a picture, and what surrounds it in a multipart body
METHODS = {
    "/imagine": "POST",
    "/imagine-video": "POST",
    "/imagine-video-extend": "POST",
    "/upload": "POST",
    "/fetch": "POST",
    "/fetch-many": "POST",
    "/account": "GET",
}


class Server(ThreadingHTTPServer):
    """One daemon thread a connection: a stalled one holds up neither the others nor the exit."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    service: Service

    def __init__(self, address: tuple[str, int], handler: type["Handler"], fd: int | None = None) -> None:
        """Listens at `address`, or takes over the listening socket `fd`; OSError where it cannot."""
        super().__init__(address, handler, bind_and_activate=fd is None)
        if fd is not None:
            self.socket.close()
            self.socket = socket.socket(fileno=fd)
            self.server_address = self.socket.getsockname()

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # without HTTPServer's look-up of our name, which may take seconds

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error of ours; anything else is shown."""
        trouble = traceback.format_exc()
        if "ConnectionError" not in trouble and "BrokenPipe" not in trouble and "ConnectionReset" not in trouble:
            log.line(f"error: {trouble.strip().splitlines()[-1]}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "sandbox", ""
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # headers and body leave in one packet
    timeout = 90  # seconds that an idle connection is kept
    server: Server
    READS: ClassVar = ("GET", "HEAD")

    def do_POST(self) -> None:
        self._answer()

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815

    def _answer(self) -> None:
        began, path = time.monotonic(), urlsplit(self.path).path
        try:
            status, note = self._route(path)
        except OSError:
            self.close_connection, status, note = True, None, "the client went away"
        spent = round((time.monotonic() - began) * 1000)
        log.line(f"{self.command} {path[:80]} {status or 'no answer'} {spent} ms {note or ''}".rstrip())

    def _route(self, path: str) -> tuple[int | None, str | None]:
        """Answers; returns the status sent and a note for the log."""
        service = self.server.service
        raw = self._body()
        if raw is None:
            delivery.send(self, answers.refused(413, "The body is too long, or its length is missing"))
            return 413, None
        if path.startswith(("/videos/", "/images/")) and self.command in self.READS:
            return hosting.serve(self, service, self.path)
        if path.startswith(uploads.FOLDER) and self.command in self.READS:
            answer = calls.uploaded(service, path)
            delivery.send(self, answer)
            return answer.status, None
        if path.startswith("/_sandbox/"):
            answer = controls.answer(service, self.command, path, wire.parsed(raw))
            delivery.send(self, answer)
            return answer.status, None
        entry = Entry(self.command, path[:200])
        return self._call(service, path, raw, entry), entry.fault

    def _call(self, service: Service, path: str, raw: bytes, entry: Entry) -> int | None:
        try:
            reply = self._reply(service, path, raw, entry)
        except Exception:
            log.line(f"error: {traceback.format_exc().strip().splitlines()[-1]}")
            reply = Reply(answers.of(500, {}))
        is_packed = "gzip" in service.options.misbehave
        answer = answers.packed(reply.answer) if is_packed else reply.answer
        entry.status = None if answer.delivery == answers.HANG_UP else answer.status
        ledger.request(service.database, entry)  # first: whoever has the answer finds it in the ledger
        reply.before()
        try:
            if answer.wait and service.stopping.wait(answer.wait):
                self.close_connection = True
                return None
            delivery.send(self, answer)
        finally:
            reply.after()
        return entry.status

    def _reply(self, service: Service, path: str, raw: bytes, entry: Entry) -> Reply:
        if path not in METHODS:
            return Reply(answers.refused(404, "Not found"))
        if self.command != METHODS[path]:
            return Reply(answers.refused(405, f"Use {METHODS[path]}"))
        if dictated := service.dictated_answer(path):
            entry.fault = "dictated"
            return Reply(dictated)
        if fault := misbehaviour.edge_fault(service.options.misbehave):
            entry.fault = fault
            return Reply(answers.spoilt(answers.of(200, {}), fault, service.options.stall))
        if not self._has_key(service.key):
            return Reply(answers.of(401, {}))
        if path == "/account":
            return calls.account(service, entry)
        if path == "/upload":
            return calls.upload(service, raw, entry)
        fields = wire.parsed(raw)
        if fields is None:
            return Reply(answers.refused(400, "The body must be a JSON object"))
        if path == "/fetch":
            return calls.fetch(service, fields, entry)
        if path == "/fetch-many":
            return calls.fetch_many(service, fields, entry)
        return calls.submit(service, path.removeprefix("/"), fields, entry)

    def _has_key(self, key: str) -> bool:
        """Whether the key is given, raw as documented, or after `Bearer ` as APIFRAME's own SDK sends it."""
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode("latin-1", "replace"), key.encode())

    def _body(self) -> bytes | None:
        """The request's body; None if it is too long or its length is unknown."""
        length = self.headers.get("Content-Length", "0")
        most = MOST_UPLOAD if self.path == "/upload" else MOST_BODY
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > most:
            self.close_connection = True
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionResetError("the client went away in the middle of its request")
        return body

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent: each request has one line of our own."""
