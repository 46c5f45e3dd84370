"""A desert: dunes with a lit and a shaded face along each winding crest, sand smoking in the wind."""

import numpy as np

from . import elements
from .canvas import HEIGHT, profile, smooth
from .land import ABOVE, Mist, Ridge, width_of
from .sky import Sky

SAND = np.array([0.95, 0.70, 0.47], np.float32).reshape(3, 1, 1)
DUNES = 5


class Dunes:
    def __init__(self, rng, features):
        self.sky = Sky(rng, 0.54)
        self.dunes = [_dune(rng, number / (DUNES - 1), self.sky.sun_x < 320) for number in range(DUNES)]
        self.dust = [Mist(rng, dune.depth) for dune in self.dunes]
        self.extras = elements.Extras(rng)

    def paint(self, moment):
        picture = self.sky.paint(moment)
        hiding = [*self.dunes[1:], None]
        for number, (dune, dust, before) in enumerate(zip(self.dunes, self.dust, hiding, strict=True)):
            dune.paint(picture, moment, fog=0.55, before=before)
            dust.paint(picture, moment, HEIGHT * (0.60 + 0.1 * number), 20 + 6 * number, 0.5 - 0.07 * number)
        self.extras.paint(picture, moment)
        return picture


def _dune(rng, near: float, sun_left: bool) -> Ridge:
    """A dune field from the farthest (0) to the nearest (1)."""
    depth = 0.07 + 0.83 * near**1.6
    width = width_of(depth)
    folds = profile(rng, width, 3.2 - 1.4 * near, 2, 0.3, sharp=True)
    crest = HEIGHT * (0.575 + 0.33 * near**1.15) - (44 + 62 * near) * (folds - 0.3)
    crest = crest - 3 * profile(rng, width, 40, 2)
    light = _faces(rng, crest, near, sun_left)
    return Ridge(rng, crest, depth, 0.7 * (1 - near) ** 1.3, relief=2.0 + 0.6 * near, soil=SAND, slopes=light)


def _faces(rng, crest, near: float, sun_left: bool):
    """Half-density light map: the crest's two faces parted by an edge that winds down the dune."""
    width, height = crest.size // 2, HEIGHT // 2 + ABOVE
    rows = np.arange(height, dtype=np.float32)[:, None]
    window = np.ones(9) / 9
    fall = np.gradient(np.convolve(np.pad(crest, 4, mode="edge"), window, "valid"))[::2][:width]
    below = np.maximum(rows - (ABOVE + crest[::2][:width]) / 2, 0)
    winding = (10 + 22 * near) * np.sin(below / (13 + 15 * near) + rng.uniform(0, 6)) * smooth(0, 30, below)
    at = np.clip(np.arange(width) + winding, 0, width - 1).astype(int)
    facing = fall[at] * (1 if sun_left else -1)
    light = 0.02 + 0.9 * smooth(-0.2, 0.2, facing) * (0.6 + 0.4 * np.exp(-below / 60))
    return np.clip(light, 0, 1).astype(np.float32)
