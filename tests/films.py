"""Small films, made on the spot."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

WIDTH, HEIGHT, RATE = 160, 90, 24


def write(
    path: Path,
    pictures: Iterable[np.ndarray],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int | Fraction = RATE,
    options: dict[str, str] | None = None,
    stamps: Sequence[int] | None = None,
    prepare: Callable[[Any], object] = lambda stream: None,
    sound: bool = False,
) -> Path:
    """Encodes pictures, uint8 (height, width, 3); `stamps` are their moments in 1/`rate` s, 0, 1, 2... by default."""
    with av.open(str(path), "w") as container:
        stream: Any = None
        for number, picture in enumerate(pictures):
            if stream is None:
                stream = container.add_stream(codec, rate=rate)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = pix_fmt
                stream.options = {"preset": "ultrafast", "crf": "20"} if options is None else options
                prepare(stream)
                if sound:
                    _hum(container)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
            frame.pts = stamps[number] if stamps else number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _hum(container: Any) -> None:
    stream = container.add_stream("aac", rate=44100, layout="mono")
    for start in range(0, 44100, 1024):
        wave = np.sin(np.arange(start, start + 1024) / 20, dtype=np.float32)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def write_sound(path: Path) -> Path:
    """A second of a tone, without pictures."""
    with av.open(str(path), "w") as container:
        _hum(container)
    return path


def read(path: Path) -> list[np.ndarray]:
    """Every picture, uint8 (height, width, 3)."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def flat(colour: Sequence[int], width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def pan(count: int, start: int = 0, seed: int = 1, step: int = 2) -> list[np.ndarray]:
    """A camera that moves along one landscape of soft blobs, told by `seed`; `start` is where, in pictures."""
    blobs = np.random.default_rng(seed).integers(0, 255, (6, 40, 3), np.uint8)
    land = np.asarray(Image.fromarray(blobs).resize((1200, HEIGHT), Image.Resampling.BICUBIC))
    return [land[:, step * number : step * number + WIDTH].copy() for number in range(start, start + count)]


def brighter(pictures: Iterable[np.ndarray], by: int) -> list[np.ndarray]:
    """The same pictures, each channel raised by `by` levels of 255."""
    return [np.clip(picture.astype(int) + by, 0, 255).astype(np.uint8) for picture in pictures]
