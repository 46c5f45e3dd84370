"""The directory of a backup: `manifest.json`, which names all else with its checksum, rows, and files.

It holds one whole backup at any time: a new one takes the place of the one before when its manifest does.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from extender.archive import storage
from extender.archive.storage.disk import Disk, sync
from extender.operations.backup.snapshot import SNAPSHOT

MANIFEST, LOCK, FILES, ROWS = "manifest.json", "lock", "files", "rows-"
LIST = "files.jsonl"
OURS = (MANIFEST, LOCK, FILES, ROWS, SNAPSHOT)
FORM = 1


class NoBackup(Exception):
    """The directory is not what it has to be. Its text is a sentence for whoever named it."""


class Damaged(Exception):
    """These files of a backup are not what its manifest says."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"This backup is damaged: {', '.join(names)}.")
        self.names = names


@dataclass(frozen=True)
class Written:
    """A file of lines in the folder of rows: how many, and its SHA-256."""

    lines: int
    sha256: str


@dataclass(frozen=True)
class Kept:
    """A stored file, by its name in the store."""

    name: str
    sha256: str
    bytes: int


@dataclass
class Manifest:
    """All that there is to know of a backup but its rows and files."""

    taken_at: str  # by the database's clock
    database: str  # "sqlite" or "postgresql"
    rows: str  # the folder of the rows
    migrations: list[list[str]]  # those that had made its tables: app and name
    key: str  # what tells whether SECRET_KEY is the same
    member: str = ""  # the only one whose data is in it, where it is not all
    tables: dict[str, Written] = field(default_factory=dict)
    files: Written | None = None
    missing: list[str] = field(default_factory=list)  # stored files, by name, that were missing or damaged
    form: int = FORM


class Folder:
    """A backup's directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = Disk(path / FILES)

    @classmethod
    @contextmanager
    def held(cls, path: Path) -> Iterator["Folder"]:
        """The directory to write to, made where it is missing, closed to others. `NoBackup` where it is not ours."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        strange = [each.name for each in path.iterdir() if not each.name.startswith(OURS)]
        if strange:
            raise NoBackup(f"{path} holds something else than a backup: {sorted(strange)[0]}. Name a new directory.")
        path.chmod(0o700)
        with (path / LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NoBackup(f"Another backup is just being written to {path}.") from None
            yield cls(path)

    def manifest(self) -> Manifest | None:
        """What stands in it; None where there is none. `Damaged` if it has changed, `NoBackup` if it is strange."""
        try:
            found = json.loads((self.path / MANIFEST).read_bytes())
            is_whole = found["sha256"] == _digest(found["backup"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            is_whole = False
        if not is_whole:
            raise Damaged([MANIFEST])
        backup = found["backup"]
        if backup["form"] != FORM:
            raise NoBackup(f"{self.path} was written by another Extender: restore it with that one.")
        tables = {name: Written(**each) for name, each in backup.pop("tables").items()}
        return Manifest(**backup | {"tables": tables, "files": Written(**backup["files"])})

    def finished(self) -> Manifest:
        """What stands in it. `NoBackup` where there is none."""
        if manifest := self.manifest():
            return manifest
        raise NoBackup(f"{self.path} holds no backup, or none that was finished.")

    def publish(self, manifest: Manifest) -> None:
        """Lets `manifest` take the place of the one before; what that one alone had named goes."""
        backup = asdict(manifest)
        new = self.path / f"{MANIFEST}.new"
        _write(new, json.dumps({"sha256": _digest(backup), "backup": backup}, indent=1).encode())
        new.rename(self.path / MANIFEST)
        sync(self.path)
        for old in self.path.glob(f"{ROWS}*"):
            if old.name != manifest.rows:
                shutil.rmtree(old)

    def drop_files(self, but: Container[str]) -> None:
        """Removes the stored files that the manifest does not name any more."""
        for path in (self.path / FILES).rglob("*.*"):
            if str(path.relative_to(self.path / FILES)) not in but:
                path.unlink()

    def write_lines(self, rows: str, name: str, lines: Iterable[bytes]) -> Written:
        """Writes `lines` as the file `name` of the folder `rows`."""
        (self.path / rows).mkdir(exist_ok=True)
        digest, count = hashlib.sha256(), 0
        with (self.path / rows / name).open("wb") as file:
            for line in lines:
                file.write(line)
                digest.update(line)
                count += 1
            file.flush()
            os.fsync(file.fileno())
        sync(self.path / rows)
        return Written(count, digest.hexdigest())

    def lines(self, rows: str, name: str) -> Iterator[Any]:
        """What stands in the lines of such a file."""
        with (self.path / rows / name).open("rb") as file:
            yield from map(json.loads, file)

    def drop_lines(self, rows: str, name: str) -> None:
        """Removes such a file."""
        (self.path / rows / name).unlink()

    def files(self, manifest: Manifest) -> Iterator[Kept]:
        """The stored files that it names."""
        return (Kept(**each) for each in self.lines(manifest.rows, LIST))

    def check_rows(self, manifest: Manifest) -> None:
        """Reads all but the stored files. Raises `Damaged`."""
        written = {table_file(name): each for name, each in manifest.tables.items()} | {LIST: manifest.files}
        damaged = [name for name, each in written.items() if not self._is_whole(manifest.rows, name, each)]
        if damaged:
            raise Damaged([f"{manifest.rows}/{name}" for name in damaged])

    def check(self, progress: Callable[[], object]) -> None:
        """Reads all of the backup; `progress` hears of each stored file. Raises `NoBackup` and `Damaged`."""
        manifest, damaged = self.finished(), []
        self.check_rows(manifest)
        for file in self.files(manifest):
            if not (self.store.exists(file.name) and self.store.checksum(file.name) == file.sha256):
                damaged.append(f"{FILES}/{file.name}")
            progress()
        if damaged:
            raise Damaged(damaged)

    def _is_whole(self, rows: str, name: str, written: Written | None) -> bool:
        try:
            with (self.path / rows / name).open("rb") as file:
                return written is not None and hashlib.file_digest(file, "sha256").hexdigest() == written.sha256
        except FileNotFoundError:
            return False


def table_file(label: str) -> str:
    """The file of the rows of a model."""
    return f"{label}.jsonl"


class NotWhole(Exception):
    """A file has another checksum than it should."""


def copy(name: str, source: storage.Store, target: storage.Store, sha256: str = "") -> Kept:
    """Copies the stored file `name`, whole or not at all.

    Raises `NotWhole` where it has another checksum than `sha256`, FileNotFoundError where it is not there, and
    `StoreTrouble`.
    """
    digest, size = hashlib.sha256(), 0
    with source.open(name) as file, target.part() as part:
        while chunk := file.read(storage.CHUNK_BYTES):
            digest.update(chunk)
            size += part.write(chunk)
        if sha256 and digest.hexdigest() != sha256:
            raise NotWhole
        target.put(part, name)
    return Kept(name, digest.hexdigest(), size)


def _digest(backup: Any) -> str:
    return hashlib.sha256(json.dumps(backup, sort_keys=True).encode()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
