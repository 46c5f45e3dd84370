"""What a store does, and how stored files are named.

A name is made of its clip's checksum, so a stored file never changes, and two who write it cannot disagree.
"""

import hashlib
import re
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import BinaryIO

from django.conf import settings

from extender.archive.storage.parts import Part, StoreTrouble, disk_trouble
from extender.video.layout import PICTURE_SUFFIXES

KINDS = {"clip": ".mp4", "poster": ".poster.webp", "thumbnail": ".thumbnail.webp", "storyboard": ".storyboard.webp"}
# What no address serves.
HIDDEN_KINDS = {"flipbook": ".flipbook"}
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".flipbook": "application/octet-stream",
}
SHA256 = re.compile("[0-9a-f]{64}")
CHUNK_BYTES = 1024 * 1024
MEBIBYTE = 1024 * 1024
ADDRESS_SECONDS = 900


def name(sha256: str, kind: str) -> str:
    """The name of a clip's file of `kind`, a key of KINDS, HIDDEN_KINDS or PICTURE_SUFFIXES.

    `sha256` is the clip's, 64 lower-case hex digits.
    """
    if not SHA256.fullmatch(sha256):
        raise ValueError("a checksum is 64 lower-case hexadecimal digits")
    return f"clips/{sha256[:2]}/{sha256}{(KINDS | HIDDEN_KINDS | PICTURE_SUFFIXES)[kind]}"


def film_name(cut_list: str, end: str) -> str:
    """The name of an exported film; `cut_list` is the SHA-256 of what it is made of, `end` a key of CONTENT_TYPES."""
    if not SHA256.fullmatch(cut_list):
        raise ValueError("a checksum is 64 lower-case hexadecimal digits")
    return f"films/{cut_list[:2]}/{cut_list}{end}"


def content_type(name: str) -> str:
    """The media type of the file under `name`."""
    return CONTENT_TYPES[PurePath(name).suffix]


class Store(ABC):
    """Stored files by name, and the parts that become stored files: these lie on the local disk, whatever the store.

    Every method raises `StoreTrouble` where the store cannot do its work; opening or measuring a file that is
    not there is FileNotFoundError.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._parts = root / "tmp"

    def part(self) -> Part:
        """A new, empty file to write to, to be used in a `with`."""
        return Part.new(self._parts)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A new, empty folder on the disk of the parts, as long as the `with` lasts."""
        with disk_trouble():
            self._parts.mkdir(parents=True, exist_ok=True)
            made = tempfile.mkdtemp(dir=self._parts, suffix=".part")
        try:
            yield Path(made)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    @abstractmethod
    def put(self, part: Part, name: str) -> None:
        """Puts the part under `name`, whole or not at all, and durably."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """The stored file, to be read from its beginning and closed."""

    @abstractmethod
    def size(self, name: str) -> int:
        """Bytes of the stored file."""

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Whether the file is stored."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Removes the file; one that is not there is as good."""

    @abstractmethod
    def address(
        self, name: str, *, method: str = "GET", download_name: str | None = None, seconds: int = ADDRESS_SECONDS
    ) -> str | None:
        """Where a browser gets the file for the next `seconds` by `method`; None if from nowhere but from us."""

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """The stored file as one on this machine's disk, as long as the `with` lasts."""
        with self.open(name) as file, self.part() as part:
            while chunk := self._read(file):
                part.write(chunk)
            part.close()
            yield part.path

    def checksum(self, name: str, progress: Callable[[int], object] = lambda done: None) -> str:
        """The SHA-256 of the stored file as it is now, in hex; `progress` hears of the bytes read so far."""
        digest, done = hashlib.sha256(), 0
        with self.open(name) as file:
            while chunk := self._read(file):
                digest.update(chunk)
                done += len(chunk)
                progress(done)
        return digest.hexdigest()

    def _read(self, file: BinaryIO) -> bytes:
        with disk_trouble():
            return file.read(CHUNK_BYTES)

    def free_bytes(self) -> int:
        """Bytes left on the disk on which parts are written."""
        with disk_trouble():
            self._parts.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self._parts).free

    def require_room(self, size: int) -> None:
        """Raises `StoreTrouble` where `size` more bytes would not leave ARCHIVE_KEEP_FREE_MB on that disk."""
        if self.free_bytes() - size < settings.ARCHIVE_KEEP_FREE_MB * MEBIBYTE:
            raise StoreTrouble("The disk is nearly full.")

    def prune(self, older_than: float) -> list[Path]:
        """Removes the parts and folders that nobody has written to for `older_than` seconds; returns their paths.

        A part that is being uploaded is written to no more: let `older_than` be longer than any upload.
        """
        removed, horizon = [], time.time() - older_than
        with disk_trouble():
            for path in self._parts.glob("*.part"):
                # Whoever writes it may store or remove it meanwhile.
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < horizon:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
                        removed.append(path)
        return removed
