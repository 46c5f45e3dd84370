"""Makes a backup while everything runs."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.crypto import salted_hmac

from extender.archive import files, storage
from extender.operations.backup.folder import (
    LIST,
    ROWS,
    Damaged,
    Folder,
    Kept,
    Manifest,
    NoBackup,
    NotWhole,
    copy,
    table_file,
)
from extender.operations.backup.rows import as_line, kept_models, read
from extender.operations.backup.snapshot import snapshot
from extender.tasks.models import Clip
from extender.tasks.models.clips import ClipQuerySet

# Which stored files there were at that moment.
WANTED = "wanted.jsonl"

Rows = Iterator[dict[str, Any]]
# What is written: the rows of each model by its name, and the clips with their files.
Contents = tuple[dict[str, Rows], ClipQuerySet]


@dataclass
class Made:
    """What came of it."""

    rows: int
    files: int
    copied: int
    missing: list[str] = field(default_factory=list)
    """Stored files that are missing or damaged, by name: the clips are without a file in the backup."""


def back_up(directory: Path, progress: Callable[[], object]) -> Made:
    """Writes a backup into `directory`, over the one before; `progress` hears of each file.

    Raises `NoBackup` and `StoreTrouble`. Whatever breaks it off, the one before stays, and the next goes on from it.
    """
    return write(directory, "", everything, progress)


def everything() -> Contents:
    """All that is kept of an installation."""
    return {label: read(model._base_manager.all()) for label, model in kept_models(apps).items()}, Clip.objects.all()


def write(directory: Path, member: str, contents: Callable[[], Contents], progress: Callable[[], object]) -> Made:
    """Writes `contents` of one moment, of all or of the one `member`, as a backup. Raises as `back_up` does."""
    with Folder.held(directory) as folder:
        before = _files_before(folder, member)
        folder.store.prune(0)
        with snapshot(directory):
            manifest = _manifest(member)
            tables, clips = contents()
            for label, rows in tables.items():
                manifest.tables[label] = folder.write_lines(manifest.rows, table_file(label), map(as_line, rows))
            folder.write_lines(manifest.rows, WANTED, _wanted(clips))
        gathering = Gathering(folder, before)
        for name, sha256 in folder.lines(manifest.rows, WANTED):
            gathering.take(name, sha256)
            progress()
        manifest.files = folder.write_lines(manifest.rows, LIST, map(as_line, map(asdict, gathering.kept.values())))
        manifest.missing = sorted(gathering.missing)
        folder.drop_lines(manifest.rows, WANTED)
        folder.publish(manifest)
        folder.drop_files(gathering.kept)
    written = sum(each.lines for each in manifest.tables.values())
    return Made(written, len(gathering.kept), gathering.copied, manifest.missing)


def _manifest(member: str) -> Manifest:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NoBackup("The database is not up to date: run the Extender that it belongs to, or migrate it first.")
    now = timezone.now()
    return Manifest(
        taken_at=now.isoformat(),
        database=connection.vendor,
        rows=f"{ROWS}{now:%Y%m%d-%H%M%S-%f}",
        migrations=sorted(map(list, executor.loader.applied_migrations)),
        key=mark_of(settings.SECRET_KEY, now.isoformat()),
        member=member,
    )


def mark_of(key: str, taken_at: str) -> str:
    """What tells whether a SECRET_KEY is the same, and no more."""
    return salted_hmac("extender.operations.backup", taken_at, secret=key, algorithm="sha256").hexdigest()


def _files_before(folder: Folder, member: str) -> dict[str, Kept]:
    """What the backup before has brought, if it is one of the same. Raises `NoBackup` where it is not."""
    with suppress(Damaged):
        if manifest := folder.manifest():
            if manifest.member != member:
                raise NoBackup(
                    f"{folder.path} holds a backup of {manifest.member or 'everything'}: name another one."
                )
            folder.check_rows(manifest)
            return {each.name: each for each in folder.files(manifest)}
    return {}


def _wanted(clips: ClipQuerySet) -> Iterator[bytes]:
    """A line for each file of the stored clips: its name, and its SHA-256 where that is known."""
    for clip in clips.stored().select_related("task").by_pages():
        yield as_line([files.name(clip), clip.sha256])
        yield from (as_line([storage.name(clip.sha256, kind), ""]) for kind in files.stills(clip))


class Gathering:
    """Brings the stored files together; what an earlier backup has brought is not copied again."""

    def __init__(self, folder: Folder, before: dict[str, Kept]) -> None:
        self.kept: dict[str, Kept] = {}
        self.missing: list[str] = []
        self.copied = 0
        self._folder, self._before = folder, before
        self._source = storage.current_store()

    def take(self, name: str, sha256: str) -> None:
        """Takes the file `name`; several clips may have the same. Raises `StoreTrouble`."""
        if name in self.kept:
            return
        try:
            self.kept[name] = self._found(name, sha256) or self._copy(name, sha256)
        except (FileNotFoundError, NotWhole):
            self.missing.append(name)

    def _found(self, name: str, sha256: str) -> Kept | None:
        """The file, where the directory has it whole. One without a manifest is left of a backup that was killed."""
        store = self._folder.store
        if not store.exists(name):
            return None
        known = self._before.get(name) or Kept(name, store.checksum(name), store.size(name))
        return known if known.bytes == store.size(name) and sha256 in ("", known.sha256) else None

    def _copy(self, name: str, sha256: str) -> Kept:
        kept = copy(name, self._source, self._folder.store, sha256)
        self.copied += 1
        return kept
