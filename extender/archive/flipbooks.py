"""The flipbooks of stored clips."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from extender.archive import files, storage
from extender.tasks.models import Clip
from extender.video import layout
from extender.video import process as probing


@contextmanager
def at_hand(clip: Clip) -> Iterator[Path]:
    """The flipbook of a stored clip, as long as the `with` lasts; made anew where the store has none.

    Raises FileNotFoundError where the clip's file is gone too, `NotAVideo`, `ProbeFailed`, `StoreTrouble`.
    """
    store, name = storage.current_store(), storage.name(clip.sha256, "flipbook")
    if not store.exists(name):
        _make(store, clip)
    with store.local(name) as path:
        yield path


def _make(store: storage.Store, clip: Clip) -> None:
    with store.folder() as folder, store.local(files.name(clip)) as film:
        with storage.disk_trouble():
            probing.examine(film, folder)
        files.keep(store, clip.sha256, folder, {"flipbook": layout.FLIPBOOK})
