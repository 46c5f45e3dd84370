"""One picture of a clip at full size: the one that stands on the screen at a moment."""

import io
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from extender.video import layout
from extender.video.facts import FrameFacts
from extender.video.footage import Footage, Picture, open_footage
from extender.video.writing import write

EARLY = 0.0006  # s: moments may be rounded to whole milliseconds


def frame(file: BinaryIO, into: Path, at_ms: float | None) -> FrameFacts:
    """Writes `layout.FRAME` into the folder: the picture at `at_ms` from the first on, the last one where it is None.

    Raises `NotAVideo` where the file is none; OSError where nothing can be written.
    """
    with open_footage(file) as footage:
        shown, following = _shown_at(footage, float("inf") if at_ms is None else at_ms / 1000 + EARLY)
        shape = footage.shape(shown.frame)
        png = io.BytesIO()
        Image.fromarray(footage.rgb(shown.frame, shape)).save(png, "PNG")
    write(png.getvalue(), into / layout.FRAME)
    return FrameFacts(
        begins_ms=round(1000 * shown.seconds, 1),
        ends_ms=None if following is None else round(1000 * following.seconds, 1),
        width=shape[1],
        height=shape[0],
    )


def _shown_at(footage: Footage, seconds: float) -> tuple[Picture, Picture | None]:
    """The picture that stands there at that moment, and the one that takes its place; None where none does."""
    pictures = footage.pictures()
    shown = next(pictures)
    for following in pictures:
        if following.seconds > seconds:
            return shown, following
        shown = following
    return shown, None
