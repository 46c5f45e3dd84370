"""Which files are kept of a clip, and what they are called."""

from collections.abc import Mapping
from pathlib import Path

from extender.archive import storage
from extender.tasks.models import Clip
from extender.video import layout

STILLS = {"poster": layout.POSTER, "thumbnail": layout.THUMBNAIL, "storyboard": layout.STORYBOARD}


def name(clip: Clip) -> str:
    """What the file of a stored clip is called in the store."""
    return storage.name(clip.sha256, clip.file_kind)


def stills(clip: Clip) -> dict[str, str]:
    """The kinds of pictures that are made of a clip for pages, each with the name under which it is made."""
    return {kind: made for kind, made in STILLS.items() if kind != "storyboard" or not clip.is_picture}


def made(clip: Clip) -> dict[str, str]:
    """The kinds of all that is made of a clip. A flipbook is no loss: it is made anew where it is needed."""
    return stills(clip) if clip.is_picture else stills(clip) | {"flipbook": layout.FLIPBOOK}


def keep(store: storage.Store, sha256: str, folder: Path, made: Mapping[str, str]) -> None:
    """Stores what was made of the clip with that checksum, as it lies in `folder`."""
    for kind, file_name in made.items():
        with store.part() as part:
            with storage.disk_trouble():
                content = (folder / file_name).read_bytes()
            part.write(content)
            store.put(part, storage.name(sha256, kind))
