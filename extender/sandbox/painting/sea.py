"""The sea: headlands in haze, a path of glitter, drifting sailing boats, sometimes a lighthouse."""

import numpy as np

from . import elements
from .canvas import HEIGHT, ROWS, WIDTH, Layer, bell, clamped, lay, profile, smooth
from .sky import Sky
from .water import Water

HORIZON = 0.56


class Sea:
    def __init__(self, rng, features):
        self.sky = Sky(rng, HORIZON)
        self.water = Water(rng, rough=1.0)
        self.headlands = [_headland(rng, depth, rise) for depth, rise in ((0.08, 60), (0.14, 42))]
        self.boats = elements.Boats(rng)
        self.extras = elements.Extras(rng)

    def paint(self, moment):
        look, camera = moment.look, moment.camera
        picture = self.sky.paint(moment)
        _, level = self.sky.level(camera)
        for number, headland in enumerate(self.headlands):
            ink = look.shade + (0.72 - 0.25 * number) * (look.mist - look.shade)
            lay(picture, ink, headland.view(camera))
        rows = clamped(level - 60, level + 2)
        lay(picture[:, rows], look.mist, 0.5 * look.haze * bell(ROWS[rows], level, 26))
        deep = 0.55 * look.zenith + 0.25 * look.shade + 0.1 * look.middle
        self.water.paint(picture, moment, level, self.sky.lights(moment), deep)
        self.boats.paint(picture, moment, level)
        self.extras.paint(picture, moment)
        return picture


def _headland(rng, depth: float, rise: float) -> Layer:
    """Low land at one side of the horizon, sloping into the water."""
    height, width = HEIGHT + 80, WIDTH + 120
    across = np.linspace(0, 1, width, dtype=np.float32)
    side = across if rng.random() < 0.5 else 1 - across
    slope = smooth(rng.uniform(0.25, 0.45), 0.02, side)
    top = slope * rise * (0.45 + 0.55 * profile(rng, width, 5, 6)) - 1.5
    rows = np.arange(height, dtype=np.float32)[:, None]
    foot = HORIZON * HEIGHT + 40
    return Layer(np.clip(rows - (foot - top) + 0.5, 0, 1) * (top > 0) * (rows < foot + 4), depth)
