"""Above a planet: its lit rim and thin air, a far nebula, stars, and a small moon."""

import math

import numpy as np

from . import elements
from .canvas import COLUMNS, HEIGHT, ROWS, WIDTH, Layer, bell, clamped, glow, lay, noise, shine, smooth
from .sky import Sky

RADIUS = 560.0
PLANET_DEPTH = 0.3


class Space:
    def __init__(self, rng, features):
        self.sky = Sky(rng, 1.4)
        self.nebula = [
            Layer(noise(rng, 260, 700, cells, 5, 0.55), 0.07, 0.5, periodic=True) for cells in ((2, 4), (3, 5))
        ]
        self.surface = Layer(noise(rng, 260, 900, (9, 6), 6, 0.55), PLANET_DEPTH, 0.5, periodic=True)
        self.side = 1 if rng.random() < 0.5 else -1
        self.centre_x = WIDTH * (0.5 - 0.2 * self.side)
        self.moon = WIDTH * (0.5 + self.side * rng.uniform(0.02, 0.2)), HEIGHT * rng.uniform(0.16, 0.3)
        self.extras = elements.Motes(rng)

    def paint(self, moment):
        look = moment.look
        picture = np.empty((3, HEIGHT, WIDTH), np.float32)
        picture[:] = look.zenith * 0.14 + (1 - ROWS / HEIGHT) * 0.03 * look.middle
        self._nebula(picture, moment)
        shine(picture, np.float32(0.95), self.sky.stars.view(moment.camera, drift=moment.clock * 0.3))
        self._moon(picture, moment)
        self._planet(picture, moment)
        self.extras.paint(picture, moment)
        return picture

    def _nebula(self, picture, moment) -> None:
        look = moment.look
        first, second = (
            sheet.view(moment.camera, moment.clock * pace)
            for sheet, pace in zip(self.nebula, (1.6, -1.1), strict=True)
        )
        cloud = smooth(0.36, 0.95, 0.55 * first + 0.5 * second)
        vivid = look.middle / max(float(look.middle.max()), 0.3)
        shine(picture, 0.5 * vivid + 0.1, cloud * np.float32(0.75))
        shine(picture, look.glow, smooth(0.5, 0.95, second) * cloud * np.float32(0.5 + 0.8 * look.aurora))

    def _planet(self, picture, moment) -> None:
        """A great disc rising from the lower edge; the star stands behind its rim."""
        look, camera = moment.look, moment.camera
        x, y = camera.project(self.centre_x, HEIGHT * 0.62 + RADIUS, PLANET_DEPTH)
        radius = RADIUS * camera.reach(PLANET_DEPTH)[2]
        rows = clamped(y - radius - 130)
        across, down = (COLUMNS - x) / radius, (ROWS[rows] - y) / radius
        distance = np.sqrt(across**2 + down**2)
        # The light comes round the rim from the star's side.
        angle = self.side * (0.42 - 0.25 * look.sun)
        star_x, star_y = math.sin(angle), -math.cos(angle)
        facing = bell(np.hypot(across - star_x, down - star_y), 0, 0.62)
        outside = (distance - 1) * radius
        air = np.exp(-np.clip(np.abs(outside) / np.where(outside > 0, 15, 30), 0, 30)).astype(np.float32)
        ground = 0.10 * look.zenith + (0.55 * look.middle + 0.15 * look.glow) * (
            facing * smooth(0.2, 0.8, self.surface.view(camera, moment.clock * 3, rows)) * smooth(-190, -8, outside)
        )
        view = picture[:, rows]
        lay(view, ground, smooth(0.8, -0.8, outside))
        shine(view, 0.45 * look.horizon + 0.55 * look.glow, air * facing)
        for size, strength in ((9, 1.0), (34, 0.6), (120, 0.4)):
            glow(picture, look.glow * 0.5 + 0.5, x + star_x * radius, y + star_y * radius, size, strength)

    def _moon(self, picture, moment) -> None:
        """A small crescent, lit from the star's side."""
        look = moment.look
        x, y = moment.camera.project(*self.moon, 0.12)
        rows = clamped(y - 26, y + 26)
        across, down = (COLUMNS - x) / 22, (ROWS[rows] - y) / 22
        disc = smooth(1.05, 0.95, np.hypot(across, down))
        lit = smooth(-0.1, 0.9, across * 0.6 * self.side + down * 0.75)
        lay(picture[:, rows], look.glow * (0.04 + 0.8 * lit), disc)
