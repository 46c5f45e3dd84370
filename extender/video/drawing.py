"""The frames of a film, one after the other, as they are to be coded."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import av

from extender.video.canvas import Canvas
from extender.video.grading import Grade
from extender.video.source import Source


class Drawn(NamedTuple):
    """One frame of a film: when it comes and how long it lasts, in ticks."""

    frame: av.VideoFrame
    begins: int
    lasts: int
    is_cut: bool  # the first of its part

    @property
    def ends(self) -> int:
        return self.begins + self.lasts


def draw(canvas: Canvas, sources: Sequence[Source], grades: Sequence[Grade | None]) -> Iterator[Drawn]:
    """Every picture of every part, each once."""
    begins = 0
    for source, grade in zip(sources, grades, strict=True):
        is_cut = True
        for frame, lasts in _part(canvas, source, grade):
            yield Drawn(frame, begins, lasts, is_cut)
            begins, is_cut = begins + lasts, False


def _part(canvas: Canvas, source: Source, grade: Grade | None) -> Iterator[tuple[av.VideoFrame, int]]:
    drawn, tick = None, -1
    with source.open() as footage:
        for picture in source.pictures(footage):
            # Where a file puts two pictures at one moment, both are shown.
            following = max(source.tick(picture.seconds), tick + 1)
            if drawn:
                yield drawn, following - tick
            change = partial(grade.apply, seconds=picture.seconds) if grade else None
            drawn, tick = canvas.draw(picture.frame, footage, change), following
    if drawn:
        yield drawn, source.last_ticks
