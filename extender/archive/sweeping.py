"""Keeps the store tidy and true: stray temporary files, unwanted films and old pictures go; what was kept is read."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from extender.archive import files, storage
from extender.archive.exports.models import Export
from extender.states import FileState
from extender.tasks.models import Clip, Picture, Task

logger = logging.getLogger(__name__)

# Longer than any copy takes, its upload to a bucket included.
STRAY_AFTER = timedelta(hours=1)


def sweep() -> None:
    """Removes whatever of the archive nobody needs."""
    # The next copy meets the same trouble, and says so where staff look.
    with suppress(storage.StoreTrouble):
        prune()
        drop_unwanted_films()
    Picture.objects.sweep()


def prune() -> int:
    """Removes temporary files that nobody has written to for an hour. Returns how many."""
    removed = storage.current_store().prune(STRAY_AFTER.total_seconds())
    if removed:
        logger.info("%s stray temporary files removed", len(removed))
    return len(removed)


def drop_unwanted_films() -> int:
    """Removes films that nobody has asked for in 30 days, or that were cancelled. Returns how many."""
    removed = sum(_drop(export) for export in Export.objects.unwanted())
    if removed:
        logger.info("%s films removed that nobody wants", removed)
    return removed


def _drop(export: Export) -> bool:
    # Whoever asks for it now waits until the file is gone, and then has it made anew.
    with transaction.atomic():
        is_dropped = bool(Export.objects.unwanted().filter(pk=export.pk).delete()[0])
        if is_dropped:
            storage.current_store().delete(export.file)
    return is_dropped


def verify(progress: Callable[[int], object]) -> Iterator[Clip]:
    """Reads every copy again; `progress` hears how many bytes. Yields those that are damaged, to be copied again."""
    store = storage.current_store()
    for clip in Clip.objects.stored().select_related("task").by_pages():
        if not _is_whole(store, clip):
            _copy_again(clip)
            yield clip
        progress(clip.bytes or 0)


def _is_whole(store: storage.Store, clip: Clip) -> bool:
    try:
        return store.checksum(files.name(clip)) == clip.sha256 and all(
            store.exists(storage.name(clip.sha256, kind)) for kind in files.stills(clip)
        )
    except FileNotFoundError:
        return False


def _copy_again(clip: Clip) -> None:
    """Shows the clip from APIFRAME again, if it still has it, until a new copy is here."""
    logger.error("%s is damaged and is copied again", clip)
    damaged = Clip.objects.stored().filter(pk=clip.pk, sha256=clip.sha256)
    clip.state, clip.reason = FileState.WAITING, "The copy was damaged."
    if damaged.move(
        clip.state,
        reason=clip.reason,
        due_at=Now(),
        gone_since=None,
        settled_at=None,
        received=0,
    ):
        Task.objects.renumber(clip.task_id)
