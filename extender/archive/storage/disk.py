"""Stored files on this machine's disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.utils._os import safe_join

from extender.archive.storage.base import ADDRESS_SECONDS, Store
from extender.archive.storage.parts import Part, StoreTrouble, disk_trouble


class Disk(Store):
    """Stored files as files below `root`."""

    def path(self, name: str) -> Path:
        """Where the file lies; SuspiciousFileOperation for a name that leads out of the store."""
        return Path(safe_join(self.root, name))

    def put(self, part: Part, name: str) -> None:
        path = self.path(name)
        part.settle()
        with disk_trouble():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.path.rename(path)
            except FileNotFoundError as error:
                raise StoreTrouble("An unfinished copy was removed while it was in use.") from error
            # A name is durable once its directory is, and that one's own, if it is new.
            for directory in (path.parent, path.parent.parent, self.root):
                sync(directory)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        yield self.path(name)

    def open(self, name: str) -> BinaryIO:
        with disk_trouble():
            return self.path(name).open("rb")

    def size(self, name: str) -> int:
        with disk_trouble():
            return self.path(name).stat().st_size

    def exists(self, name: str) -> bool:
        with disk_trouble():
            return self.path(name).is_file()

    def delete(self, name: str) -> None:
        with disk_trouble():
            self.path(name).unlink(missing_ok=True)

    def address(
        self, name: str, *, method: str = "GET", download_name: str | None = None, seconds: int = ADDRESS_SECONDS
    ) -> None:
        return None


def sync(directory: Path) -> None:
    """Makes the names in `directory` as durable as the files are."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
