"""From pictures to a file: H.264 in an MP4 that plays while it loads, or a PNG.

A picture is float32 (3, height, width): red, green and blue planes, 0 to 1; width and height are even.
"""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Colorspace
from PIL import Image

GRAIN = 1.1  # of 255; just enough to keep the long gradients of a sky from banding
# A keyframe each second for seeking, barely better than its neighbours so that nothing pulses; no B-frames, so
# that the first picture is at time 0 in every player.
X264 = (
    "keyint=24:scenecut=0:bframes=0:ipratio=1.1:aq-mode=3:threads=1:colorprim=bt709:transfer=bt709:colormatrix=bt709"
)


def write_video(pictures: Iterable[np.ndarray], size: tuple[int, int], rate: int, target: Path) -> None:
    """Encodes pictures of `size` (width, height), `rate` of them a second."""
    grains = np.random.default_rng(7).normal(0, GRAIN, (6, size[1], size[0])).astype(np.float32)
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "22", "x264-params": X264}
        stream.codec_context.thread_count = 1
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(_levels(picture, grains[number // 2 % 6]), format="gbrp")
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_picture(picture: np.ndarray, target: Path) -> None:
    """Writes a PNG."""
    Image.fromarray(np.ascontiguousarray(_levels(picture))).save(target, "PNG")


def _levels(picture: np.ndarray, grain: np.ndarray | float = 0.0) -> np.ndarray:
    """The picture as uint8 (height, width, 3)."""
    return np.clip(picture * 255 + (grain + np.float32(0.5)), 0, 255).astype(np.uint8).transpose(1, 2, 0)
