"""The sky every scene shares: gradient, sun and moon with their halos, stars, drifting clouds, aurora."""

import numpy as np

from .canvas import (
    COLUMNS,
    HEIGHT,
    ROWS,
    WIDTH,
    Layer,
    clamped,
    enlarge,
    glow,
    lay,
    noise,
    shine,
    smooth,
    spot,
)

DEPTH = 0.04
GREEN, VIOLET = (
    np.array(ink, np.float32).reshape(3, 1, 1) for ink in ((0.25, 0.95, 0.6), (0.5, 0.3, 0.9))
)  # of the aurora


class Sky:
    """`horizon` is the fraction of the picture's height where the sky ends, `sun_x` where light stands."""

    def __init__(self, rng, horizon: float, sun_x: float | None = None):
        self.horizon = horizon * HEIGHT
        self.sun_x = WIDTH * (rng.uniform(0.25, 0.75) if sun_x is None else sun_x)
        self.moon_x = WIDTH - self.sun_x
        self.billows, self.streaks = _clouds(rng)
        self.stars = _stars(rng, self.horizon)
        self.curtain = noise(rng, 8, 1024, (1, 14), 5)[4]

    def paint(self, moment):
        """A new picture filled with sky, down to its lower edge."""
        look = moment.look
        _, level = self.level(moment.camera)
        height = np.clip(1 - ROWS / level, 0, 1)
        picture = np.broadcast_to(_gradient(look, height), (3, HEIGHT, WIDTH)).copy()
        rows = clamped(0, level + 2)
        sky, height = picture[:, rows], height[rows]
        self._stars(sky, moment, height, rows)
        halo = self._halos(sky, moment, rows)
        if look.aurora * look.dark > 0.02:
            self._aurora(sky, moment, height)
        self._bodies(sky, moment)
        self._clouds(sky, moment, height, halo, rows)
        return picture

    def level(self, camera) -> tuple[float, float]:
        """Where the light stands (x) and the horizon lies (y), in picture pixels."""
        return camera.project(self.sun_x, self.horizon, DEPTH)

    def lights(self, moment):
        """Sun and moon as (x, y, strength 0 to 1), in picture pixels; strength fades when they set."""
        look, camera = moment.look, moment.camera
        sun = camera.project(self.sun_x, self.horizon - look.sun * HEIGHT, DEPTH)
        moon = camera.project(self.moon_x, self.horizon - look.moon * HEIGHT, DEPTH)
        return (*sun, float(smooth(-0.12, 0.06, look.sun))), (*moon, float(smooth(-0.1, 0.2, look.moon)))

    def _halos(self, picture, moment, rows):
        """Light scattered in the air around sun and moon; returns its mask, which gilds the clouds."""
        look = moment.look
        (sun_x, sun_y, sun), (moon_x, moon_y, moon) = self.lights(moment)
        low = float(smooth(0.5, 0.0, look.sun))
        halo = sun * (0.55 * spot(sun_x, sun_y, 150, 110, rows) + 0.35 * low * spot(sun_x, sun_y, 460, 70, rows))
        halo += 0.3 * sun * spot(sun_x, sun_y, 330, 240, rows)
        halo += 0.22 * moon * spot(moon_x, moon_y, 70, 70, rows)
        halo += 0.12 * moon * spot(moon_x, moon_y, 230, 200, rows)
        lay(picture, look.glow, halo * (0.9 - 0.5 * max(0.0, look.haze - 0.6)))
        return halo

    def _bodies(self, picture, moment) -> None:
        (sun_x, sun_y, sun), (moon_x, moon_y, moon) = self.lights(moment)
        white = 0.5 + 0.5 * moment.look.glow
        veil = 1 - 0.75 * max(0.0, moment.look.haze - 0.7) / 0.3
        if sun > 0:
            _disc(picture, white, sun_x, sun_y, 21, 0.95 * sun * veil)
            glow(picture, moment.look.glow, sun_x, sun_y, 46, 0.5 * sun)
        if moon > 0:
            _disc(picture, white, moon_x, moon_y, 14, 0.95 * moon)
            glow(picture, moment.look.glow, moon_x, moon_y, 30, 0.25 * moon)

    def _stars(self, picture, moment, height, rows) -> None:
        look = moment.look
        if look.stars < 0.02:
            return
        bright = self.stars.view(moment.camera, drift=moment.clock * 0.4, rows=rows)
        shine(picture, np.float32(0.95), bright * (look.stars * smooth(0.02, 0.5, height)))

    def _clouds(self, picture, moment, height, halo, rows) -> None:
        """Two drifting sheets whose sum is cut at a level: clouds form and dissolve as they pass."""
        look, camera, clock = moment.look, moment.camera, moment.clock
        density = 0.58 * self.billows.view(camera, clock * 7, rows, coarse=2)
        density += 0.42 * self.streaks.view(camera, clock * 12, rows, coarse=2)
        cut = 0.72 - 0.42 * look.clouds
        body = enlarge(smooth(cut, cut + 0.26, density), rows)
        # The lit side: where the cloud thins towards the light above.
        light = enlarge(np.clip(0.375 + 3.75 * (density - np.roll(density, 3, axis=0)), 0, 0.75), rows)
        light = np.minimum(light + 0.9 * halo, 1)
        ink = look.cloud_shade + light * (look.cloud_light - look.cloud_shade)
        lay(picture, ink, body * (smooth(0.0, 0.28, height) * 0.85))

    def _aurora(self, picture, moment, height) -> None:
        """Curtains of light whose lower hem waves, green at the foot and violet above."""
        strength = moment.look.aurora * moment.look.dark
        right, _, zoom = moment.camera.reach(DEPTH)
        across = (COLUMNS - WIDTH / 2) / zoom + right + WIDTH / 2
        for number, (speed, base) in enumerate(((9, 0.34), (-6, 0.5))):
            hem = base + 0.22 * self._fold(across * 0.5 + moment.clock * speed + 300 * number) - 0.1
            rays = 0.35 + 0.65 * self._fold(across * 1.6 - moment.clock * speed * 1.7)
            above = height - hem
            veil = smooth(-0.03, 0.05, above) * np.exp(-np.maximum(above, 0) * 4.2) * rays
            veil *= np.float32(0.62 * strength)
            upper = veil * smooth(0.0, 0.4, above)
            shine(picture, GREEN, veil - upper)
            shine(picture, VIOLET, upper)

    def _fold(self, at):
        return np.interp(at % 1024, np.arange(1025), np.append(self.curtain, self.curtain[0])).astype(np.float32)


