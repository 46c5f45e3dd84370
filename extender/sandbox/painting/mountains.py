"""Mountain ridges, one behind another, with mist in the valleys and firs on the nearest."""

from . import elements
from .canvas import HEIGHT, profile
from .land import Mist, Ridge, firs, width_of
from .sky import Sky

RIDGES = 5


class Mountains:
    def __init__(self, rng, features):
        self.sky = Sky(rng, 0.56)
        self.ridges = [_ridge(rng, number / (RIDGES - 1)) for number in range(RIDGES)]
        self.mists = [Mist(rng, ridge.depth * 1.15) for ridge in self.ridges[:-1]]
        self.extras = elements.Extras(rng)

    def paint(self, moment):
        picture = self.sky.paint(moment)
        for number, (ridge, mist) in enumerate(zip(self.ridges, self.mists, strict=False)):
            ridge.paint(picture, moment, before=self.ridges[number + 1])
            mist.paint(picture, moment, HEIGHT * (0.66 + 0.09 * number), 34 + 9 * number, 0.95 - 0.12 * number)
        self.ridges[-1].paint(picture, moment, fog=0.6)
        self.extras.paint(picture, moment)
        return picture


def _ridge(rng, near: float) -> Ridge:
    """A ridge from the farthest (0), jagged and pale, to the nearest (1), dark and wooded."""
    depth = 0.07 + 0.8 * near**1.7
    width = width_of(depth)
    jagged = profile(rng, width, 2.2 + near, 7, 0.47, sharp=True)
    rolling = profile(rng, width, 2.5, 6, 0.42)
    shape = jagged * (1 - near) + rolling * near
    crest = HEIGHT * (0.60 + 0.29 * near**1.1) - (135 - 60 * near) * (shape - 0.3)
    if near > 0.6:
        crest = crest - firs(rng, width, 14 if near < 1 else 46)
    return Ridge(rng, crest, depth, 0.92 * (1 - near) ** 1.15 + 0.02, relief=0.9 - 0.6 * near)
