"""One landscape: ridges behind a lake or a valley, under a sky with sun, moon, stars and clouds.

A picture is a float32 array (3, height, width) of red, green and blue planes, 0 to 1: numpy works faster on
long rows than on triples. An ink is a float32 array (3, 1, 1). Distances are in pixels.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

REACH = 260  # pixels that the camera may go to either side
MARGIN = 80  # pixels that it may go up or down
RIDGES = 6
COARSE = 4  # the sky is soft: it is painted at a quarter of the size
RIPPLES = 512  # side of the periodic texture of ripples, a power of two so that positions wrap with a mask

# A light is float32 (10, 3): eight inks by these names; the heights of sun and moon above the horizon, as fractions
# of the picture's height, and how many stars there are, 0 to 1; and what the finished picture's red, green and blue
# are multiplied by. So lights blend by plain arithmetic.
BODIES, GRADE = 8, 9
INKS = ("zenith", "middle", "horizon", "glow", "mist", "far", "near", "cloud")


def light(codes: str, sun: float, moon: float = -0.2, stars: float = 0.0) -> np.ndarray:
    """A light from eight hexadecimal inks in the order of INKS."""
    inks = [[part / 255 for part in bytes.fromhex(code)] for code in codes.split()]
    return np.array([*inks, [sun, moon, stars], [1, 1, 1]], np.float32)


@dataclass(frozen=True)
class View:
    """What one picture shows. The camera's x and y are pixels of the nearest ridge, y upwards; zoom is from 1."""

    x: float
    y: float
    zoom: float
    clock: float  # seconds of the world's own time: clouds and ripples move by it
    light: np.ndarray

    def ink(self, name: str) -> np.ndarray:
        return self.light[INKS.index(name)].reshape(3, 1, 1)

    def rise(self, depth: float) -> float:
        """By how much a plane is seen lower; depth is from 0, the sky, to 1, the nearest ridge."""
        return self.y * (0.3 + 0.7 * depth)

    def scale(self, depth: float) -> float:
        """The zoom of a plane."""
        return 1 + (self.zoom - 1) * (0.25 + 0.75 * depth)


@dataclass(frozen=True)
class Ridge:
    depth: float
    crest: np.ndarray  # float32, one height for each column, in rows of the picture; wider than the picture
    slopes: Image.Image  # how much light each point has, 0 to 1; at half the size, from MARGIN above the picture


