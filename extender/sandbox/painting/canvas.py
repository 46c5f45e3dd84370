"""Noise, layers and light: the few strokes every scene is painted with.

A picture is a float32 array (3, HEIGHT, WIDTH), red, green and blue planes, 0 to 1; a mask is a float32
array (HEIGHT, WIDTH), 0 to 1; an ink is a float32 array (3, 1, 1). Planes come first because numpy then
works on long rows rather than on triples.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 640, 360
COLUMNS = np.arange(WIDTH, dtype=np.float32)
ROWS = np.arange(HEIGHT, dtype=np.float32)[:, None]
WHOLE = slice(0, HEIGHT)


@dataclass(frozen=True)
class Camera:
    """Where we look from: x and y in pixels of the nearest plane (y grows upwards), zoom from 1."""

    x: float
    y: float
    zoom: float

    def reach(self, depth: float) -> tuple[float, float, float]:
        """Shift in pixels (right, down) and zoom of a plane; depth runs from 0 (the sky) to 1 (nearest)."""
        near = 0.3 + 0.7 * depth
        return self.x * depth, -self.y * near, 1 + (self.zoom - 1) * near

    def project(self, x, y, depth: float):
        """Picture coordinates of a point (or arrays of points) of a plane, all in pixels."""
        right, down, zoom = self.reach(depth)
        return WIDTH / 2 + (x - right - WIDTH / 2) * zoom, HEIGHT / 2 + (y - down - HEIGHT / 2) * zoom


def smooth(low: float, high: float, value):
    """0 below `low`, 1 above `high`, an S-curve in between (arrays or numbers; low may exceed high)."""
    ramp = np.clip((value - low) / (high - low), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def noise(rng, height: int, width: int, cells: tuple[float, float], octaves: int, gain: float = 0.5):
    """Soft fractal noise that repeats seamlessly at its edges: float32 (height, width), 0 to 1.

    `cells` is how many blobs fit down and across in the coarsest octave.
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        down, across = (max(1, round(count * 2**octave)) for count in cells)
        grid = rng.random((min(down, height), min(across, width)), np.float32)
        total += gain**octave * _stretch(grid, height, width)
    total -= total.min()
    return total / max(total.max(), 1e-6)


def _stretch(grid, height: int, width: int):
    """A small periodic grid enlarged to (height, width) with soft curves, still periodic."""
    border = 2
    padded = np.pad(grid, border, mode="wrap")
    rows, columns = grid.shape
    box = (border, border, border + columns, border + rows)
    return np.asarray(Image.fromarray(padded).resize((width, height), Image.Resampling.BICUBIC, box=box))


def profile(rng, width: int, cells: float, octaves: int, gain: float = 0.5, sharp: bool = False):
    """A hill line: float32 (width,), 0 to 1; `sharp` folds the noise into pointed crests."""
    across = np.linspace(0, 1, width, dtype=np.float32)
    total = np.zeros(width, np.float32)
    for octave in range(octaves):
        count = max(2, round(cells * 2**octave))
        knots = rng.random(count + 3, np.float32)
        wave = _curve(knots, across * count)
        total += gain**octave * (1 - np.abs(2 * wave - 1) if sharp else wave)
    total -= total.min()
    return total / max(total.max(), 1e-6)


def _curve(knots, at):
    """Cosine interpolation of `knots` at fractional positions `at`."""
    left = at.astype(int)
    ease = smooth(0, 1, at - left)
    return knots[left] * (1 - ease) + knots[left + 1] * ease


