"""Looks into films of our own making, in this process: to start one of its own takes longer than most looks.

That its own process answers the same, and what becomes of hostile files, is asked in the files beside this one.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from extender.video import cuts, examination, flipbook, layout
from extender.video.facts import Cut, Facts
from extender.video.footage import open_footage


def examine(path: Path, into: Path) -> Facts:
    """As `extender.video.process.examine`."""
    with path.open("rb") as file:
        return examination.examine(file, into).facts


def compare(parent: Path, child: Path) -> Cut:
    """The cut between two clips."""
    return _between(parent, child)


def cut(parent: Path, child: Path, out_ms: int | None) -> Cut:
    """The cut to a new shot."""
    return _between(parent, child, "end" if out_ms is None else str(out_ms))


def _between(parent: Path, child: Path, left: str = "") -> Cut:
    return cuts.between(io.BytesIO(flipbook.packed(book(parent))), book(child), left)


def book(path: Path) -> flipbook.Flipbook:
    """The flipbook of a clip."""
    with path.open("rb") as file, open_footage(file) as footage:
        drawing = flipbook.Drawing(footage)
        for shown in footage.pictures():
            drawing.show(shown)
        return drawing.finished()


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
