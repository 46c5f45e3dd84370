"""Which files are kept of a clip, and what they are called."""

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
