"""One look at one file: its facts, its pictures and the cut from its parent, from a single pass."""

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from extender.video import colour, cuts, layout, timeline
from extender.video.facts import Cut, Facts, Seen
from extender.video.flipbook import Drawing, Flipbook, packed
from extender.video.footage import open_footage
from extender.video.stills import Stills
from extender.video.writing import write

END_SIDE = 640  # at which sharpness is measured: sizes of clips differ


def examine(file: BinaryIO, into: Path, parent: BinaryIO | None = None, left: str = "") -> Seen:
    """What a video holds; writes its poster, thumbnail, storyboard and flipbook into the folder.

    `parent` is the flipbook of the clip that it continues, `left` as of `cuts.between`. Raises `NotAVideo`, OSError.
    """
    facts, book = _look(file, into)
    return Seen(facts, _cut(parent, book, left) if parent else None)


def _cut(parent: BinaryIO, child: Flipbook, left: str) -> Cut | None:
    # What is wrong with the parent's flipbook is not the clip's fault.
    with suppress(ValueError, MemoryError):
        return cuts.between(parent, child, left)
    return None


def _look(file: BinaryIO, into: Path) -> tuple[Facts, Flipbook]:
    with open_footage(file) as footage:
        stills, drawing, seconds = Stills(footage), Drawing(footage), []
        for picture in footage.pictures():
            stills.show(picture, drawing.show(picture))
            seconds.append(picture.seconds)
        rate, is_even = timeline.rate(seconds, footage.declared_rate)
        height, width = footage.shape(picture.frame)
        end = colour.lab(footage.rgb(picture.frame, footage.shape(picture.frame, END_SIDE)))
        stills.write(into)
        book = drawing.finished()
        write(packed(book), into / layout.FLIPBOOK)
        facts = Facts(
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
        return facts, book


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
