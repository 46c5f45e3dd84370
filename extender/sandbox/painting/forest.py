"""A forest around a still lake: distant hills, fir silhouettes, and a sky that the water repeats."""

import numpy as np

from . import elements
from .canvas import HEIGHT, WIDTH, Layer, glow, lay, profile, smooth
from .land import ABOVE, Mist, Ridge, fir, firs, width_of
from .sky import Sky
from .water import Water

HORIZON = 0.64


class Forest:
    def __init__(self, rng, features):
        self.sky = Sky(rng, HORIZON)
        self.hills = [
            _hill(rng, 0.06, 74, 0.62, 0),
            _hill(rng, 0.12, 40, 0.36, 9),
            _hill(rng, 0.2, 16, 0.12, 30),
        ]
        self.mist = Mist(rng, 0.25)
        self.water = Water(rng, rough=0.22)
        self.frame = _frame(rng)
        self.cabin = WIDTH * rng.uniform(0.3, 0.7) if "cabin" in features else None
        self.extras = elements.Extras(rng)

    def paint(self, moment):
        look, camera = moment.look, moment.camera
        picture = self.sky.paint(moment)
        for hill, before in zip(self.hills, [*self.hills[1:], None], strict=True):
            hill.paint(picture, moment, fog=0.7, before=before)
        _, shore = camera.project(0, HORIZON * HEIGHT + 6, self.hills[-1].depth)
        if self.cabin:
            self._light_cabin(picture, moment)
        deep = 0.5 * look.shade + 0.5 * look.zenith
        self.water.paint(picture, moment, shore, self.sky.lights(moment), deep)
        self.mist.paint(picture, moment, HORIZON * HEIGHT + 6, 20, 0.85)
        lay(picture, look.shade * 0.8, self.frame.view(camera))
        self.extras.paint(picture, moment)
        return picture

    def _light_cabin(self, picture, moment) -> None:
        """Two warm windows among the trees."""
        x, y = moment.camera.project(self.cabin, HORIZON * HEIGHT - 4, 0.2)
        strength = 0.25 + 0.75 * float(smooth(0.1, 0.7, moment.look.dark))
        for offset in (-5, 5):
            glow(picture, elements.WARM, x + offset, y, 3, 0.95 * strength)
        glow(picture, elements.WARM, x, y, 26, 0.4 * strength)


def _hill(rng, depth: float, rise: float, far: float, tall: float) -> Ridge:
    width = width_of(depth)
    crest = HORIZON * HEIGHT + 2 - rise * profile(rng, width, 2.6, 6, 0.4)
    if tall:
        crest = crest - firs(rng, width, tall)
    return Ridge(rng, crest, depth, far, relief=0.25)


def _frame(rng) -> Layer:
    """Near firs at both sides and grasses along the lower edge, float32 mask."""
    width = width_of(1.0)
    across = np.abs(np.linspace(-1, 1, width, dtype=np.float32))
    height = HEIGHT + 2 * ABOVE
    rows = np.arange(height, dtype=np.float32)[:, None] - ABOVE
    bank = HEIGHT * 1.0 - 40 * smooth(0.2, 0.6, across) - 9 * profile(rng, width, 9, 6)
    plane = np.clip(rows - bank + 0.5, 0, 1)
    for side in (-1, 1):
        for _ in range(7):
            x = int(width / 2 + side * (WIDTH * rng.uniform(0.36, 0.72)))
            tree = fir(rng, int(rng.uniform(90, 265)))
            foot, left = ABOVE + int(bank[min(x, width - 1)]) + 12, x - tree.shape[1] // 2
            left = min(max(left, 0), width - tree.shape[1])
            place = plane[foot - tree.shape[0] : foot, left : left + tree.shape[1]]
            np.maximum(place, tree, out=place)
    return Layer(plane, 1.0)
