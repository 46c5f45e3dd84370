"""Water and wet ground: what stands above is mirrored, broken by ripples, with glitter under the lights."""

import numpy as np

from .canvas import COLUMNS, HEIGHT, WIDTH, bell, lay, noise, shine, smooth

SIDE = 512  # of the periodic ripple texture, a power of two so that positions wrap with a mask


class Water:
    """A level surface from the horizon to the lower edge. `rough`: 0 a still lake, 1 the open sea."""

    def __init__(self, rng, rough: float):
        self.rough = rough
        self.ripples = noise(rng, SIDE, SIDE, (24, 12), 4, 0.6).ravel() - np.float32(0.5)

    def paint(self, picture, moment, level: float, lights, deep) -> None:
        """Covers the picture below `level` (pixels). `lights`: (x, y, strength) each; `deep`: its own ink."""
        top = int(np.ceil(level))
        if top >= HEIGHT:
            return
        near = (np.arange(top, HEIGHT, dtype=np.float32)[:, None] - level + 0.5) / (HEIGHT * 0.45)
        slope = self.slope(near, moment)
        water = self._mirror(picture, top, level, near, slope)
        facing = np.clip(0.2 + 0.5 * smooth(0, 1.1, near) + slope * 0.9, 0, 0.92)
        lay(water, deep, facing)
        lay(water, moment.look.mist, 0.55 * moment.look.haze * np.exp(-near * 14))
        for x, _, strength in lights:
            if strength > 0.01:
                shine(water, moment.look.glow, self._glitter(x, near, slope, strength))
        picture[:, top:] = water

    def slope(self, near, moment):
        """Two trains of ripples in perspective: float32 (rows, WIDTH), about -0.5 to 0.5."""
        far = (near + 0.03) ** -0.75
        across = (COLUMNS - WIDTH / 2) / moment.camera.zoom + moment.camera.x * 0.8
        first = self._sample(across * far * 1.0 + moment.clock * 9, far * 190 + moment.clock * 15)
        second = self._sample(across * far * 1.7 - moment.clock * 13 + 171, far * 310 + moment.clock * 21 + 93)
        calm = smooth(0, 0.1, near) * 0.75 + 0.25
        return (first + second) * calm

    def _sample(self, across, away):
        index = (away.astype(np.int32) & (SIDE - 1)) * SIDE + (across.astype(np.int32) & (SIDE - 1))
        return self.ripples.take(index)

    def _mirror(self, picture, top: int, level: float, near, slope):
        """The picture above the level, upside down, shaken by the slope: float32 (3, rows, WIDTH)."""
        rows = np.arange(top, HEIGHT, dtype=np.float32)[:, None]
        shake = slope * self.rough * (14 + 60 * near)
        source = np.clip(2 * level - rows - np.abs(shake) * 1.3, 0, top - 1).astype(np.int32)
        column = np.clip(COLUMNS + shake * 0.5, 0, WIDTH - 1).astype(np.int32)
        return picture.reshape(3, -1).take(source * WIDTH + column, axis=1)

    def _glitter(self, x: float, near, slope, strength: float):
        """The path of light below sun or moon, sparkling where ripples face it."""
        width = 16 + 120 * near + 40 * self.rough
        path = bell(COLUMNS, x, width) * np.exp(-near * 0.9)
        sparkle = smooth(0.02, 0.3, slope) + 0.22 * np.exp(-near * 3)
        return path * sparkle * np.float32(strength * 0.95)