def smooth(low: float, high: float, value: Any) -> Any:
    """0 below `low`, 1 above `high`, an S-curve in between; `low` may exceed `high`."""
    ramp = np.clip((value - low) / (high - low), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def bell(at: Any, middle: float, radius: Any) -> Any:
    """A bell curve, 1 in the middle. It ends at e^-30: numbers too small for float32 are slow."""
    return np.exp(-np.minimum(((at - middle) / radius) ** 2, 30))


def noise(rng: np.random.Generator, height: int, width: int, down: float, across: float, octaves: int) -> np.ndarray:
    """Soft periodic noise, float32 (height, width), 0 to 1; `down` and `across` count its coarsest blobs."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        rows, columns = (min(max(1, round(count * 2**octave)), 512) for count in (down, across))
        grid = np.pad(rng.random((rows, columns), np.float32), 2, mode="wrap")
        box = (2, 2, 2 + columns, 2 + rows)
        total += 0.5**octave * np.asarray(
            Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC, box)
        )
    return (total - total.min()) / max(float(np.ptp(total)), 1e-6)


def lay(picture: np.ndarray, ink: Any, mask: Any) -> None:
    """Paints `ink` over the picture where the mask is set."""
    change = ink - picture
    change *= mask
    picture += change


class Landscape:
    """The shapes, from `seed` alone; `picture` paints them. `width` and `height` are even."""

    def __init__(self, seed: int, width: int, height: int) -> None:
        rng = np.random.default_rng(seed)
        self.width, self.height = width, height
        self.columns = np.arange(width, dtype=np.float32)
        self.rows = np.arange(height, dtype=np.float32)[:, None]
        self.horizon = height * rng.uniform(0.53, 0.6)
        self.has_lake = rng.random() < 0.7
        self.sun_x = width * float(rng.choice([rng.uniform(0.22, 0.42), rng.uniform(0.58, 0.78)]))
        self.stars = rng.random((3, 260))  # x and y as shares of the sky, brightness
        self.clouds = [Image.fromarray(np.tile(noise(rng, 256, 512, 7, 3, 5), 2)) for _ in range(2)]
        self.ripples = noise(rng, RIPPLES, RIPPLES, 40, 10, 4).ravel() - np.float32(0.5)
        steep = rng.uniform(0.5, 1.0)
        self.ridges = [self._ridge(rng, number / (RIDGES - 1), steep) for number in range(RIDGES)]

    def picture(self, view: View) -> np.ndarray:
        """The picture of a view, float32 (3, height, width)."""
        picture = self._sky(view)
        crests = [self._crest(view, ridge) for ridge in self.ridges]
        for number, ridge in enumerate(self.ridges[:-1]):
            # What a nearer ridge or the lake hides is not painted.
            ends = self._level(view) if self.has_lake else float(crests[number + 1].max())
            self._land(picture, view, ridge, crests[number], math.ceil(ends) + 2)
        if self.has_lake:
            self._lake(picture, view)
        self._land(picture, view, self.ridges[-1], crests[-1], self.height)
        return picture * view.light[GRADE].reshape(3, 1, 1)

    def _ridge(self, rng: np.random.Generator, near: float, steep: float) -> Ridge:
        """The ridge number near (0 farthest, 1 nearest): peaks far away, hills with firs nearby."""
        depth = 0.08 + 0.92 * near**1.6
        width = self.width + int(2 * REACH * depth) + 40
        peaks = 1 - np.abs(2 * noise(rng, 4, width, 1, 3.2 * width / 640, 7)[1] - 1)
        hills = noise(rng, 4, width, 1, 2.4 * width / 640, 4)[1]
        share = smooth(0.75, 0.1, near) * steep
        shape = peaks * share + hills * (1 - share)
        shape -= shape.mean()
        if near == 1:
            # 1 at the picture's edge, before the camera moves
            aside = np.abs(np.linspace(-1, 1, width, dtype=np.float32)) * width / self.width
            crest = self.height * (0.98 - 0.1 * aside**1.5 - 0.08 * shape)
            tall = 125.0 * smooth(0.45, 1.0, aside)
        elif self.has_lake:
            crest = self.horizon - self.height * (0.02 + (0.15 - 0.12 * near) + (0.26 - 0.2 * near) * shape)
            crest = np.minimum(crest, self.horizon - 3)
            tall = np.full(width, 34.0 * near**1.5)
        else:
            crest = self.horizon + self.height * (0.42 * near**1.3 - 0.12 - (0.26 - 0.12 * near) * shape)
            tall = np.full(width, 70.0 * near**1.8)
        if near > 0.3:
            crest = crest - _firs(rng, width, tall)
        relief = noise(rng, self.height // 2 + MARGIN, width // 2, 5, 12 * width / 640, 5)  # gullies that run down
        slopes = np.clip(0.4 + 9 * (relief - np.roll(relief, 2, axis=1)), 0, 1)
        return Ridge(depth, crest.astype(np.float32), Image.fromarray(slopes))

    def _sky(self, view: View) -> np.ndarray:
        level = self._level(view)
        size = (self.width // COARSE, self.height // COARSE)
        rows, columns = self.rows[: size[1]] * COARSE, self.columns[: size[0]] * COARSE
        height = np.clip(1 - rows / level, 0, 1)
        sky = view.ink("horizon") + smooth(0, 0.45, height) * (view.ink("middle") - view.ink("horizon"))
        sky = sky + smooth(0.25, 1, height) * (view.ink("zenith") - sky) + np.zeros(size[0], np.float32)
        halo = np.zeros((size[1], size[0]), np.float32)
        for x, y, strength, radius in self._bodies(view):
            for share, wide, tall in ((0.5, 5.5, 4), (0.35, 19, 3.6), (0.3, 15, 12)):
                halo += strength * share * bell(rows, y, tall * radius) * bell(columns, x, wide * radius)
        lay(sky, view.ink("glow"), np.minimum(halo, 1) * 0.85)
        self._clouds(sky, view, height, halo)
        picture = np.zeros((3, self.height, self.width), np.float32)
        seen = min(math.ceil(level / COARSE) + 12, size[1])  # land hides the rest
        for plane, small in zip(picture, sky[:, :seen], strict=True):
            full = Image.fromarray(small).resize((self.width, seen * COARSE), Image.Resampling.BILINEAR)
            plane[: seen * COARSE] = np.asarray(full)
        self._lights(picture, view, level)
        return picture

    def _level(self, view: View) -> float:
        """The row of the horizon."""
        return self._project(self.horizon, view, 0.1)

    def _project(self, row: Any, view: View, depth: float) -> Any:
        """The row of the picture at which a row of a plane is seen."""
        return (row + view.rise(depth) - self.height / 2) * view.scale(depth) + self.height / 2

    def _bodies(self, view: View) -> list[tuple[float, float, float, float]]:
        """Sun and moon: x, y, strength from 0 (set) to 1, radius."""
        sun, moon, _ = map(float, view.light[BODIES])
        found = []
        for at, height, radius in ((self.sun_x, sun, 22.0), (self.width - self.sun_x, moon, 14.0)):
            x = self.width / 2 + (at - view.x * 0.04 - self.width / 2) * view.scale(0)
            y = self._project(self.horizon - height * self.height, view, 0)
            found.append((x, y, float(smooth(-0.12, 0.05, height)), radius))
        return found

    def _clouds(self, sky: np.ndarray, view: View, height: np.ndarray, halo: np.ndarray) -> None:
        """Two drifting sheets whose sum is cut at a level: clouds form and dissolve as they pass."""
        density = np.zeros(sky.shape[1:], np.float32)
        for sheet, share, pace in zip(self.clouds, (0.6, 0.4), (5.0, 9.0), strict=True):
            left = (view.x * 0.05 + view.clock * pace) % 512
            box = (left, 0, left + 0.65 * self.width / view.scale(0), 256)
            density += share * np.asarray(sheet.resize(sky.shape[:0:-1], Image.Resampling.BILINEAR, box))
        body = smooth(0.42, 0.72, density) * smooth(0.02, 0.3, height)
        lit = np.clip(0.35 + 5 * (density - np.roll(density, 1, axis=0)) + 0.7 * halo, 0, 1)
        shade = 0.5 * (view.ink("middle") + view.ink("mist"))
        lay(sky, shade + lit * (view.ink("cloud") - shade), body * 0.8)

    def _lights(self, picture: np.ndarray, view: View, level: float) -> None:
        """Stars, sun and moon, at full size."""
        x, y, bright = self.stars
        twinkle = 0.75 + 0.25 * np.sin(view.clock * 2 + 40 * x)
        bright = view.light[BODIES, 2] * twinkle * (0.15 + 0.85 * bright**4) * (1 - 0.7 * y)
        row, column = (y * (level - 20)).astype(int), (x * self.width).astype(int)
        picture[:, row, column] += bright.astype(np.float32)
        for x, y, strength, radius in self._bodies(view):
            rows, columns = (slice(max(0, int(at - radius - 2)), max(0, int(at + radius + 3))) for at in (y, x))
            distance = np.hypot(self.columns[columns] - x, self.rows[rows] - y)
            disc = smooth(radius + 1.2, radius - 1.2, distance) * np.float32(strength)
            lay(picture[:, rows, columns], 0.5 + 0.5 * view.ink("glow"), disc)

    def _left(self, view: View, ridge: Ridge) -> float:
        """The column of the ridge that stands at the picture's left edge."""
        return (ridge.crest.size - self.width / view.scale(ridge.depth)) / 2 + view.x * ridge.depth

    def _crest(self, view: View, ridge: Ridge) -> np.ndarray:
        """The row of the ridge's crest at each column of the picture, float32."""
        at = self._left(view, ridge) + self.columns / view.scale(ridge.depth)
        crest = np.interp(at, np.arange(ridge.crest.size), ridge.crest)
        return self._project(crest, view, ridge.depth).astype(np.float32)

    def _land(self, picture: np.ndarray, view: View, ridge: Ridge, crest: np.ndarray, ends: int) -> None:
        """Paints a ridge down to the row `ends`."""
        depth, scale = ridge.depth, view.scale(ridge.depth)
        top = int(min(max(crest.min() - 2, 0), self.height - 1))
        ends = min(max(ends, top + 1), self.height)
        below = self.rows[top:ends] - crest
        # Steep edges are softened across, gentle ones downwards.
        edge = np.clip(below / np.sqrt(1 + np.gradient(crest) ** 2) + 0.5, 0, 1)
        left, middle = self._left(view, ridge), self.height / 2
        upper, lower = ((row - middle) / scale + middle - view.rise(depth) + MARGIN for row in (top, ends))
        box = (left / 2, upper / 2, (left + self.width / scale) / 2, lower / 2)
        slopes = np.asarray(ridge.slopes.resize((self.width, ends - top), Image.Resampling.BILINEAR, box))
        ink = view.ink("far") + depth**0.7 * (view.ink("near") - view.ink("far"))
        tone = ink + slopes * (0.5 * (1 - depth) ** 6 * (view.ink("glow") - ink))
        lay(tone, view.ink("mist"), np.clip(below / (150 - 40 * depth), 0, 1) * (0.8 - 0.76 * depth))
        lay(picture[:, top:ends], tone, edge)

    def _lake(self, picture: np.ndarray, view: View) -> None:
        """Mirrors what stands above the horizon, broken by ripples, with a path of glitter below each light."""
        level = self._level(view)
        top = math.ceil(level)
        near = (self.rows[top:] - level + 0.5) / (self.height * 0.45)
        far = (near + 0.04) ** -0.8
        across = (self.columns - self.width / 2) / view.zoom + view.x * 0.7
        slope = self._ripple(across * far, far * 150 + view.clock * 7)
        slope += self._ripple(across * far * 1.6 - view.clock * 8 + 171, far * 260 + view.clock * 11)
        slope *= smooth(0, 0.12, near) * 0.7 + 0.3
        shake = slope * (10 + 46 * near)
        row = np.clip(2 * level - self.rows[top:] - np.abs(shake), 0, top - 1).astype(np.intp)
        column = np.clip(self.columns + 0.25 * shake, 0, self.width - 1).astype(np.intp)
        water = picture.reshape(3, -1).take(row * self.width + column, axis=1, mode="clip")
        lay(
            water,
            0.6 * view.ink("near") + 0.4 * view.ink("zenith"),
            np.clip(0.14 + 0.42 * near + 0.35 * slope, 0, 0.8),
        )
        lay(water, view.ink("mist"), 0.5 * np.exp(-near * 16))
        for x, _, strength, radius in self._bodies(view):
            path = bell(self.columns, x, radius + 90 * near) * np.exp(-near)
            lay(water, 1, view.ink("glow") * (path * (smooth(0.05, 0.3, slope) + 0.2) * np.float32(0.8 * strength)))
        picture[:, top:] = water

    def _ripple(self, across: np.ndarray, away: np.ndarray) -> np.ndarray:
        row, column = (at.astype(np.intp) & (RIPPLES - 1) for at in (away, across))
        return self.ripples.take(row * RIPPLES + column, mode="clip")


def _firs(rng: np.random.Generator, width: int, tall: np.ndarray) -> np.ndarray:
    """Fir tops along a line, pixels above the ground; `tall` is how high they may grow at each column."""
    line = np.zeros(width)
    x = 0.0
    while x < width:
        height = tall[int(x)] * (0.3 + 0.7 * rng.random() ** 1.6)
        half = max(height * 0.19, 1)
        reach = slice(max(0, math.ceil(x - half)), math.ceil(x + half))
        away = np.abs(np.arange(width)[reach] - x) / half
        # Tiers of branches: the edge steps in and out on its way up.
        line[reach] = np.maximum(line[reach], height * (1 - away + 0.07 * np.sin(away * 22)))
        x += max(rng.uniform(0.12, 0.45) * tall[int(x)], 2)
    return line
