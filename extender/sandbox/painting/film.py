"""From pictures to an MP4: colour conversion, gentle grain, H.264."""

import pathlib
from collections.abc import Iterable

import av
import numpy as np

from .canvas import COLUMNS, HEIGHT, ROWS, WIDTH

RATE = 24
GRAIN = 1.1  # of 255; just enough to keep the long gradients of a sky from banding


def expose(pictures: Iterable[np.ndarray], target: pathlib.Path) -> None:
    """Encodes pictures (3, HEIGHT, WIDTH) at RATE frames per second; the index goes to the file's front."""
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {
            "preset": "veryfast",
            "crf": "22",
            # A keyframe each second for seeking, barely better than its neighbours so that nothing pulses;
            # no B-frames, so that the first picture is at time 0 in every player.
            "x264-params": "keyint=24:scenecut=0:bframes=0:ipratio=1.1:aq-mode=3:threads=1:"
            "colorprim=bt709:transfer=bt709:colormatrix=bt709",
        }
        stream.codec_context.thread_count = 1
        for frame in _frames(pictures):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _frames(pictures):
    """The pictures as yuv420p frames, with a lens's darker corners and a breath of grain."""
    lens = _vignette()
    grains = np.random.default_rng(7).normal(0, GRAIN, (6, HEIGHT, WIDTH)).astype(np.float32) + 16.5
    for number, picture in enumerate(pictures):
        planes = np.clip(picture * lens, 0, 1)
        frame = av.VideoFrame.from_ndarray(_yuv(planes, grains[number // 2 % 6]), format="yuv420p")
        frame.pts = number
        yield frame


def _vignette():
    """Brightness towards the corners: float32 (HEIGHT, WIDTH)."""
    across, down = (COLUMNS / WIDTH - 0.5) * 2, (ROWS / HEIGHT - 0.5) * 2
    distance = (across**2 + down**2) / 2
    return (1 - 0.3 * distance**1.5).astype(np.float32)


def _yuv(planes, offset):
    """BT.709 in video range: uint8 (HEIGHT * 3 / 2, WIDTH), yuv420p; `offset` is the black level plus grain."""
    red, green, blue = planes
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    rows = planes[:, ::2] + planes[:, 1::2]
    small = (rows[..., ::2] + rows[..., 1::2]) * np.float32(0.25)
    grey = 0.2126 * small[0] + 0.7152 * small[1] + 0.0722 * small[2]
    chroma_blue = (small[2] - grey) * (224 / 1.8556) + 128.5
    chroma_red = (small[0] - grey) * (224 / 1.5748) + 128.5
    chroma = np.concatenate([chroma_blue.ravel(), chroma_red.ravel()]).reshape(HEIGHT // 2, WIDTH)
    return np.clip(np.concatenate([luma * 219 + offset, chroma]), 0, 255).astype(np.uint8)
