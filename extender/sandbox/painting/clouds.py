"""Above a sea of clouds: billowing banks lit from the side, peaks, and a lighthouse with its turning beam."""

import math

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
    noise,
    profile,
    shine,
    smooth,
    spot,
    stamp,
)
from .land import Ridge, width_of
from .sky import Sky

HORIZON = 0.52
BANKS = 5
ROCK_DEPTH = 0.42


class Clouds:
    def __init__(self, rng, features):
        self.sky = Sky(rng, HORIZON)
        self.banks = [_Bank(rng, number / (BANKS - 1)) for number in range(BANKS)]
        self.peaks = _peaks(rng)
        self.tower_x = WIDTH * (0.36 if self.sky.sun_x > WIDTH / 2 else 0.64)
        self.rock = _rock(rng, self.tower_x)
        self.tower = _tower()
        self.extras = elements.Extras(rng)

    def paint(self, moment):
        picture = self.sky.paint(moment)
        halo = self._halo(moment)
        for number, bank in enumerate(self.banks):
            if number == 1:
                self.peaks.paint(picture, moment)
            if number == 3:
                self._lighthouse(picture, moment)
            bank.paint(picture, moment, halo)
        self.extras.paint(picture, moment)
        return picture

    def _halo(self, moment):
        """Where the clouds shine from the light behind them: float32 (HEIGHT, WIDTH)."""
        (sun_x, sun_y, sun), (moon_x, moon_y, moon) = self.sky.lights(moment)
        return sun * spot(sun_x, sun_y, 170, 220) + 0.7 * moon * spot(moon_x, moon_y, 110, 140)

    def _lighthouse(self, picture, moment) -> None:
        look, camera = moment.look, moment.camera
        self.rock.paint(picture, moment, fog=0.9)
        x, y = camera.project(self.tower_x, HEIGHT * 0.6, ROCK_DEPTH)
        scale = 0.42 * camera.reach(ROCK_DEPTH)[2]
        stamp(picture, look.shade * 0.7 + look.cloud_light * 0.22, self.tower, x, y, scale)
        lamp_x, lamp_y = x, y - self.tower.height * scale * 0.905
        strength = 0.35 + 0.65 * float(smooth(0.05, 0.6, look.dark))
        self._beam(picture, moment, lamp_x, lamp_y, strength)
        glow(picture, elements.WARM, lamp_x, lamp_y, 5, strength)
        glow(picture, elements.WARM, lamp_x, lamp_y, 26, 0.5 * strength)

    def _beam(self, picture, moment, x: float, y: float, strength: float) -> None:
        """Two opposite cones of light that sweep round: long when crosswise, short when towards us."""
        turn = moment.clock * 0.55
        for angle in (turn, turn + math.pi):
            reach = math.copysign(max(abs(math.cos(angle)), 0.03) * 430, math.cos(angle))
            away = np.clip((COLUMNS - x) / reach, 0, 3)
            fade = (away > 0) * np.exp(-1.6 * away) * np.float32(0.55 * strength)
            rows = clamped(y - 110, y + 110)
            cone = bell(ROWS[rows], y + 26 * math.sin(angle) * away, 4 + 46 * away)
            shine(picture[:, rows], elements.WARM * 0.6 + 0.4, cone * fade)


class _Bank:
    """One bank of clouds from the farthest (0) to the nearest (1)."""

    def __init__(self, rng, near: float):
        self.near, self.depth = near, 0.08 + 0.85 * near**1.5
        self.row = HEIGHT * (HORIZON + 0.03 + 0.36 * near**1.2)
        self.swell = 16 + 62 * near
        self.coarse = 2 if near < 0.4 else 4
        scale = 0.5 if near < 0.5 else 0.35
        width, height = int(1000 * scale), int((HEIGHT + 160) * scale)
        cells = (5 - 2.2 * near) * 1.9, 7.5 - 4 * near
        self.sheets = [Layer(_puffs(rng, height, width, cells), self.depth, scale, periodic=True) for _ in range(2)]

    def paint(self, picture, moment, halo) -> None:
        look, camera = moment.look, moment.camera
        pace = 3 + 13 * self.near
        _, row = camera.project(0, self.row, self.depth)
        # Lower down nearer banks hide this one.
        rows = clamped(row - 1.1 * self.swell, row + 70 + 90 * self.near)
        density = 0.62 * self.sheets[0].view(camera, moment.clock * pace, rows, self.coarse)
        density += 0.38 * self.sheets[1].view(camera, moment.clock * pace * 1.5 + 180, rows, self.coarse)
        rising = (ROWS[rows][:: self.coarse] - row) / self.swell
        height = density * 2.1 - 1.05 + rising
        body = smooth(0.0, 0.5 - 0.15 * self.near, height)
        step = round((4 + 4 * self.near) / self.coarse)
        light = np.clip(0.52 + 2.6 * (density - np.roll(density, step, axis=0)) - 0.28 * (rising - 0.4), 0, 1)
        light = np.clip(
            light + 0.55 * halo[rows][:: self.coarse, :: self.coarse] * (1 - smooth(0.1, 1.4, height)), 0, 1
        )
        veil = 0.6 * (1 - self.near) * (0.4 + 0.6 * look.haze)
        dim = look.cloud_shade + veil * (look.mist - look.cloud_shade)
        bright = look.cloud_light + veil * (look.mist - look.cloud_light)
        lay(picture[:, rows], dim + enlarge(light, rows) * (bright - dim), enlarge(body, rows))


def _puffs(rng, height: int, width: int, cells):
    """Noise folded into round heads with creases between them, as cumulus has: float32, 0 to 1."""
    folded = 1 - np.abs(2 * noise(rng, height, width, cells, 5, 0.5) - 1)
    return 0.5 * folded + 0.5 * noise(rng, height, width, cells, 4, 0.5)


def _peaks(rng) -> Ridge:
    width = width_of(0.12)
    crest = HEIGHT * (HORIZON + 0.1) - 105 * (profile(rng, width, 3, 7, 0.47, sharp=True) - 0.25)
    return Ridge(rng, crest, 0.12, 0.66, relief=0.8)


def _rock(rng, x: float) -> Ridge:
    """The crag the lighthouse stands on."""
    width = width_of(ROCK_DEPTH)
    across = np.arange(width, dtype=np.float32) - (width - WIDTH) / 2 - x
    shape = 46 * np.exp(-((across / 62) ** 2)) + 26 * np.exp(-(((across - 70) / 80) ** 2))
    crag = shape * (0.45 + 0.75 * profile(rng, width, 22, 6, 0.6))
    ledge = bell(across, 0, 24)  # level ground under the tower
    top = crag * (1 - ledge) + 46 * ledge
    drop = 170 * smooth(45, 200, np.abs(across - 20) + 30 * profile(rng, width, 14, 5))
    return Ridge(rng, HEIGHT * 0.72 - top + 4 + drop, ROCK_DEPTH, 0.16, relief=0.6)


def _tower() -> Image.Image:
    """A lighthouse silhouette, 240 pixels high, its lantern room at nine tenths."""
    sprite = Image.new("L", (110, 240))
    draw = ImageDraw.Draw(sprite)
    draw.polygon([(33, 240), (42, 44), (68, 44), (77, 240)], fill=255)
    draw.rectangle((36, 38, 74, 45), fill=255)
    draw.rectangle((45, 16, 65, 38), fill=120)
    draw.pieslice((42, 4, 68, 30), 180, 360, fill=255)
    draw.line([(55, 0), (55, 8)], fill=255, width=2)
    return sprite.filter(ImageFilter.GaussianBlur(0.8))