class Layer:
    """A painted plane larger than the frame, seen through the camera with sub-pixel precision.

    `plane` is float32 (height, width), 0 to 1, with `density` plane pixels per picture pixel; its middle
    is the middle of the frame when the camera stands at rest. A `periodic` plane repeats sideways.
    """

    def __init__(self, plane, depth: float, density: float = 1.0, periodic: bool = False):
        self.depth, self.density = depth, density
        self.period = plane.shape[1] if periodic else None
        if periodic:
            seen = int(WIDTH * density) + 2
            plane = np.concatenate([plane, plane[:, np.arange(seen) % plane.shape[1]]], axis=1)
        self.image = Image.fromarray(np.ascontiguousarray(plane, np.float32))

    def view(self, camera: Camera, drift: float = 0.0, rows: slice = WHOLE, coarse: int = 1):
        """What the camera sees in these picture rows: float32 (rows, WIDTH). `drift`: own motion in pixels.

        `coarse` gives it that many times smaller, for soft things that `enlarge` brings back to size.
        """
        right, down, zoom = camera.reach(self.depth)
        width, height = WIDTH * self.density / zoom, HEIGHT * self.density / zoom
        left = self._left((right - drift) * self.density, width)
        top = (self.image.height - height) / 2 + down * self.density
        top = min(max(top, 0), self.image.height - height)
        step = height / HEIGHT
        box = (left, top + rows.start * step, left + width, top + rows.stop * step)
        size = (WIDTH // coarse, -(-(rows.stop - rows.start) // coarse))
        return np.asarray(self.image.resize(size, Image.Resampling.BILINEAR, box=box))

    def _left(self, shift: float, width: float) -> float:
        if self.period:
            return (shift + (WIDTH * self.density - width) / 2) % self.period
        left = (self.image.width - width) / 2 + shift
        return min(max(left, 0), self.image.width - width)


def enlarge(plane, rows: slice):
    """A coarse mask smoothly brought to (rows, WIDTH)."""
    size = (WIDTH, rows.stop - rows.start)
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))


def lay(picture, ink, mask) -> None:
    """Paints `ink` (anything that broadcasts to a picture) over the picture where the mask is set."""
    change = ink - picture
    change *= mask
    picture += change


def shine(picture, ink, mask) -> None:
    """Adds light of colour `ink` the way film does: bright places saturate softly instead of clipping."""
    lay(picture, 1, ink * mask)


def bell(at, middle: float, radius: float):
    """A bell curve, 1 in the middle. It stops falling at e^-30: numbers too small for float32 are slow."""
    return np.exp(-np.minimum(((at - middle) / radius) ** 2, 30))


def spot(x: float, y: float, radius_x: float, radius_y: float, rows: slice = WHOLE):
    """A soft round light over these picture rows: float32 (rows, WIDTH)."""
    return bell(ROWS[rows], y, radius_y) * bell(COLUMNS, x, radius_x)


def clamped(top: float, bottom: float = HEIGHT) -> slice:
    """The picture rows from `top` to `bottom`, at least one and inside the frame."""
    first = int(min(max(top, 0), HEIGHT - 1))
    return slice(first, int(min(max(bottom, first + 1), HEIGHT)))


def glow(picture, ink, x: float, y: float, radius: float, strength: float, slim: float = 1.0) -> None:
    """Adds one small soft light, touching only its own corner; `slim` is its width over its height."""
    reach_x, reach_y = 2.4 * radius * slim, 2.4 * radius
    left, right = int(max(x - reach_x, 0)), int(min(x + reach_x + 1, WIDTH))
    top, bottom = int(max(y - reach_y, 0)), int(min(y + reach_y + 1, picture.shape[1]))
    if left >= right or top >= bottom:
        return
    light = bell(ROWS[top:bottom], y, radius) * bell(COLUMNS[left:right], x, radius * slim)
    shine(picture[:, top:bottom, left:right], ink, np.float32(strength) * light)


def stamp(picture, ink, sprite: Image.Image, x: float, y: float, scale: float, alpha: float = 1.0) -> None:
    """Paints a sprite (greyscale, its foot in the middle of its lower edge) standing at (x, y)."""
    width, height = sprite.width * abs(scale), sprite.height * abs(scale)
    left, right = int(max(x - width / 2, 0)), int(min(x + width / 2 + 1, WIDTH))
    top, bottom = int(max(y - height, 0)), int(min(y + 1, HEIGHT))
    if left >= right or top >= bottom:
        return
    step_x, step_y = 1 / scale, 1 / abs(scale)
    origin_x = sprite.width / 2 + (left - x) * step_x
    origin_y = sprite.height + (top - y) * step_y
    seen = sprite.transform(
        (right - left, bottom - top),
        Image.Transform.AFFINE,
        (step_x, 0, origin_x, 0, step_y, origin_y),
        Image.Resampling.BILINEAR,
    )
    lay(picture[:, top:bottom, left:right], ink, np.asarray(seen) * np.float32(alpha / 255))
