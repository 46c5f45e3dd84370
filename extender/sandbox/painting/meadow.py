"""A meadow in the wind: far hills, a lone tree, waves running through the grass, flowers up close."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import elements
from .canvas import COLUMNS, HEIGHT, ROWS, WIDTH, Layer, clamped, lay, profile, smooth, stamp
from .land import ABOVE, Mist, Ridge, earth, width_of
from .sky import Sky
from .water import Water

GRASS = np.array([0.52, 0.62, 0.26], np.float32).reshape(3, 1, 1)
SUNLIT = np.array([0.86, 0.88, 0.50], np.float32).reshape(3, 1, 1)
BLOSSOMS = tuple(
    np.array(ink, np.float32).reshape(3, 1, 1)
    for ink in ((0.93, 0.30, 0.24), (0.98, 0.93, 0.84), (0.70, 0.55, 0.92), (0.98, 0.80, 0.32))
)
FIELD = 0.66  # fraction of the height where the open field begins
TREE_DEPTH = 0.3


class Meadow:
    def __init__(self, rng, features):
        self.sky = Sky(rng, 0.6)
        self.hills = [_hill(rng, share) for share in (0.0, 0.5, 1.0)]
        self.mist = Mist(rng, 0.2)
        self.wind = Water(rng, rough=0)
        self.tree = _tree(rng)
        self.tree_x = WIDTH * (0.3 if self.sky.sun_x > WIDTH / 2 else 0.7)
        self.blossom = BLOSSOMS[rng.integers(len(BLOSSOMS))]
        self.swards = [_Sward(rng, depth) for depth in (0.62, 1.0)]
        self.extras = elements.Extras(rng)

    def paint(self, moment):
        picture = self.sky.paint(moment)
        for hill, before in zip(self.hills, [*self.hills[1:], None], strict=True):
            hill.paint(picture, moment, fog=0.8, before=before)
        self.mist.paint(picture, moment, HEIGHT * 0.66, 22, 0.45)
        self._field(picture, moment)
        self._lone_tree(picture, moment)
        for sward in self.swards:
            sward.paint(picture, moment, self.blossom)
        self.extras.paint(picture, moment)
        return picture

    def _field(self, picture, moment) -> None:
        """Open grass in perspective; gusts show as light running over it."""
        look = moment.look
        _, level = moment.camera.project(0, FIELD * HEIGHT, TREE_DEPTH)
        rows = clamped(level)
        near = (ROWS[rows] - level + 0.5) / (HEIGHT * 0.45)
        gust = self.wind.slope(near * 0.6 + 0.03, moment)
        ink = earth(look, GRASS)
        tone = ink + np.clip(0.16 + 0.9 * gust, 0, 0.75) * (look.cloud_light * SUNLIT - ink)
        lay(tone, look.mist, 0.28 * np.exp(-near * 5) * (0.4 + 0.6 * look.haze))
        lay(tone, look.shade, 0.42 * smooth(0.15, 1.0, near))
        lay(picture[:, rows], tone, smooth(0, 0.04, near))

    def _lone_tree(self, picture, moment) -> None:
        x, y = moment.camera.project(self.tree_x, HEIGHT * (FIELD + 0.035), TREE_DEPTH)
        scale = 0.62 * moment.camera.reach(TREE_DEPTH)[2]
        ink = moment.look.shade * 0.86 + moment.look.mist * 0.14
        stamp(picture, ink, self.tree, x, y, scale)


class _Sward:
    """A strip of blades and flowers near the camera, bending in the wind."""

    def __init__(self, rng, depth: float):
        self.depth = depth
        self.tall = 70 + 52 * depth
        blades, heads = _blades(rng, depth, self.tall)
        self.blades, self.heads = Layer(blades, depth), Layer(heads, depth)

    def paint(self, picture, moment, blossom) -> None:
        look, camera = moment.look, moment.camera
        _, foot = camera.project(0, HEIGHT + 18, self.depth)
        rows = clamped(foot - self.tall * 1.25 * camera.zoom, HEIGHT)
        place = self._bent(moment, rows, foot)
        ink = 0.75 * look.shade + 0.25 * earth(look, GRASS) * (1.3 - self.depth)
        lay(picture[:, rows], ink, self._sway(self.blades.view(camera, rows=rows), place))
        flower = 0.3 * look.shade + 0.7 * blossom * (0.25 + 0.75 * look.cloud_light)
        lay(picture[:, rows], flower, self._sway(self.heads.view(camera, rows=rows), place))

    def _bent(self, moment, rows: slice, foot: float):
        """Where each spot is fetched from: column positions, float32 (rows, WIDTH)."""
        lift = np.clip((foot - ROWS[rows]) / self.tall, 0, 1.3) ** 1.7
        clock, phase = moment.clock, COLUMNS * 0.013 + moment.camera.x * 0.01
        wind = np.sin(clock * 0.9 - phase) + 0.45 * np.sin(clock * 1.9 - phase * 3.1 + self.depth * 4)
        return np.clip(COLUMNS + lift * (5 + 6 * self.depth) * wind, 0, WIDTH - 1.01).astype(np.float32)

    @staticmethod
    def _sway(mask, place):
        left = place.astype(np.int32)
        share = place - left
        index = left + np.arange(mask.shape[0], dtype=np.int32)[:, None] * WIDTH
        return mask.take(index) * (1 - share) + mask.take(index + 1) * share


def _blades(rng, depth: float, tall: float):
    """Grass and flower heads along the lower edge: two float32 masks of the plane's size."""
    height, width = HEIGHT + 2 * ABOVE, width_of(depth)
    # Drawn twice as large, since PIL's strokes have hard edges.
    blades, heads = (Image.new("L", (width * 2, height * 2)) for _ in range(2))
    grass, flowers = ImageDraw.Draw(blades), ImageDraw.Draw(heads)
    foot = (ABOVE + HEIGHT + 18) * 2
    for x in rng.uniform(0, width * 2, int(width * 1.1)):
        rise, lean = 2 * tall * rng.uniform(0.3, 1.0) ** 1.3, rng.normal(0, 26)
        thick = 2.2 + 2.4 * depth
        tip = (x + lean, foot - rise)
        waist, bend, half = foot - rise * 0.6, x + lean * 0.35, thick * 0.7
        outline = [(x - thick, foot), (bend - half, waist), tip, (bend + half, waist), (x + thick, foot)]
        grass.polygon(outline, fill=255)
        if rng.random() < 0.09:
            size = (3.5 + 5 * depth) * rng.uniform(0.6, 1.1)
            flowers.ellipse((tip[0] - size, tip[1] - size * 0.8, tip[0] + size, tip[1] + size * 0.8), fill=235)
    grass.rectangle((0, foot - 14, width * 2, height * 2), fill=255)
    return tuple(
        np.asarray(sheet.filter(ImageFilter.GaussianBlur(0.6 + 1.6 * (1 - depth))).reduce(2), np.float32) / 255
        for sheet in (blades, heads)
    )


