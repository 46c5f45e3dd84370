"""How a video leaves the picture that it begins with: the camera moves into it while the landscape comes through."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from extender.sandbox.landscape import noise, smooth

# Where the landscape comes from in each of the four takes, and whither the camera goes: right, down.
WAYS = ((0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0))
PUSH = 0.12  # by which the camera closes in
EDGE = 0.5  # how soft the border between the two is, as a share of the way


def ratio(file: Path) -> float:
    """Width over height of a picture, as far as a video may have it."""
    with Image.open(file) as picture:
        return min(max(picture.width / picture.height, 1 / 3), 3.0)


def leave(file: Path, landscapes: Iterable[np.ndarray], frames: int, take: int) -> Iterator[np.ndarray]:
    """The pictures of a video of so many frames: the first is the file's, the last is of the landscape alone."""
    picture = None
    for number, landscape in enumerate(landscapes):
        if picture is None:
            height, width = landscape.shape[1:]
            with Image.open(file) as opened:
                picture = ImageOps.fit(opened.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
            late = _late(width, height, take)
        share = number / (frames - 1)
        there = smooth(0, EDGE, share * (1 + EDGE) - late)
        seen = np.asarray(_closer(picture, share, take), np.float32).transpose(2, 0, 1) / 255
        yield seen + there * (landscape - seen)


def _late(width: int, height: int, take: int) -> np.ndarray:
    """How late the landscape comes to each point, 0 to 1: uneven, as mist drifts in. float32 (height, width)."""
    right, down = WAYS[(take - 1) % 4]
    across, along = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)[:, None]
    way = 0.5 - right * across - down * along
    return (0.6 * way + 0.4 * noise(np.random.default_rng(take), height, width, 3, 4, 4)).astype(np.float32)


def _closer(picture: Image.Image, share: float, take: int) -> Image.Image:
    """The picture as it is seen after this share of the way."""
    gone = PUSH * float(smooth(0, 1, share)) / 2
    right, down = (gone * part * size for part, size in zip(WAYS[(take - 1) % 4], picture.size, strict=True))
    left, upper = gone * picture.width, gone * picture.height
    box = (left + right, upper + down, picture.width - left + right, picture.height - upper + down)
    return picture.resize(picture.size, Image.Resampling.BICUBIC, box)
