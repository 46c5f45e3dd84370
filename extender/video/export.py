"""One film of several files: each picture of each part once, in order, in an MP4 that plays while it loads.

Where the files agree, and each part begins with a key frame, their packets are copied. Else all of it is encoded
once, at the size of the first part. It is silent, as the film is that a page plays.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import av

from extender.video import layout
from extender.video.animation import animate
from extender.video.canvas import Canvas
from extender.video.cutlist import CutList, Film
from extender.video.drawing import Drawn, draw
from extender.video.encoding import encode
from extender.video.grading import even_out
from extender.video.joining import can_join, join
from extender.video.source import TICKS, Source

Tell = Callable[[float], None]  # how many seconds are done, of all that are to do
OPTIONS = {"movflags": "+faststart", "video_track_timescale": str(TICKS)}


def export(cuts: CutList, files: Sequence[BinaryIO], into: Path, tell: Callable[[int], None]) -> Film:
    """Writes `layout.film(cuts.format)` into a folder, whole or not at all; tells how many percent are there, to 99.

    `files` are those of the parts. Raises `NotAVideo` where one cannot be read, or a part holds no picture; OSError
    where nothing can be written.
    """
    given = zip(files, cuts.parts, strict=True)
    sources = [Source.of(number, file, part) for number, (file, part) in enumerate(given, 1)]
    first = sources[0].first
    with sources[0].open() as footage:
        canvas = Canvas.of(first, footage.shape(first), cuts)
    target = into / layout.film(cuts.format)
    draft = target.with_suffix(".part")
    write = _write_video if cuts.format == "mp4" else _write_animation
    # Each of these takes about as long: to look at the colours, to draw, to make few bytes of much.
    rounds = 1 + cuts.even_colours + (cuts.format != "mp4")
    try:
        film = write(draft, cuts, canvas, sources, _percent(tell, rounds * cuts.seconds))
        os.replace(draft, target)  # noqa: PTH105
    finally:
        draft.unlink(missing_ok=True)
    return film


def _write_video(draft: Path, cuts: CutList, canvas: Canvas, sources: list[Source], tell: Tell) -> Film:
    is_copied = cuts.shape == "as it is" and not cuts.even_colours and can_join(sources)
    with av.open(str(draft), "w", format="mp4", options=OPTIONS) as container:
        if is_copied:
            count, ticks = join(container, sources, tell)
        else:
            count, ticks = encode(container, canvas, sources[0], _drawn(cuts, canvas, sources, tell))
    return Film(count, round(1000 * ticks / TICKS), canvas.width, canvas.height, is_copied)


def _write_animation(draft: Path, cuts: CutList, canvas: Canvas, sources: list[Source], tell: Tell) -> Film:
    before = (1 + cuts.even_colours) * cuts.seconds
    drawn = _drawn(cuts, canvas, sources, tell)
    made = animate(cuts.format, canvas, drawn, cuts.seconds, lambda share: tell(before + share * cuts.seconds))
    draft.write_bytes(made.content)
    return Film(made.frames, made.duration_ms, made.width, made.height, is_copied=False)


def _drawn(cuts: CutList, canvas: Canvas, sources: list[Source], tell: Tell) -> Iterator[Drawn]:
    """The frames of the film; tells of each how far it is."""
    grades = even_out(sources, canvas.matrix, tell) if cuts.even_colours else [None] * len(sources)
    for drawn in draw(canvas, sources, grades):
        tell(cuts.even_colours * cuts.seconds + drawn.begins / TICKS)
        yield drawn


def _percent(tell: Callable[[int], None], total: float) -> Tell:
    """Tells how many of a hundred parts of `total` are done, each time that it is more."""
    told = -1

    def tell_done(done: float) -> None:
        nonlocal told
        percent = min(99, int(100 * done / total))
        if percent > told:
            told = percent
            tell(percent)

    return tell_done
