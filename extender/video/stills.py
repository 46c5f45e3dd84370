"""The pictures that stand for a clip: its poster, its thumbnail and its storyboard."""

from pathlib import Path

import numpy as np
from PIL import Image

from extender.video import layout
from extender.video.footage import Footage, Picture
from extender.video.writing import save_webp

KEPT = 2 * layout.TILES  # at least; the moments of tiles are then right to a fortieth of the clip
CLEAR = 0.75  # of the most contrast so far: with less, a clip is fading out
MUCH_MORE = 2.8  # times the contrast: what a picture needs to take another's place
THUMBNAIL_AT = 7 / 8  # of the clip: behind every join, before a fade


class Stills:
    """Chooses while a clip passes by once, keeping few of its pictures."""

    def __init__(self, footage: Footage) -> None:
        self._footage = footage
        self._kept: list[tuple[float, np.ndarray]] = []
        # As many as are kept are scaled, if the file tells the truth.
        self._stride = max(1, footage.announced // KEPT)
        self._seen = 0  # pictures, so far
        self._poster: Picture
        self._most_contrast = 0.0
        self._last: Picture

    def show(self, picture: Picture, small: np.ndarray) -> None:
        """Takes the next picture in; `small` is how it looks (height, width, 3)."""
        self._last = picture
        self._consider(picture, _contrast(small))
        if self._seen % self._stride == 0:
            self._keep(picture)
            if len(self._kept) >= 2 * KEPT:
                del self._kept[1::2]
                self._stride *= 2
        self._seen += 1

    def _keep(self, picture: Picture) -> None:
        shape = self._footage.shape(picture.frame, layout.THUMBNAIL_SIDE)
        self._kept.append((picture.seconds, self._footage.rgb(picture.frame, shape)))

    def _consider(self, picture: Picture, contrast: float) -> None:
        """The poster is the last clear picture: four takes of one task begin alike, and differ in where they lead."""
        self._most_contrast = max(self._most_contrast, contrast)
        if contrast >= CLEAR * self._most_contrast:
            self._poster = picture

    def write(self, into: Path) -> None:
        """Writes the three pictures into the folder. OSError where that fails, and then no half of one is there."""
        self._keep(self._last)
        frame = self._poster.frame
        poster = self._footage.rgb(frame, self._footage.shape(frame, layout.POSTER_SIDE))
        save_webp(Image.fromarray(poster), into / layout.POSTER, layout.POSTER_BYTES)
        save_webp(Image.fromarray(self._card()), into / layout.THUMBNAIL, layout.THUMBNAIL_BYTES)
        save_webp(self._storyboard(), into / layout.STORYBOARD, layout.STORYBOARD_BYTES)

    def _near(self, share: float) -> np.ndarray:
        """The kept picture nearest to a share of the clip, 0 to 1."""
        moment = share * self._last.seconds
        return min(self._kept, key=lambda kept: abs(kept[0] - moment))[1]

    def _card(self) -> np.ndarray:
        usual, best = self._near(THUMBNAIL_AT), max((small for _, small in self._kept), key=_contrast)
        return best if _contrast(best) > MUCH_MORE * _contrast(usual) else usual

    def _storyboard(self) -> Image.Image:
        height, width = self._kept[-1][1].shape[:2]
        scale = layout.TILE_SIDE / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        sheet = Image.new("RGB", (layout.COLUMNS * width, layout.ROWS * height))
        for number in range(layout.TILES):
            picture = Image.fromarray(self._near(number / (layout.TILES - 1)))
            down, across = divmod(number, layout.COLUMNS)
            tile = picture.resize((width, height), Image.Resampling.BOX)
            sheet.paste(tile, (across * width, down * height))
        return sheet


def _contrast(rgb: np.ndarray) -> float:
    """Standard deviation of a picture's green, where most of its light is: 0 to 128."""
    return float(rgb[..., 1].std())
