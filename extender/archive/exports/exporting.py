"""Makes films to be taken away, each by one worker at a time. What dies on the way is done again by the next."""

import errno
import hashlib
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.db import DatabaseError
from django.db.models.functions import Now

from extender.archive import storage
from extender.archive.copying import PAUSE
from extender.archive.exports.models import Export, ExportQuerySet
from extender.network.backoff import backoff
from extender.states import ExportState
from extender.tasks.models import leases
from extender.tasks.models.leases import Overtaken
from extender.video import layout
from extender.video import process as probing
from extender.video.cutlist import Film

logger = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=5)
MOST_MISSES = 3


class Stopped(Exception):
    """The worker is told to end: another one makes the film, from the beginning."""


class Claim(leases.Claim[Export]):
    """The right to make `export`."""

    @classmethod
    def rows(cls) -> ExportQuerySet:
        return Export.objects.all()

    @property
    def export(self) -> Export:
        """The export, as it was when it was claimed."""
        return self.row

    def settle(self, state: StrEnum, reason: str = "", next_in: timedelta | None = None, **found: Any) -> None:
        ends = {"settled_at": Now()} if next_in is None else {}
        super().settle(state, reason, next_in, **ends, **found)


def export_next(is_over: Callable[[], bool] = lambda: False) -> bool:
    """Makes the film that has waited longest; leaves it for others as soon as it `is_over`.

    Returns whether there was one.
    """
    claim = Claim.take()
    if claim is None:
        return False
    try:
        _settle(claim, is_over)
    except Overtaken:
        logger.info("%s was cancelled or taken over, so this one is dropped", claim.export)
    return True


def _settle(claim: Claim, is_over: Callable[[], bool]) -> None:
    """Makes a film, or finds out why not, and writes down which."""
    try:
        found = _make(claim, is_over)
    except (DatabaseError, Overtaken):
        # Nothing can be, or may be, written down. The lease runs out, and then it is done again.
        raise
    except Exception as error:
        _settle_failed(claim, error)
    else:
        claim.settle(ExportState.STORED, percentage=100, misses=0, **found)
        logger.info("%s is stored", claim.export)


def _settle_failed(claim: Claim, error: Exception) -> None:
    match error:
        case probing.NotAVideo():
            claim.settle(ExportState.FAILED, str(error))
            logger.warning("%s cannot be made: %s", claim.export, error)
        case storage.StoreTrouble():
            claim.settle(ExportState.BLOCKED, str(error), PAUSE)
            logger.error("exporting pauses: %s", error)
        case Stopped():
            claim.settle(ExportState.WAITING, next_in=timedelta(0))
        case FileNotFoundError():
            claim.settle(ExportState.FAILED, "The file of a clip is missing from the store.")
            logger.error("%s cannot be made: a file is missing", claim.export)
        case _:
            logger.error("%s could not be made", claim.export, exc_info=error)
            _try_later(claim)


def _try_later(claim: Claim) -> None:
    misses = claim.export.misses + 1
    if misses < MOST_MISSES:
        wait = backoff(claim.export.misses, FIRST_WAIT, LONGEST_WAIT)
        claim.settle(ExportState.WAITING, "It could not be made yet.", wait, misses=misses)
    else:
        claim.settle(ExportState.FAILED, "It could not be made; the log of the worker says why.", misses=misses)


def _make(claim: Claim, is_over: Callable[[], bool]) -> dict[str, Any]:
    """Makes a film and keeps it. Returns the columns that were found out."""
    store, export = storage.current_store(), claim.export
    names = [storage.name(sha256, "clip") for sha256 in export.files]
    store.require_room(sum(map(store.size, names)))
    with store.folder() as folder, ExitStack() as held:
        files = []
        for name in names:
            files.append(held.enter_context(store.local(name)))
            claim.renew(0)

        def tell(percentage: int) -> None:
            # Who sweeps takes a folder that nobody has written to for long for a stray one.
            os.utime(folder)
            store.require_room(0)
            claim.report(percentage)
            if is_over():
                raise Stopped

        film = asdict(_export(export, files, folder, tell))
        claim.renew(99)
        return film | _keep(store, folder / layout.film(export.as_cut_list().format), export.file)


def _export(export: Export, files: list[Path], folder: Path, tell: Callable[[int], None]) -> Film:
    with storage.disk_trouble():
        try:
            return probing.export(export.as_cut_list(), files, folder, tell)
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            raise probing.NotAVideo("The film would be larger than 1 GiB.") from error


def _keep(store: storage.Store, film: Path, name: str) -> dict[str, Any]:
    """Stores a film under `name`; returns its checksum (SHA-256) and how many bytes it has."""
    with storage.Part.of(film) as part, storage.disk_trouble():
        with film.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        found = {"sha256": sha256, "bytes": film.stat().st_size}
        store.put(part, name)
    return found
