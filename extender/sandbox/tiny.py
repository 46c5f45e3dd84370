"""A tiny, valid video and picture, made once and copied: for tests, which need hundreds of tasks at no cost."""

import os
import struct
from pathlib import Path

WIDTH, HEIGHT, RATE, FRAMES = 128, 72, 8, 8


def encode(target: Path) -> None:
    """Writes one second of 128x72 H.264 at `target`, or a PNG if that is its name; whole or not at all."""
    import numpy  # only here: it costs 0.2 s at start, and most starts find the file made

    from extender.sandbox import encoding

    draft = target.with_suffix(".part")
    ramp = numpy.linspace(0.1, 0.8, WIDTH, dtype=numpy.float32)
    pictures = [numpy.broadcast_to(numpy.roll(ramp, 6 * number), (3, HEIGHT, WIDTH)) for number in range(FRAMES)]
    if target.suffix == ".png":
        encoding.write_picture(pictures[0], draft)
    else:
        encoding.write_video(pictures, (WIDTH, HEIGHT), RATE, draft)
    draft.replace(target)


def copy(source: Path, target: Path, label: str) -> None:
    """Copies the tiny file. `label` goes behind it, as film that nobody is shown, so that no two are the same."""
    words = label.encode()
    box = struct.pack(">I4s", 8 + len(words), b"mdat") + words
    draft = target.with_suffix(".part")
    draft.write_bytes(source.read_bytes() + box)
    os.replace(draft, target)  # noqa: PTH105
