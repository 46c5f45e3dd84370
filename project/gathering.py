"""What has come of a request while nobody works on it yet. What it means is for gunicorn to read."""

import re
from tempfile import SpooledTemporaryFile
from urllib.parse import unquote_to_bytes

# Beyond this it lies in a file.
MEMORY_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
# A picture to begin with, and its form; what announces more is refused unread.
BODY_BYTES = 28 * 1024 * 1024
# What one without a length may have, and a little: the rest is not even kept.
CHUNKED_BYTES = 2621440 + MEMORY_BYTES
# And lines between its chunks: each costs more to read than a hundred bytes do.
CHUNK_LINES = 10_000
END = b"\r\n\r\n"
# Its path may be spelt in many ways, and gunicorn lets an empty line stand before it.
POSTS = re.compile(rb"(?:\r\n)?POST ([^ ?#]*)")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n", re.IGNORECASE)
# Python refuses to read very long numbers; what has as many digits is too large.
LENGTH_DIGITS = 18
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
FORWARDED = re.compile(rb"\r\nx-forwarded-for:([^\r]*)", re.IGNORECASE)
EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)


class Gathered:
    """The bytes of one request so far. A wrong guess at its end spoils that request, and no other."""

    def __init__(self) -> None:
        self.size = 0
        # Whether it is time to read it: it is whole, or too large, or makes no sense.
        self.is_ready = False
        # Whether there is more to come that nobody will read.
        self.is_cut = False
        # Whether its sender waits for a word before the body.
        self.expects = False
        # Whether it is the form of somebody who signs in.
        self.signs_in = False
        # Whether it is a webhook.
        self.calls_back = False
        # For whom a proxy says that such a form comes, from the first to the last.
        self.forwarded = ""
        # Of head and body, as far as it is known.
        self.promised = 0
        self.file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115, closed with the connection
        self._head: bytearray | None = bytearray()
        self._chunks: _Chunks | None = None

    def add(self, data: bytes) -> None:
        """Keeps what came."""
        self.file.write(data)
        self.size += len(data)
        if self._head is None:
            self._add_to_body(data)
            return
        # It may come by the letter, and is looked through but once.
        seen = max(0, len(self._head) - len(END) + 1)
        self._head += data
        end = self._head.find(END, seen)
        if end >= 0:
            head, body = bytes(self._head[: end + 2]), bytes(self._head[end + len(END) :])
            self._head = None
            self._begin_body(head, end + len(END))
            self._add_to_body(body)
        elif self.size > HEAD_BYTES:
            self._cut()

    def end(self) -> None:
        """Nothing more will come."""
        self._cut()

    def _begin_body(self, head: bytes, size: int) -> None:
        self.expects = bool(EXPECTS.search(head))
        posts = POSTS.match(head)
        path = unquote_to_bytes(posts[1]) if posts else b""
        self.signs_in = path.endswith(b"/login/")
        self.calls_back = b"/webhooks/" in path
        if self.signs_in:
            self.forwarded = b",".join(FORWARDED.findall(head)).decode("latin-1")
        if CHUNKED.search(head):
            self._chunks, self.promised = _Chunks(), size + CHUNKED_BYTES
            return
        length = LENGTH.search(head)
        body = int(length[1].lstrip(b"0")[:LENGTH_DIGITS] or 0) if length else 0
        self.promised = size + body
        if body > BODY_BYTES:
            self._cut()

    def _add_to_body(self, data: bytes) -> None:
        if self._chunks:
            self.is_ready = self.is_ready or self._chunks.end_in(data)
            if not self.is_ready and self.size > self.promised:
                self._cut()
        elif self.size >= self.promised:
            self.is_ready = True

    def _cut(self) -> None:
        self.is_ready = self.is_cut = True


class _Chunks:
    """Finds the end of a body in chunks while it comes."""

    def __init__(self) -> None:
        self._line = b""
        self._lines = 0
        self._skip = 0
        self._in_trailer = False

    def end_in(self, data: bytes) -> bool:
        """Whether the body ends with `data`, or makes no sense from there."""
        at = 0
        while at < len(data):
            if self._skip:
                skipped = min(self._skip, len(data) - at)
                self._skip -= skipped
                at += skipped
                continue
            newline = data.find(b"\n", at)
            self._line += data[at : newline if newline >= 0 else len(data)]
            if newline < 0:
                break
            self._lines += 1
            if self._lines > CHUNK_LINES or self._ends(self._line.strip()):
                return True
            self._line = b""
            at = newline + 1
        return len(self._line) > MEMORY_BYTES

    def _ends(self, line: bytes) -> bool:
        if self._in_trailer:
            return not line
        size = line.partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", size):
            return True
        length = int(size, 16)
        self._in_trailer = not length
        # The line's end follows each of them.
        self._skip = length and length + 2
        return False