def _gradient(look, height):
    """Zenith to horizon, float32 (3, HEIGHT, 1), for heights (HEIGHT, 1) from 0 at the horizon to 1."""
    low = smooth(0.0, 0.42, height)
    high = smooth(0.22, 1.0, height)
    ink = look.horizon + low * (look.middle - look.horizon)
    return ink + high * (look.zenith - ink)


def _disc(picture, ink, x: float, y: float, radius: float, alpha: float) -> None:
    """A softly edged disc."""
    top, bottom = int(max(y - radius - 2, 0)), int(min(y + radius + 2, picture.shape[1]))
    left, right = int(max(x - radius - 2, 0)), int(min(x + radius + 2, WIDTH))
    if top >= bottom or left >= right:
        return
    distance = np.hypot(COLUMNS[left:right] - x, ROWS[top:bottom] - y)
    lay(
        picture[:, top:bottom, left:right],
        ink,
        smooth(radius + 1.2, radius - 1.2, distance) * np.float32(alpha),
    )


def _clouds(rng):
    """The two sheets, periodic, at half density: heaped above, drawn out to streaks near the horizon."""
    height, width = HEIGHT // 2 + 60, 900
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    sheets = []
    for cells in ((3.5, 5), (5, 6)):
        heaped = noise(rng, height, width, cells, 6, 0.52)
        drawn = noise(rng, height, width, (cells[0] * 5, cells[1] * 1.2), 5, 0.5)
        share = smooth(0.2, 0.62, rows)
        sheets.append(Layer(heaped * (1 - share) + drawn * share, DEPTH * 2, 0.5, periodic=True))
    return sheets


def _stars(rng, horizon: float) -> Layer:
    """Many faint stars and a few bright ones, each a soft dot of a pixel or two."""
    height, width = HEIGHT + 80, 1400
    plane = np.zeros((height, width), np.float32)
    count = 900
    rows, columns = rng.integers(1, height - 1, count), rng.integers(1, width - 1, count)
    light = (0.12 + 0.88 * rng.random(count) ** 5).astype(np.float32)
    plane[rows, columns] = light
    dots = plane
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        plane = np.maximum(plane, np.roll(dots, shift, axis) * 0.38)
    return Layer(plane, DEPTH, periodic=True)
