"""The scene kinds by name."""

import numpy as np

from .clouds import Clouds
from .course import World
from .dunes import Dunes
from .forest import Forest
from .meadow import Meadow
from .mountains import Mountains
from .sea import Sea
from .space import Space
from .street import Street

KINDS = {
    "sea": Sea,
    "mountains": Mountains,
    "street": Street,
    "meadow": Meadow,
    "dunes": Dunes,
    "forest": Forest,
    "clouds": Clouds,
    "space": Space,
}


def build(world: World):
    """The scene of a world; the same world always gives the same shapes."""
    return KINDS[world.kind](np.random.default_rng(world.seed), world.features)
