"""What may appear in any scene: birds, boats, rain, snow, lanterns and drifting motes of light."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import COLUMNS, HEIGHT, ROWS, WIDTH, glow, lay, shine, smooth, stamp


class Extras:
    """The elements that live in the air in front of every scene."""

    def __init__(self, rng):
        self.parts = (Birds(rng), Lanterns(rng), Motes(rng), Rain(rng), Snow(rng))

    def paint(self, picture, moment) -> None:
        for part in self.parts:
            part.paint(picture, moment)


class Birds:
    """A loose flock that crosses the sky, wings beating now and then."""

    DEPTH = 0.3
    POSES = 8

    def __init__(self, rng):
        self.count = 9
        self.offset = np.stack([rng.normal(0, 62, self.count), rng.normal(0, 26, self.count)])
        self.size = rng.uniform(0.22, 0.42, self.count)
        self.beat = rng.uniform(0, 1, self.count)
        self.height = rng.uniform(0.2, 0.34) * HEIGHT
        self.side = 1 if rng.random() < 0.5 else -1
        self.poses = [_bird(np.sin(2 * np.pi * pose / self.POSES)) for pose in range(self.POSES)]

    def paint(self, picture, moment) -> None:
        amount = moment.look.birds
        if amount < 0.01:
            return
        away = (1 - amount) * WIDTH * 0.75
        clock = moment.clock
        for number in range(self.count):
            sway = 7 * np.sin(clock * 0.7 + 5 * self.beat[number])
            x = WIDTH * 0.5 - self.side * away + self.offset[0, number] + self.side * 40 * np.sin(clock * 0.11)
            y = self.height + self.offset[1, number] + sway
            x, y = moment.camera.project(x, y, self.DEPTH)
            pose = int((clock * 0.9 + self.beat[number]) * self.POSES) % self.POSES
            ink = moment.look.shade * 0.8 + moment.look.mist * 0.2
            stamp(picture, ink, self.poses[pose], x, y, self.size[number] * moment.camera.zoom, 0.9)


def _bird(lift: float) -> Image.Image:
    """A gull from afar, wings up (1) to down (-1)."""
    sprite = Image.new("L", (96, 64))
    draw = ImageDraw.Draw(sprite)
    tip, elbow = 34 - 20 * lift, 26 - 8 * lift
    for side in (-1, 1):
        wing = [
            (48, 34),
            (48 + side * 20, elbow),
            (48 + side * 42, tip),
            (48 + side * 19, elbow + 5),
            (48, 39),
        ]
        draw.polygon(wing, fill=255)
    draw.ellipse((42, 31, 54, 41), fill=255)
    return sprite.filter(ImageFilter.GaussianBlur(1.2))


class Boats:
    """Small sailing boats; they come in from the side when the look calls for them."""

    def __init__(self, rng):
        self.sprite, self.mirror = _boat()
        self.side = 1 if rng.random() < 0.5 else -1
        # Each: where it lies (fraction across), how near (0 at the horizon), its bobbing phase.
        self.fleet = [
            (rng.uniform(0.3, 0.5), 0.17, rng.uniform(0, 6)),
            (rng.uniform(0.62, 0.8), 0.05, rng.uniform(0, 6)),
            (rng.uniform(0.12, 0.25), 0.025, rng.uniform(0, 6)),
        ]

    def paint(self, picture, moment, level: float) -> None:
        look = moment.look
        if look.boats < 0.01:
            return
        for across, near, phase in reversed(self.fleet):
            depth = 0.1 + near * 2.2
            drift = self.side * (4 * moment.clock * (0.15 + near) - 60 - (1 - look.boats) * WIDTH * 0.8)
            x = (across * WIDTH + drift + WIDTH * 0.2) % (WIDTH * 1.4) - WIDTH * 0.2
            x, _ = moment.camera.project(x, 0, depth)
            y = level + near * HEIGHT * 0.9 * moment.camera.zoom + 1.5 * near * 6 * np.sin(moment.clock * 0.9 + phase)
            scale = (0.09 + near * 2.1) * moment.camera.zoom
            ink = look.shade + (look.mist - look.shade) * (0.5 - near * 2) * look.haze
            stamp(picture, ink, self.mirror, x, y + self.mirror.height * scale, scale, 0.38)
            stamp(picture, ink, self.sprite, x, y + 1, scale, 1.0)
            lamp = smooth(0.4, 0.8, look.dark)
            glow(picture, WARM, x - 14 * scale, y - 20 * scale, 3 + 8 * scale, 0.8 * lamp)


WARM = np.array([1.0, 0.72, 0.36], np.float32).reshape(3, 1, 1)


def _boat() -> tuple[Image.Image, Image.Image]:
    """A gaff-rigged boat and its reflection, about 200 pixels high."""
    sprite = Image.new("L", (220, 210))
    draw = ImageDraw.Draw(sprite)
    draw.polygon([(44, 184), (182, 178), (166, 206), (66, 206)], fill=255)
    draw.line([(112, 12), (112, 186)], fill=255, width=4)
    draw.polygon([(117, 18), (117, 166), (190, 164), (158, 88)], fill=225)
    draw.polygon([(107, 34), (107, 166), (46, 172)], fill=205)
    sprite = sprite.filter(ImageFilter.GaussianBlur(1.0))
    ripple = np.asarray(sprite.transpose(Image.Transpose.FLIP_TOP_BOTTOM), np.float32)
    fade = np.linspace(1, 0.1, sprite.height, dtype=np.float32)[:, None]
    mirror = Image.fromarray((ripple * fade).astype(np.uint8)).filter(ImageFilter.GaussianBlur(3))
    return sprite, mirror


class Lanterns:
    """Paper lanterns that rise from below and float, each with its own small light."""

    def __init__(self, rng):
        self.count = 20
        self.near = np.sort(rng.random(self.count) ** 2.2)
        self.x = rng.uniform(-0.1, 1.1, self.count) * WIDTH
        self.y = rng.uniform(0.0, 1.0, self.count)
        self.phase = rng.uniform(0, 6.28, self.count)

    def paint(self, picture, moment) -> None:
        amount = moment.look.lanterns
        if amount < 0.01:
            return
        clock, camera = moment.clock, moment.camera
        for near, x, y, phase in zip(self.near, self.x, self.y, self.phase, strict=True):
            rise = (y + 1.05 * (1 - amount) * (0.6 + 0.4 * y) - clock * (0.006 + 0.014 * near)) % 1.3
            sway = (3 + 9 * near) * np.sin(clock * 0.5 + phase)
            px, py = camera.project(x + sway, (rise * 0.95 - 0.12) * HEIGHT, 0.15 + 0.7 * near)
            size = 1.6 + 8.5 * near
            shimmer = 0.9 + 0.1 * np.sin(clock * 1.3 + phase * 3)
            strength = (
                shimmer * float(smooth(0, 0.25, amount)) * float(smooth(0, 0.12, rise) * smooth(1.3, 1.15, rise))
            )
            glow(picture, WARM, px, py, size * 3.4, 0.34 * strength)
            _lantern(picture, px, py, size, strength)


def _lantern(picture, x: float, y: float, size: float, strength: float) -> None:
    """A softly lit paper body, brightest at its foot."""
    left, right = int(max(x - 2 * size, 0)), int(min(x + 2 * size + 1, WIDTH))
    top, bottom = int(max(y - 2.5 * size, 0)), int(min(y + 2.5 * size + 1, HEIGHT))
    if left >= right or top >= bottom:
        return
    across = (COLUMNS[left:right] - x) / size
    down = (ROWS[top:bottom] - y) / (1.35 * size)
    body = np.exp(-((across**2 + down**2) ** 2) * 1.3)
    light = 0.78 + 0.26 * smooth(-1, 1, down)
    lay(picture[:, top:bottom, left:right], (WARM * 0.75 + 0.25) * light, body * np.float32(0.95 * strength))


class Motes:
    """Fireflies by night, seeds and petals by day: slow sparks that wander and breathe."""

    def __init__(self, rng):
        self.count = 30
        self.x, self.y = rng.uniform(0, WIDTH, self.count), rng.uniform(0.25, 1.05, self.count) * HEIGHT
        self.near = rng.random(self.count) ** 2
        self.phase = rng.uniform(0, 6.28, self.count)

    def paint(self, picture, moment) -> None:
        if moment.look.motes < 0.01:
            return
        clock = moment.clock
        ink = moment.look.glow * 0.4 + WARM * 0.6
        for x, y, near, phase in zip(self.x, self.y, self.near, self.phase, strict=True):
            wander_x = (14 + 26 * near) * np.sin(clock * 0.31 + phase) + clock * (3 + 6 * near)
            wander_y = (10 + 16 * near) * np.sin(clock * 0.43 + 2 * phase)
            px, py = moment.camera.project((x + wander_x) % (WIDTH + 80) - 40, y + wander_y, 0.4 + 0.6 * near)
            breath = 0.55 + 0.45 * np.sin(clock * 0.8 + 3 * phase)
            strength = moment.look.motes * breath
            glow(picture, ink, px, py, 1.6 + 2.2 * near, 0.85 * strength)
            if near > 0.2:
                glow(picture, ink, px, py, 6 + 8 * near, 0.18 * strength)


class Rain:
    """Two sheets of slanting rain, the near one coarser and faster."""

    def __init__(self, rng):
        self.sheets = [(_streaks(rng, 420, 13), 15.0, 0.12), (_streaks(rng, 150, 26), 25.0, 0.15)]

    def paint(self, picture, moment) -> None:
        if moment.look.rain < 0.01:
            return
        ink = 0.6 * moment.look.mist + 0.4 * moment.look.glow
        light = np.zeros((HEIGHT, WIDTH), np.float32)
        for sheet, speed, strength in self.sheets:
            shift = int(moment.clock * speed * 24) % HEIGHT
            aside = int(moment.camera.x * 0.7) % WIDTH
            seen = sheet[HEIGHT - shift : 2 * HEIGHT - shift, aside : aside + WIDTH]
            light += seen * np.float32(strength * moment.look.rain * 2)
        shine(picture, ink, light)


def _streaks(rng, count: int, length: int):
    """Fine slanting strokes, periodic both ways: float32 (2 * HEIGHT, 2 * WIDTH)."""
    sheet = np.zeros((HEIGHT, WIDTH), np.float32)
    rows, columns = rng.integers(0, HEIGHT, count), rng.integers(0, WIDTH, count)
    light = rng.uniform(0.25, 1, count).astype(np.float32)
    for step in range(length):
        fade = np.float32(np.sin(np.pi * (step + 0.5) / length))
        np.maximum.at(sheet, ((rows + step) % HEIGHT, (columns - step // 6) % WIDTH), light * fade)
    return np.tile(sheet, (2, 2))


class Snow:
    """Flakes at three distances, falling slowly and swaying."""

    def __init__(self, rng):
        self.sheets = [(_flakes(rng, count, size), size) for count, size in ((340, 0.9), (120, 1.6), (34, 3.0))]

    def paint(self, picture, moment) -> None:
        if moment.look.snow < 0.01:
            return
        for sheet, size in self.sheets:
            fall = (moment.clock * 20 * (0.6 + size)) % HEIGHT
            sway = 10 * size * np.sin(moment.clock * 0.35 + size) + moment.camera.x * 0.2 * size
            seen = _slide(sheet, HEIGHT - fall, sway % WIDTH)
            lay(picture, 0.35 * moment.look.mist + 0.65, seen * np.float32(0.8 * moment.look.snow))


def _slide(sheet, top: float, left: float):
    """A frame-sized window of a doubled sheet at a fractional row: float32 (HEIGHT, WIDTH)."""
    row, column = int(top), int(left)
    share = np.float32(top - row)
    upper = sheet[row : row + HEIGHT, column : column + WIDTH]
    lower = sheet[row + 1 : row + 1 + HEIGHT, column : column + WIDTH]
    return upper * (1 - share) + lower * share


def _flakes(rng, count: int, size: float):
    """Soft dots, periodic both ways: float32 (2 * HEIGHT + 1, 2 * WIDTH)."""
    sheet = np.zeros((HEIGHT, WIDTH), np.float32)
    sheet[rng.integers(0, HEIGHT, count), rng.integers(0, WIDTH, count)] = rng.uniform(0.4, 1, count)
    reach = int(size * 2.5) + 1
    blurred = np.zeros_like(sheet)
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            weight = np.float32(np.exp(-(down**2 + across**2) / size**2))
            if weight > 0.02:
                blurred += weight * np.roll(sheet, (down, across), (0, 1))
    return np.tile(np.minimum(blurred, 1), (3, 2))[: 2 * HEIGHT + 1]
