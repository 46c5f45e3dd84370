"""How much of a file is gone through, and how its bytes are read and overwritten, a piece at a time."""

from typing import BinaryIO

CHUNK_BYTES = 1024 * 1024
# Of millions of tiny parts, which no camera and no program makes, the rest is left as it is.
MOST_PARTS = 100_000


def overwrite(file: BinaryIO, at: int, by: bytes | int) -> bool:
    """Writes these bytes, or so many zeros; returns whether others stood there."""
    changed, left = False, by if isinstance(by, int) else len(by)
    while left:
        count = min(left, CHUNK_BYTES)
        new = by if isinstance(by, bytes) else bytes(count)
        file.seek(at)
        if file.read(count) != new:
            file.seek(at)
            file.write(new)
            changed = True
        at, left = at + count, left - count
    return changed


def read(file: BinaryIO, at: int, count: int) -> bytes:
    """So many bytes from `at` on; fewer where the file ends."""
    file.seek(at)
    return file.read(count)
