"""Files in the making, on this machine's disk, and what its disk may refuse."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

# Others on this machine may not read the clips. A proxy that serves them belongs to our group.
KEPT_MODE = 0o640
DISK_SENTENCES = {
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "The disk quota is used up.",
    errno.EROFS: "The disk is read-only.",
    errno.EACCES: "The archive's directory may not be read or written.",
    errno.EPERM: "The archive's directory may not be read or written.",
    errno.EIO: "The disk is failing.",
}


class StoreTrouble(Exception):
    """The store cannot do its work now. Its text is a sentence for staff."""


@contextmanager
def disk_trouble() -> Iterator[None]:
    """Raises as `StoreTrouble` what the disk refuses; that a file is missing stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        sentence = DISK_SENTENCES.get(error.errno or 0, f"The disk does not work: {error.strerror}.")
        raise StoreTrouble(sentence) from error


class Part:
    """A file in the making, which nobody else may read. The end of its `with` removes it, unless it was stored."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file

    @classmethod
    def new(cls, directory: Path) -> Self:
        """A new, empty file in the directory."""
        with disk_trouble():
            directory.mkdir(parents=True, exist_ok=True)
            descriptor, path = tempfile.mkstemp(dir=directory, suffix=".part")
        return cls(Path(path), os.fdopen(descriptor, "wb"))

    @classmethod
    def of(cls, path: Path) -> Self:
        """A file that another process has made, on the disk of the parts."""
        with disk_trouble():
            return cls(path, path.open("ab"))

    def write(self, chunk: bytes) -> int:
        """Adds `chunk`; `StoreTrouble` where the disk refuses it."""
        with disk_trouble():
            return self._file.write(chunk)

    def flush(self) -> None:
        """What was written so far can now be read, and changed, at `path`."""
        with disk_trouble():
            self._file.flush()

    def close(self) -> None:
        """Ends the writing: what was written can now be read at `path`."""
        with disk_trouble():
            self._file.close()

    def settle(self) -> None:
        """Like close(), and the bytes outlive a power cut."""
        if self._file.closed:
            return
        with disk_trouble():
            self._file.flush()
            os.fchmod(self._file.fileno(), KEPT_MODE)
            os.fsync(self._file.fileno())
        self.close()

    def discard(self) -> None:
        """Removes the file, if it still lies under its temporary name."""
        # What could not be written is tried once more by the closing, and is not wanted.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()
