"""One look at one file: its facts and its pictures, from a single pass."""

from pathlib import Path
from typing import BinaryIO

from extender.video import colour
from extender.video.facts import Facts
from extender.video.footage import Footage, open_footage
from extender.video.stills import Stills

END_SIDE = 640  # at which sharpness is measured: sizes of clips differ
SAME_RATE = 0.01


def examine(file: BinaryIO, into: Path) -> Facts:
    """The facts of a video; writes poster, thumbnail and storyboard into the folder. Raises `NotAVideo`, OSError."""
    with open_footage(file) as footage:
        stills = Stills(footage)
        for picture in footage.pictures():
            stills.show(picture)
        rate = _rate(footage, stills.seen, picture.seconds)
        height, width = footage.shape(picture.frame)
        end = colour.lab(footage.rgb(picture.frame, footage.shape(picture.frame, END_SIDE)))
        stills.write(into)
        return Facts(
            duration_ms=round(1000 * (picture.seconds + 1 / rate)),
            width=width,
            height=height,
            frame_rate=round(rate, 3),
            frames=stills.seen,
            codec=footage.codec,
            end_tone=colour.tone(end),
            end_sharpness=round(colour.sharpness(end[..., 0]), 3),
        )


def _rate(footage: Footage, count: int, seconds: float) -> float:
    """Pictures per second: as the file says, if its pictures agree; their stamps are rounded."""
    measured = (count - 1) / seconds
    declared = footage.declared_rate
    return declared if declared and abs(declared / measured - 1) < SAME_RATE else measured