def _hill(rng, near: float) -> Ridge:
    depth = 0.06 + 0.2 * near
    width = width_of(depth)
    crest = HEIGHT * (0.6 + 0.055 * near) - (52 - 26 * near) * profile(rng, width, 2.4, 4, 0.35)
    return Ridge(rng, crest, depth, 0.72 - 0.42 * near, relief=0.1, soil=GRASS)


def _tree(rng) -> Image.Image:
    """A broad old tree, about 220 pixels high."""
    sprite = Image.new("L", (300, 240))
    draw = ImageDraw.Draw(sprite)
    draw.polygon([(139, 240), (146, 130), (156, 130), (165, 240)], fill=255)
    for angle in rng.uniform(-1.2, 1.2, 7):
        end = (150 + 82 * np.sin(angle), 140 - 78 * np.cos(angle))
        draw.line([(150, 165), end], fill=255, width=5)
    draw.ellipse((72, 44, 228, 128), fill=255)
    for _ in range(260):
        angle, away = rng.uniform(0, 2 * np.pi), rng.random() ** 0.4
        x, y = 150 + 108 * away * np.cos(angle), 84 + 66 * away * np.sin(angle)
        size = rng.uniform(4, 14) * (1.15 - 0.5 * away)
        draw.ellipse((x - size, y - size * 0.8, x + size, y + size * 0.8), fill=255)
    return sprite.filter(ImageFilter.GaussianBlur(1.0))
