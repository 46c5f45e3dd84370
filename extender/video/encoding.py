"""Encodes the pictures of a film: H.264 in 8 bits, so near to its sources that nobody sees the difference."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import av
from av.video.frame import PictureType

from extender.video.canvas import FORMAT, Canvas
from extender.video.grading import Grade
from extender.video.source import TICKS, Source

# One step for all, so that no picture, however busy, is further off than it: 41 dB where all is noise.
OPTIONS = {"preset": "veryfast", "qp": "16", "forced-idr": "1"}
GOP_SECONDS = 2
FRAME_DURATION = 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION: what a picture lasts is kept


def encode(
    container: Any,
    canvas: Canvas,
    sources: list[Source],
    grades: Sequence[Grade | None],
    tell: Callable[[float], None],
) -> tuple[int, int]:
    """Writes the parts in order; tells how many seconds are there. Returns how many pictures, and ticks, they are."""
    stream = _stream(container, canvas, sources[0])
    count, offset = 0, 0
    for source, grade in zip(sources, grades, strict=True):
        # Each cut is a key frame, so that players find it at once.
        kind = PictureType.I
        for frame, ticks in _frames(canvas, source, grade):
            frame.pts, frame.time_base, frame.duration, frame.pict_type = offset, Fraction(1, TICKS), ticks, kind
            container.mux(stream.encode(frame))
            tell(offset / TICKS)
            count, offset, kind = count + 1, offset + ticks, PictureType.NONE
    container.mux(stream.encode(None))
    return count, offset


def _frames(canvas: Canvas, source: Source, grade: Grade | None) -> Iterator[tuple[av.VideoFrame, int]]:
    """The pictures of a part as they are in the film, and how many ticks each lasts."""
    drawn, tick = None, 0
    with source.open() as footage:
        for picture in source.pictures(footage):
            following = source.tick(picture.seconds)
            if drawn:
                yield drawn, following - tick
            change = partial(grade.apply, seconds=picture.seconds) if grade else None
            drawn, tick = canvas.draw(picture.frame, footage, change), following
    if drawn:
        yield drawn, source.last_ticks


def _stream(container: Any, canvas: Canvas, first: Source) -> Any:
    rate = first.survey.rate or Fraction(first.survey.mean_rate).limit_denominator(1001)
    stream = container.add_stream("libx264", rate=rate)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = canvas.width, canvas.height, FORMAT
    context.time_base, context.gop_size = Fraction(1, TICKS), round(GOP_SECONDS * rate)
    context.colorspace = canvas.colorspace
    context.options = OPTIONS
    context.flags |= FRAME_DURATION
    context.thread_count = 1
    return stream
