"""Parts of a file, as HTTP asks for them (RFC 9110, section 14), read as nginx reads them."""

import re
import secrets
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

CHUNK_BYTES = 64 * 1024
# More than 18 digits are no offset of any file, and Python refuses to read very long numbers.
ITEM = re.compile(r" *(?:([0-9]{1,18}) *- *([0-9]{1,18})?|-([0-9]{1,18})) *")


class Unsatisfiable(Exception):
    """No byte of the file is what was asked for, or the question makes no sense."""


def parse_ranges(header: str, size: int) -> list[range]:
    """The offsets that a Range header asks for of a file of `size` bytes, in its order; [] means all of the file.

    Raises `Unsatisfiable`. A header in another unit asks for nothing, and neither does one that asks for more
    than the whole: it would make the server read the file many times over.
    """
    if len(header) < 7 or header[:6].lower() != "bytes=":
        return []
    found = []
    for item in header[6:].split(","):
        match = ITEM.fullmatch(item)
        if not match:
            raise Unsatisfiable
        first, last, suffix = match.groups()
        start = int(first) if first else max(0, size - int(suffix))
        asked = range(start, min(int(last) + 1, size) if last else size)
        if asked:
            found.append(asked)
        elif start == 0:
            # An empty file has no part, but it can be had whole.
            return []
    if not found:
        raise Unsatisfiable
    return found if sum(map(len, found)) <= size else []


def content_range(asked: range, size: int) -> str:
    """The header that says which part of a file this is."""
    return f"bytes {asked.start}-{asked.stop - 1}/{size}"


class Slice:
    """One part of an open file. It has a descriptor, so that a server can send it with sendfile()."""

    def __init__(self, file: BinaryIO, asked: range) -> None:
        file.seek(asked.start)
        self._file = file
        self._left = len(asked)

    def read(self, size: int) -> bytes:
        """At most `size` bytes more; b"" at the part's end."""
        chunk = self._file.read(min(size, self._left))
        self._left -= len(chunk)
        return chunk

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()


class Multipart:
    """Several parts of an open file as one body of the type `multipart/byteranges`."""

    def __init__(self, file: BinaryIO, asked: list[range], size: int, content_type: str) -> None:
        boundary = secrets.token_hex(10)
        self.content_type = f"multipart/byteranges; boundary={boundary}"
        self._file = file
        begin = f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: "
        self._parts = [(f"{begin}{content_range(one, size)}\r\n\r\n".encode(), one) for one in asked]
        self._end = f"\r\n--{boundary}--\r\n".encode()
        self.length = sum(len(head) + len(one) for head, one in self._parts) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        for head, one in self._parts:
            yield head
            yield from iter(partial(Slice(self._file, one).read, CHUNK_BYTES), b"")
        yield self._end

    def close(self) -> None:
        self._file.close()
