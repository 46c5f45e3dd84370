"""A street after dark: lit windows, lamps and passing cars, doubled by the wet ground."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import elements
from .canvas import (
    COLUMNS,
    HEIGHT,
    ROWS,
    WIDTH,
    Layer,
    bell,
    clamped,
    enlarge,
    glow,
    lay,
    shine,
    smooth,
    spot,
    stamp,
)
from .land import ABOVE, width_of
from .sky import Sky
from .water import Water

HORIZON = 0.54
DROP = 190.0  # pixels below the horizon where ground at depth 1 lies
EDGE = 270.0  # pixels from the street's middle to its houses at depth 1
NEARNESS = (0.08, 0.18, 0.4, 0.86)
NEON = tuple(
    np.array(ink, np.float32).reshape(3, 1, 1)
    for ink in ((1.0, 0.42, 0.5), (0.36, 0.86, 0.9), (0.98, 0.62, 0.3), (0.72, 0.52, 1.0))
)
HEADLIGHT = np.array([1.0, 0.95, 0.82], np.float32).reshape(3, 1, 1)
TAILLIGHT = np.array([1.0, 0.22, 0.16], np.float32).reshape(3, 1, 1)


class Street:
    def __init__(self, rng, features):
        self.sky = Sky(rng, HORIZON)
        self.wet = Water(rng, rough=0.6)
        self.middle = WIDTH * rng.uniform(0.42, 0.58)
        self.blocks = [_Block(rng, near, self.middle) for near in NEARNESS]
        self.walker = _walker()
        self.walker_x = rng.uniform(-0.32, 0.32)
        self.traffic = rng.uniform(0, 1, 4)
        self.extras = elements.Extras(rng)

    def paint(self, moment):
        look, camera = moment.look, moment.camera
        picture = self.sky.paint(moment)
        _, level = self.sky.level(camera)
        lit = 0.25 + 0.75 * float(smooth(0.0, 0.6, look.dark))
        ripples = self._ground(picture, moment, level)
        x, _ = camera.project(self.middle, 0, 0.1)
        shine(picture, elements.WARM, spot(x, level - 8, 150, 62) * np.float32(0.42 * lit))
        for block in self.blocks:
            block.paint(picture, moment, lit, ripples)
            if block is not self.blocks[-1]:
                self._lamps(picture, moment, block.near, lit, ripples)
            if block.near == NEARNESS[1]:
                self._cars(picture, moment, lit, ripples)
            if block.near == NEARNESS[2]:
                self._walker(picture, moment)
        self.extras.paint(picture, moment)
        return picture

    def _ground(self, picture, moment, level: float):
        """Asphalt; returns how brightly each spot of it mirrors, float32 (HEIGHT, WIDTH)."""
        look = moment.look
        rows = clamped(level)
        near = (ROWS[rows] - level + 0.5) / (HEIGHT * 0.45)
        ripples = np.zeros((HEIGHT, WIDTH), np.float32)
        ripples[rows] = np.clip(0.55 + 1.9 * self.wet.slope(near, moment), 0, 1.3)
        asphalt = 0.75 * look.shade + 0.25 * look.zenith
        ink = asphalt + np.exp(-2.6 * near) * 0.6 * (0.5 * look.horizon + 0.5 * look.mist - asphalt)
        picture[:, rows] = ink + (look.middle - ink) * (0.22 * ripples[rows])
        return ripples

    def _lamps(self, picture, moment, near: float, lit: float, ripples) -> None:
        """A pair of street lamps at this depth, with their trails of light on the ground."""
        for side in (-1, 1):
            foot_x, foot_y = _ground_point(moment.camera, self.middle, side * 215 * near, near)
            scale = near * moment.camera.reach(near)[2]
            top = foot_y - 172 * scale
            _post(picture, moment.look.shade * 0.8, foot_x, top, foot_y, max(0.8, 3.2 * scale))
            glow(picture, elements.WARM, foot_x, top, 3 + 9 * scale, 0.95 * lit)
            glow(picture, elements.WARM, foot_x, top, 9 + 60 * scale, 0.34 * lit)
            trail(
                picture,
                elements.WARM,
                foot_x,
                foot_y + 120 * scale,
                4 + 15 * scale,
                100 * scale,
                ripples,
                0.6 * lit,
            )

    def _cars(self, picture, moment, lit: float, ripples) -> None:
        """Lights that come towards us on the left and go away on the right."""
        for number, phase in enumerate(self.traffic):
            leaving = number % 2
            way = (phase + moment.clock * 0.035) % 1
            near = 0.03 + 0.5 * ((1 - way) if leaving else way) ** 2.4
            ink, lane = (TAILLIGHT, 70) if leaving else (HEADLIGHT, -70)
            strength = float(smooth(0, 0.1, way) * smooth(1, 0.9, way)) * (0.35 + 0.65 * lit)
            for side in (-17, 17):
                x, y = _ground_point(moment.camera, self.middle, (lane + side) * near, near, 170)
                glow(picture, ink, x, y, 1.2 + 7 * near, 0.95 * strength)
            x, y = _ground_point(moment.camera, self.middle, lane * near, near, 170)
            glow(picture, ink, x, y, 6 + 48 * near, 0.42 * strength)
            trail(picture, ink, x, y + 90 * near, 3 + 22 * near, 95 * near, ripples, 0.6 * strength)

    def _walker(self, picture, moment) -> None:
        """Someone under an umbrella, strolling away from us and never getting far."""
        near = 0.36
        stroll = self.walker_x * 170 + 10 * np.sin(moment.clock * 0.13)
        x, y = _ground_point(moment.camera, self.middle, float(stroll) * near, near)
        scale = 0.36 * moment.camera.reach(near)[2]
        step = 0.7 * abs(float(np.sin(moment.clock * 2.2)))
        mirror = self.walker.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        stamp(picture, moment.look.shade * 0.7, mirror, x, y + self.walker.height * scale - 1, scale, 0.5)
        stamp(picture, moment.look.shade * 0.7, self.walker, x, y - step, scale)


@dataclass(frozen=True)
class _Sign:
    """A glowing sign: offset from the middle and height above the horizon in pixels, its ink, its length."""

    x: float
    y: float
    ink: np.ndarray
    length: float


class _Block:
    """The houses on both sides at one depth: silhouettes, windows, signs and the windows' reflection."""

    def __init__(self, rng, near: float, middle: float):
        self.near, self.middle = near, middle
        size = HEIGHT + 2 * ABOVE, width_of(near)
        body, light = Image.new("L", size[::-1]), Image.new("L", size[::-1])
        base = ABOVE + HORIZON * HEIGHT + DROP * near
        centre = (size[1] - WIDTH) / 2 + middle
        self.signs: list[_Sign] = []
        self.roof = base - ABOVE
        for side in (-1, 1):
            self._houses(rng, side, centre, base, ImageDraw.Draw(body), ImageDraw.Draw(light))
        windows = light.filter(ImageFilter.GaussianBlur(0.5 + near))
        # One plane for both, to look at once: 0 is air, 1 is wall, up to 2 is a lit window.
        self.body = Layer((np.asarray(body, np.float32) + np.asarray(windows, np.float32)) / 255, near)
        self.mirror = Layer(_reflected(light, base, near), near)

    def _houses(self, rng, side: int, centre: float, base: float, body, light) -> None:
        """Houses from the street's edge outwards, each with its own height and grid of windows."""
        near, edge = self.near, EDGE * self.near
        while edge < WIDTH * 0.56 + 250 * near:
            wide = rng.uniform(95, 190) * (near + 0.05)
            tall = DROP * near + rng.uniform(210, 470) * (near * 0.75 + 0.1)
            self.roof = min(self.roof, base - tall - ABOVE)
            left, right = sorted((centre + side * edge, centre + side * (edge + wide)))
            body.rectangle((left, base - tall, right, base), fill=255)
            self._windows(rng, light, left, right, base - tall, base)
            if near > 0.1 and edge < 420 * near and rng.random() < 0.7:
                x = side * (edge + 0.12 * wide)
                y = DROP * near - tall * rng.uniform(0.25, 0.6)
                self.signs.append(_Sign(x, y, NEON[rng.integers(len(NEON))], 34 * near + 3))
            edge += wide

    def _windows(self, rng, light, left: float, right: float, top: float, base: float) -> None:
        pitch_x, pitch_y = 15 * self.near + 4, 20 * self.near + 5
        share = rng.uniform(0.2, 0.55)
        for y in np.arange(top + pitch_y * 0.6, base - 1.4 * pitch_y, pitch_y):
            for x in np.arange(left + pitch_x * 0.4, right - 0.8 * pitch_x, pitch_x):
                if rng.random() < share:
                    box = (x, y, x + pitch_x * 0.5, y + pitch_y * 0.55)
                    light.rectangle(box, fill=int(rng.uniform(70, 235)))
        # The shop at street level.
        if rng.random() < 0.7:
            box = (left + pitch_x * 0.4, base - pitch_y * 1.0, right - pitch_x * 0.4, base - pitch_y * 0.35)
            light.rectangle(box, fill=int(rng.uniform(120, 255)))

    def paint(self, picture, moment, lit: float, ripples) -> None:
        look, camera = moment.look, moment.camera
        air = 0.5 * look.mist + 0.5 * look.horizon
        far = (1 - self.near) ** 2.2 * (0.45 + 0.35 * look.haze)
        _, base = camera.project(0, HORIZON * HEIGHT + DROP * self.near, self.near)
        _, roof = camera.project(0, self.roof, self.near)
        above, below = clamped(roof - 2, base + 2), clamped(base)
        body = self.body.view(camera, rows=above)
        wall = look.shade + far * (air - look.shade)
        pane = (elements.WARM * 0.9 + 0.1 - wall) * np.float32((0.85 - 0.3 * self.near) * lit)
        for side in self._sides(camera):
            part = body[:, side]
            tone = np.maximum(part - 1, 0) * pane
            tone += wall
            lay(picture[:, above, side], tone, np.minimum(part, 1))
        if self.near < NEARNESS[-1]:  # the nearest houses' reflection lies below the frame
            trails = enlarge(self.mirror.view(camera, rows=below, coarse=2), below) * ripples[below]
            shine(picture[:, below], elements.WARM, trails * np.float32(0.75 * lit))
        for sign in self.signs:
            self._sign(picture, moment, sign, lit, ripples)

    def _sides(self, camera) -> tuple[slice, slice]:
        """The picture columns left and right of the open street."""
        left, right = (camera.project(self.middle + side * EDGE * self.near, 0, self.near)[0] for side in (-1, 1))
        return slice(0, max(0, int(left) + 2)), slice(max(0, int(right) - 1), WIDTH)

    def _sign(self, picture, moment, sign: _Sign, lit: float, ripples) -> None:
        camera, near = moment.camera, self.near
        x, y = camera.project(self.middle + sign.x, HORIZON * HEIGHT + sign.y, near)
        glow(picture, sign.ink, x, y, sign.length * 0.8, 0.9 * lit, slim=0.22)
        glow(picture, sign.ink, x, y, 7 + 0.7 * sign.length, 0.36 * lit)
        _, base = _ground_point(camera, self.middle, sign.x, near)
        trail(picture, sign.ink, x, base + 70 * near, 4 + 22 * near, 30 + 80 * near, ripples, 0.42 * lit)


