"""One film of several files: each picture of each part once, in order, in an MP4 that plays while it loads.

Where the files agree, and each part begins with a key frame, their packets are copied. Else all of it is encoded
once, at the size of the first part. It is silent, as the film is that a page plays.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import av

from extender.video import layout
from extender.video.canvas import Canvas
from extender.video.cutlist import CutList, Film
from extender.video.encoding import encode
from extender.video.grading import even_out
from extender.video.joining import can_join, join
from extender.video.source import TICKS, Source

OPTIONS = {"movflags": "+faststart", "video_track_timescale": str(TICKS)}


def export(cuts: CutList, files: Sequence[BinaryIO], into: Path, tell: Callable[[int], None]) -> Film:
    """Writes `layout.FILM` into the folder, whole or not at all; tells how many percent are there, 0 to 99.

    `files` are those of the parts. Raises `NotAVideo` where one cannot be read, or a part holds no picture; OSError
    where nothing can be written.
    """
    sources = [Source.of(file, part) for file, part in zip(files, cuts.parts, strict=True)]
    target = into / layout.FILM
    draft = target.with_suffix(".part")
    try:
        with av.open(str(draft), "w", format="mp4", options=OPTIONS) as container:
            film = _write(cuts, sources, container, tell)
        os.replace(draft, target)  # noqa: PTH105
    finally:
        draft.unlink(missing_ok=True)
    return film


def _write(cuts: CutList, sources: list[Source], container: Any, tell: Callable[[int], None]) -> Film:
    seconds = sum(part.ends_ms - part.begins_ms for part in cuts.parts) / 1000
    with sources[0].open() as footage:
        canvas = Canvas.of(sources[0].first, footage.shape(sources[0].first), cuts)
    is_copied = cuts.shape == "as it is" and not cuts.even_colours and can_join(sources)
    if is_copied:
        count, ticks = join(container, sources, _percent(tell, seconds))
    elif cuts.even_colours:
        grades = even_out(sources, canvas.matrix, say := _percent(tell, 2 * seconds))
        count, ticks = encode(container, canvas, sources, grades, lambda done: say(seconds + done))
    else:
        count, ticks = encode(container, canvas, sources, [None] * len(sources), _percent(tell, seconds))
    return Film(count, round(1000 * ticks / TICKS), canvas.width, canvas.height, is_copied)


def _percent(tell: Callable[[int], None], total: float) -> Callable[[float], None]:
    """Tells how many of a hundred parts of `total` are done, each time that it is more."""
    told = -1

    def tell_done(done: float) -> None:
        nonlocal told
        percent = min(99, int(100 * done / total))
        if percent > told:
            told = percent
            tell(percent)

    return tell_done
