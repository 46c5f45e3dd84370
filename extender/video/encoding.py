"""Encodes the frames of a film: H.264 in 8 bits, so near to its sources that nobody sees the difference."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from av.video.frame import PictureType
from av.video.reformatter import ColorRange

from extender.video.canvas import FORMAT, Canvas
from extender.video.drawing import Drawn
from extender.video.footage import is_hdr
from extender.video.source import TICKS, Source

# One step for all, so that no picture, however busy, is further off than it: 41 dB where all is noise.
OPTIONS = {"preset": "veryfast", "qp": "16", "forced-idr": "1"}
GOP_SECONDS = 2
FRAME_DURATION = 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION: what a picture lasts is kept


def encode(container: Any, canvas: Canvas, first: Source, film: Iterable[Drawn]) -> tuple[int, int]:
    """Writes a film that begins with the part `first`. Returns how many pictures, and ticks, it has."""
    stream = _stream(container, canvas, first)
    count, ends = 0, 0
    for drawn in film:
        frame, ends = drawn.frame, drawn.ends
        frame.pts, frame.time_base, frame.duration = drawn.begins, Fraction(1, TICKS), drawn.lasts
        # Each cut is a key frame, so that players find it at once.
        frame.pict_type = PictureType.I if drawn.is_cut else PictureType.NONE
        container.mux(stream.encode(frame))
        count += 1
    container.mux(stream.encode(None))
    return count, ends


def _stream(container: Any, canvas: Canvas, first: Source) -> Any:
    rate = first.survey.rate or Fraction(first.survey.mean_rate).limit_denominator(1001)
    stream = container.add_stream("libx264", rate=rate)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = canvas.width, canvas.height, FORMAT
    context.time_base, context.gop_size = Fraction(1, TICKS), round(GOP_SECONDS * rate)
    context.colorspace, context.color_range = canvas.colorspace, ColorRange.MPEG
    if not is_hdr(first.first):
        context.color_primaries, context.color_trc = first.first.color_primaries, first.first.color_trc
    context.options = OPTIONS
    context.flags |= FRAME_DURATION
    context.thread_count = 1
    return stream