def _ground_point(camera, middle: float, aside: float, near: float, drop: float = DROP):
    """Picture coordinates of a point on the ground, `aside` pixels from the street's middle."""
    return camera.project(middle + aside, HORIZON * HEIGHT + drop * near, near)


def trail(picture, ink, x: float, y: float, radius_x: float, radius_y: float, ripples, strength: float) -> None:
    """The long reflection of a light on wet ground, broken by its ripples."""
    rows = clamped(y - 2.2 * radius_y, y + 2.2 * radius_y)
    left, right = int(max(x - 2.4 * radius_x, 0)), int(min(x + 2.4 * radius_x + 1, WIDTH))
    if left >= right:
        return
    light = bell(ROWS[rows], y, radius_y) * bell(COLUMNS[left:right], x, radius_x)
    shine(picture[:, rows, left:right], ink, light * ripples[rows, left:right] * np.float32(strength))


def _post(picture, ink, x: float, top: float, foot: float, thick: float) -> None:
    rows = clamped(top, foot)
    left, right = int(max(x - thick - 1, 0)), int(min(x + thick + 2, WIDTH))
    if left < right:
        lay(
            picture[:, rows, left:right],
            ink,
            np.clip(thick / 2 - np.abs(COLUMNS[left:right] - x) + 0.5, 0, 1),
        )


