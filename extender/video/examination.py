"""One look at one file: its facts and its pictures, from a single pass."""

from pathlib import Path
from typing import BinaryIO

from extender.video import colour, timeline
from extender.video.facts import Facts
from extender.video.footage import open_footage
from extender.video.stills import Stills

END_SIDE = 640  # at which sharpness is measured: sizes of clips differ


def examine(file: BinaryIO, into: Path) -> Facts:
    """The facts of a video; writes poster, thumbnail and storyboard into the folder. Raises `NotAVideo`, OSError."""
    with open_footage(file) as footage:
        stills, seconds = Stills(footage), []
        for picture in footage.pictures():
            stills.show(picture)
            seconds.append(picture.seconds)
        rate, is_even = timeline.rate(seconds, footage.declared_rate)
        height, width = footage.shape(picture.frame)
        end = colour.lab(footage.rgb(picture.frame, footage.shape(picture.frame, END_SIDE)))
        stills.write(into)
        return Facts(
            duration_ms=round(1000 * (picture.seconds + 1 / rate)),
            width=width,
            height=height,
            frame_rate=round(rate, 3),
            frames=len(seconds),
            moments_ms=None if is_even else [_ms(footage.starts + moment) for moment in seconds],
            starts_ms=_ms(footage.starts),
            codec=footage.codec,
            bits=picture.frame.format.components[0].bits,
            end_tone=colour.tone(end),
            end_sharpness=round(colour.sharpness(end[..., 0]), 3),
        )


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
