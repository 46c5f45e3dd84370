"""Looks into films of our own making, in this process: to start one of its own takes longer than most looks.

That its own process answers the same, and what becomes of hostile files, is asked in the files beside this one.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from extender.video import cuts, examination, layout
from extender.video.facts import Cut, Facts


def examine(path: Path, into: Path) -> Facts:
    """As `extender.video.process.examine`."""
    with path.open("rb") as file:
        return examination.examine(file, into)[0]


def compare(parent: Path, child: Path) -> Cut:
    """As `extender.video.process.compare`."""
    with parent.open("rb") as old, child.open("rb") as new:
        return cuts.compare(old, new)


def cut(parent: Path, child: Path, out_ms: int | None) -> Cut:
    """As `extender.video.process.cut`."""
    with parent.open("rb") as old, child.open("rb") as new:
        return cuts.cut(old, new, out_ms)


def picture(folder: Path, name: str) -> np.ndarray:
    """A picture that was written, as int16 (height, width, 3)."""
    with Image.open(folder / name) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGB")).astype(np.int16)


def tiles(folder: Path) -> list[np.ndarray]:
    sheet = picture(folder, layout.STORYBOARD)
    rows = np.split(sheet, layout.ROWS, axis=0)
    return [tile for row in rows for tile in np.split(row, layout.COLUMNS, axis=1)]


def off(first: np.ndarray, second: np.ndarray) -> float:
    """Mean difference of two pictures, of 255, at the size of the second."""
    image = Image.fromarray(first.astype(np.uint8)).resize(second.shape[1::-1], Image.Resampling.BOX)
    return float(np.abs(np.asarray(image).astype(np.int16) - second).mean())


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels.astype(np.uint8)).resize((16, 9))).astype(np.int16)