def _reflected(light: Image.Image, base: float, near: float):
    """The windows upside down below their house's foot, drawn out and fading: float32 (height, width)."""
    blurred = light.filter(ImageFilter.BoxBlur((1 + 3 * near, 8 + 26 * near)))
    source = np.asarray(blurred, np.float32) / 255
    rows = np.arange(source.shape[0])
    below = rows - base
    mirrored = source[np.clip(base - below, 0, source.shape[0] - 1).astype(int)]
    fade = np.exp(-np.clip(below, 0, None) / (60 + 130 * near)) * (below > 0)
    return mirrored * fade[:, None].astype(np.float32)


def _walker() -> Image.Image:
    """A person under an umbrella from behind, 200 pixels high."""
    sprite = Image.new("L", (150, 200))
    draw = ImageDraw.Draw(sprite)
    draw.pieslice((12, 2, 138, 112), 180, 360, fill=255)
    draw.line([(75, 0), (75, 90)], fill=255, width=3)
    draw.ellipse((64, 62, 86, 88), fill=255)
    draw.polygon([(60, 90), (90, 90), (99, 152), (51, 152)], fill=255)
    draw.polygon([(58, 150), (73, 150), (70, 200), (60, 200)], fill=255)
    draw.polygon([(77, 150), (92, 150), (90, 198), (80, 198)], fill=255)
    return sprite.filter(ImageFilter.GaussianBlur(1.2))
