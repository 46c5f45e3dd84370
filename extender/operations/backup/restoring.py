"""Puts a backup into an empty installation, so that nothing in it can be sent, and paid for, a second time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from extender.archive import storage
from extender.operations.alone import alone
from extender.operations.backup.folder import Damaged, Folder, Manifest, NoBackup, NotWhole, copy, table_file
from extender.operations.backup.making import mark_of
from extender.operations.backup.rows import MADE_BY_DJANGO, as_object, kept_models
from extender.paging import PAGE
from extender.states import ExportState, FileState, State
from extender.tasks.models import Event

MAY_HAVE_BEEN_SENT = (
    "Extender was restored from a backup in which this was not sent yet. It may have been sent since that was made."
)


class NotEmpty(Exception):
    """There is something in this installation. Its text is a sentence for whoever restores."""


@dataclass
class Restored:
    """What came of it."""

    taken_at: str
    rows: int = 0
    files: int = 0
    unconfirmed: int = 0
    without_file: int = 0
    same_key: bool = True


def restore(directory: Path, progress: Callable[[], object], *, damaged_too: bool = False) -> Restored:
    """Puts the backup in `directory` into this installation; `progress` hears of each file.

    With `damaged_too` the clips whose files are damaged are to be copied again; else these raise `Damaged`. All rows
    come at once and last, so whoever begins again after it was broken off goes on. Raises `NoBackup`, `NotEmpty` and
    `StoreTrouble`.
    """
    folder = Folder(directory)
    manifest = folder.finished()
    if manifest.member:
        raise NoBackup(f"{directory} holds what belongs to {manifest.member} alone, and no backup.")
    folder.check_rows(manifest)
    with alone():
        apps = _tables(manifest)
        _refuse_rows(apps)
        restored = Restored(manifest.taken_at, same_key=_is_same_key(manifest))
        damaged = _put_files(folder, manifest, restored, progress)
        if damaged and not damaged_too:
            raise Damaged(damaged)
        lost = {PurePath(name).name[:64] for name in manifest.missing + damaged}
        _put_rows(apps, folder, manifest, Arrival(lost), restored)
    return restored


def _tables(manifest: Manifest) -> Apps:
    """Makes the tables as they were; returns the models that belong to them."""
    executor = MigrationExecutor(connection)
    wanted = {(app, name) for app, name in manifest.migrations}
    graph = executor.loader.graph
    if unknown := sorted(wanted - set(executor.loader.disk_migrations)):
        raise NotEmpty(f"The backup is of a newer Extender, which has the migration {'.'.join(unknown[0])}.")
    if newer := sorted(set(executor.loader.applied_migrations) - wanted):
        raise NotEmpty(
            f"The tables here are newer than the backup’s (by {'.'.join(newer[0])}): name a database without tables."
        )
    leaves = [
        node
        for node in sorted(wanted)
        if not any(child.key in wanted and child.key[0] == node[0] for child in graph.node_map[node].children)
    ]
    return executor.migrate(leaves).apps


def _refuse_rows(apps: Apps) -> None:
    for label, model in kept_models(apps).items():
        if label not in MADE_BY_DJANGO and model._base_manager.exists():
            raise NotEmpty(f"This installation is not empty: there are rows of {label}. Name a new database.")


def _is_same_key(manifest: Manifest) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(mark_of(key, manifest.taken_at), manifest.key) for key in keys)


def _put_files(folder: Folder, manifest: Manifest, restored: Restored, progress: Callable[[], object]) -> list[str]:
    """Puts the files where the store has them not yet. Returns the names of those that are damaged."""
    store, damaged = storage.current_store(), []
    for file in folder.files(manifest):
        try:
            if not (store.exists(file.name) and store.size(file.name) == file.bytes):
                copy(file.name, folder.store, store, file.sha256)
            restored.files += 1
        except (FileNotFoundError, NotWhole):
            damaged.append(f"files/{file.name}")
        progress()
    return damaged


@transaction.atomic
def _put_rows(apps: Apps, folder: Folder, manifest: Manifest, arrival: "Arrival", restored: Restored) -> None:
    models = kept_models(apps)
    # Putting the files may have taken hours.
    _refuse_rows(apps)
    for label in MADE_BY_DJANGO:
        models[label]._base_manager.all().delete()
    for label in manifest.tables:
        rows = (arrival.row(label, row) for row in folder.lines(manifest.rows, table_file(label)))
        while page := [as_object(models[label], row) for row in islice(rows, PAGE)]:
            models[label]._base_manager.bulk_create(page)
            restored.rows += len(page)
    _count_on_from_there(list(models.values()))
    events = models["tasks.Event"]
    events._base_manager.bulk_create(events(**event) for event in arrival.events())
    restored.unconfirmed, restored.without_file = len(arrival.unconfirmed), arrival.without_file
    _tell_the_planner()


def _tell_the_planner() -> None:
    """Else PostgreSQL plans for empty tables until it looks by itself: a page of a history would read all of it."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _count_on_from_there(models: list[type[Model]]) -> None:
    """The next numbers of rows come after those that were given."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


@dataclass
class Arrival:
    """How rows arrive: nobody is at any of them, and what may have been sent is not sent again."""

    lost: set[str]
    """The clips, by SHA-256, whose files the backup has not whole."""
    unconfirmed: list[str] = field(default_factory=list)
    without_file: int = 0

    def row(self, label: str, row: dict[str, Any]) -> dict[str, Any]:
        """The row of the model `label` as it is put into the table."""
        match label, row.get("state"):
            case "tasks.Task", State.QUEUED | State.SENDING:
                self.unconfirmed.append(row["id"])
                now, version = timezone.now().isoformat(), row["version"] + 1
                unconfirmed = {"state": State.UNCONFIRMED, "reason": MAY_HAVE_BEEN_SENT, "due_at": None}
                return row | unconfirmed | {"changed_at": now, "version": version}
            case "tasks.Clip", FileState.COPYING:
                return row | {"state": FileState.WAITING, "due_at": row["made_at"], "received": 0}
            case "tasks.Clip", FileState.STORED if row["sha256"] in self.lost:
                self.without_file += 1
                return row | {"state": FileState.WAITING, "due_at": row["made_at"], "settled_at": None, "received": 0}
            case "exports.Export", ExportState.EXPORTING:
                return row | {"state": ExportState.WAITING, "due_at": row["asked_at"], "percentage": 0}
        return row

    def events(self) -> Iterator[dict[str, Any]]:
        """What stands in the records of the tasks that nobody knows to be sent."""
        said = f"{State.UNCONFIRMED}: {MAY_HAVE_BEEN_SENT}"
        for task in self.unconfirmed:
            yield {"task_id": task, "source": Event.Source.SWEEP, "said": said, "changed": True}
