"""A tiny, valid H.264 video, made once and copied: for tests, which need hundreds of tasks at no cost."""

import os
import struct
from pathlib import Path

WIDTH, HEIGHT, RATE, FRAMES = 64, 36, 8, 8


def encode(target: Path) -> None:
    """Writes one second of 64x36 video at `target`, whole or not at all."""
    import av  # only here: it costs 0.2 s at start, and most starts find the file made
    import numpy

    draft = target.with_suffix(".part")
    with av.open(str(draft), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        ramp = numpy.linspace(20, 200, WIDTH, dtype=numpy.uint8)
        for number in range(FRAMES):
            frame = numpy.zeros((HEIGHT, WIDTH, 3), dtype=numpy.uint8)
            frame[..., 0] = numpy.roll(ramp, number * 6)
            frame[..., 2] = 90
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    draft.replace(target)


def copy(source: Path, target: Path, label: str) -> None:
    """Copies the tiny video. `label` goes into a box that players skip, so that no two files are the same."""
    words = label.encode()
    box = struct.pack(">I4s", 8 + len(words), b"free") + words
    draft = target.with_suffix(".part")
    draft.write_bytes(source.read_bytes() + box)
    os.replace(draft, target)  # noqa: PTH105
