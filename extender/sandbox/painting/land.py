"""Land: ridges with light on their slopes and haze at their feet, firs along a line, mist in the valleys."""

import numpy as np

from .canvas import HEIGHT, ROWS, WIDTH, Layer, bell, clamped, lay, noise, smooth

ABOVE = 80  # pixels a ridge's plane extends above and below the frame, for the camera to rise and sink
FOG = 150.0  # pixels below its crest at which a ridge is lost in its own haze


class Ridge:
    """A plane of land under a crest line.

    `crest` is float32 (width,), picture rows from the frame's top; `relief` is how strongly its slopes are
    modelled by the light, 0 to 1; `far` how much of it is air, 0 (dark, near) to 1. `soil` is its own
    colour in white light (none: a silhouette); `slopes` a light map at half density instead of the usual.
    """

    def __init__(self, rng, crest, depth: float, far: float, relief: float = 0.5, soil=None, slopes=None):
        self.depth, self.far, self.relief, self.soil = depth, far, relief, soil
        rows = np.arange(HEIGHT + 2 * ABOVE, dtype=np.float32)[:, None]
        self.top, self.bottom = float(crest.min()), float(crest.max())
        self.below = Layer(np.clip(rows - ABOVE - crest, -1, FOG), depth)
        self.slopes = Layer(_slopes(rng, crest) if slopes is None else slopes, depth, 0.5)

    def paint(self, picture, moment, fog: float = 1.0, before: "Ridge | None" = None) -> None:
        """Paints the ridge in `fog` (0 to 1), leaving out what the ridge `before` it will hide."""
        look, camera = moment.look, moment.camera
        _, top = camera.project(0, self.top - 2, self.depth)
        bottom = HEIGHT if before is None else camera.project(0, before.bottom, before.depth)[1]
        rows = clamped(top, bottom + 2)
        below = self.below.view(camera, rows=rows)
        air = 0.55 * look.mist + 0.45 * look.horizon
        ground = look.shade if self.soil is None else earth(look, self.soil)
        ink = ground + self.far * (air - ground)
        sunlit = look.cloud_light * (1 if self.soil is None else 0.5 + 0.5 * self.soil)
        lit = ink + self.relief * (0.2 + 0.3 * self.far) * (sunlit - ink)
        tone = ink + self.slopes.view(camera, rows=rows) * (lit - ink)
        thick = fog * (0.3 + 0.7 * look.haze) * (0.25 + 0.75 * self.far)
        lay(tone, look.mist, np.clip(below / FOG, 0, 1) * np.float32(thick))
        lay(picture[:, rows], tone, np.clip(below + 0.5, 0, 1))


def earth(look, soil):
    """Ground of colour `soil` under a look's light: an ink."""
    return 0.42 * look.shade + 0.58 * soil * look.cloud_light


def width_of(depth: float) -> int:
    """How wide a plane of that depth must be for the camera's whole way (bounded by course.BOUNDS)."""
    return WIDTH + int(500 * depth) + 24


def _slopes(rng, crest):
    """Sunlit and shaded faces at half density: gullies running down from the crest, float32, 0 to 1."""
    width, height = crest.size // 2, HEIGHT // 2 + ABOVE
    relief = noise(rng, height, width, (11, 18), 5, 0.6)
    folds = relief - np.roll(relief, 2, axis=1)
    window = np.ones(31) / 31
    fall = np.gradient(np.convolve(np.pad(crest, 15, mode="edge"), window, "valid"))[::2][:width]
    return np.clip(0.42 + folds * 5 - fall * 0.55, 0, 1).astype(np.float32)


def firs(rng, width: int, tall: float):
    """Fir tops along a line: float32 (width,), pixels above the ground."""
    line = np.zeros(width, np.float32)
    across = np.arange(width, dtype=np.float32)
    for x in np.cumsum(rng.uniform(0.1, 0.42, width) * tall):
        if x > width:
            break
        height = tall * (0.3 + 0.7 * rng.random() ** 1.6)
        away = np.abs(across - x) / (height * 0.2)
        # Tiers of branches: the edge of each tree steps in and out on its way up.
        line = np.maximum(line, height * (1 - away + 0.07 * np.sin(away * 22)) * (away < 1))
    return line


def fir(rng, height: int):
    """One fir seen near, boughs sweeping out in tiers: float32 (height, height // 2), a mask."""
    down = np.arange(height, dtype=np.float32) / height
    tiers = 9 + height // 26
    sweep = 0.62 + 0.38 * ((down * tiers * (1.4 - 0.4 * down)) % 1)
    width = height // 2
    reach = 0.40 * width * down**0.86 * sweep
    away = np.arange(width, dtype=np.float32) - width / 2
    ragged = rng.uniform(0.55, 1.1, (height, 2)).astype(np.float32)
    edge = reach[:, None] * np.where(away < 0, ragged[:, :1], ragged[:, 1:]) + 0.6
    return np.clip(edge - np.abs(away) + 0.5, 0, 1)


class Mist:
    """A bank of mist that drifts between two planes of a landscape."""

    def __init__(self, rng, depth: float):
        self.depth = depth
        self.bank = Layer(noise(rng, 160, 420, (7, 4), 4), depth, 0.25, periodic=True)

    def paint(self, picture, moment, row: float, thickness: float, strength: float) -> None:
        """Lies around `row` (picture rows at rest), `thickness` pixels deep; `strength` 0 to 1."""
        _, middle = moment.camera.project(0, row, self.depth)
        rows = clamped(middle - 2.3 * thickness, middle + 2.3 * thickness)
        drift = moment.clock * (4 + 8 * self.depth)
        density = smooth(0.25, 0.75, self.bank.view(moment.camera, drift, rows))
        profile = bell(ROWS[rows], middle, thickness) * (strength * (0.3 + 0.7 * moment.look.haze))
        lay(picture[:, rows], moment.look.mist, profile * density)
