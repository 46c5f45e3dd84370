"""A part of a file, as HTTP asks for it (RFC 9110, section 14), read as nginx reads it."""

import re
from contextlib import ExitStack
from typing import BinaryIO

# More than 18 digits are no offset of any file, and Python refuses to read very long numbers.
ITEM = re.compile(r" *(?:([0-9]{1,18}) *- *([0-9]{1,18})?|-([0-9]{1,18})) *")


class Unsatisfiable(Exception):
    """No byte of the file is what was asked for, or the question makes no sense."""


def parse_range(header: str, size: int) -> range | None:
    """The offsets that a Range header asks for of a file of `size` bytes; None means all of the file.

    Raises `Unsatisfiable`. A header in another unit asks for nothing. Of several parts a server may send the whole
    instead: no browser's player asks for them, and many of them would make us read the file many times over.
    """
    if len(header) < 7 or header[:6].lower() != "bytes=" or "," in header:
        return None
    match = ITEM.fullmatch(header[6:])
    if not match:
        raise Unsatisfiable
    first, last, suffix = match.groups()
    start = int(first) if first else max(0, size - int(suffix))
    asked = range(start, min(int(last) + 1, size) if last else size)
    if asked:
        return asked
    if start == 0:
        # An empty file has no part, but it can be had whole.
        return None
    raise Unsatisfiable


def content_range(asked: range, size: int) -> str:
    """The header that says which part of a file this is."""
    return f"bytes {asked.start}-{asked.stop - 1}/{size}"


class Slice:
    """One part of an open file, which is closed by what is `held`. A server can send it with sendfile()."""

    def __init__(self, file: BinaryIO, asked: range, held: ExitStack) -> None:
        file.seek(asked.start)
        self._file = file
        self._held = held
        self._left = len(asked)

    def read(self, size: int) -> bytes:
        """At most `size` bytes more; b"" at the part's end."""
        chunk = self._file.read(min(size, self._left))
        self._left -= len(chunk)
        return chunk

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._held.close()
