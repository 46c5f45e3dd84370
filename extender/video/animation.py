"""A film as one moving picture for chats: GIF or WebP, as large and as smooth as its bytes allow."""

import io
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, WebPImagePlugin  # noqa: F401, else Pillow loads all that it has for WebP

from extender.video.canvas import SCALING, Canvas
from extender.video.drawing import Drawn
from extender.video.facts import NotAVideo
from extender.video.source import TICKS

MOST_BYTES = 8_000_000
MOST_PIXELS = 80_000_000  # of all frames together: they are in memory at once
BEAT = 80  # ms, which is 12.5 frames a second; GIF counts in hundredths of a second
LEAST = 20  # ms: frames that last less are shown for longer
FEW = 16  # frames by which it is guessed how large a file becomes
QUALITY = 70  # of WebP, of 100

Image.preinit()


class Animation(NamedTuple):
    """The file, and what is in it."""

    content: bytes
    frames: int
    duration_ms: int
    width: int
    height: int


class Rung(NamedTuple):
    """One way to make it: pixels of its longer side at most, and beats that a frame lasts."""

    side: int
    beats: int

    def size(self, canvas: Canvas) -> tuple[int, int]:
        """Width and height of its frames."""
        scale = min(1.0, self.side / max(canvas.width, canvas.height))
        return max(1, round(canvas.width * scale)), max(1, round(canvas.height * scale))


LADDER = [Rung(*rung) for rung in ((640, 1), (480, 1), (360, 1), (280, 1), (240, 2), (160, 2), (160, 4), (120, 8))]


def animate(
    kind: str, canvas: Canvas, film: Iterable[Drawn], seconds: float, tell: Callable[[float], None]
) -> Animation:
    """The film, of `seconds`, as "gif" or "webp"; tells how much of the tries are done, once it is drawn, 0 to 1.

    Raises `NotAVideo` where it is too long for so few bytes.
    """
    beats = int(1000 * seconds / BEAT) + 1
    rungs = [rung for rung in LADDER if beats / rung.beats * math.prod(rung.size(canvas)) < MOST_PIXELS]
    frames = list(_sampled(canvas, film, rungs[0])) if rungs else []
    for number, rung in enumerate(rungs, 1):
        tell(number / (len(rungs) + 1))
        chosen, size = frames[:: rung.beats // rungs[0].beats], rung.size(canvas)
        lasts = [rung.beats * BEAT] * len(chosen)
        lasts[-1] = max(LEAST, 10 * round(100 * seconds) - sum(lasts[:-1]))
        # A few tell whether all of them need be tried.
        few = chosen[len(chosen) // 2 :][:FEW]
        if len(_encoded(kind, few, size, lasts[: len(few)])) / len(few) * len(chosen) > MOST_BYTES:
            continue
        content = _encoded(kind, chosen, size, lasts)
        if len(content) <= MOST_BYTES:
            return Animation(content, len(chosen), sum(lasts), *size)
    raise NotAVideo(f"The film is too long for {kind.upper()}.")


def _sampled(canvas: Canvas, film: Iterable[Drawn], rung: Rung) -> Iterator[np.ndarray]:
    """What stands on the screen at each beat, in sRGB, uint8 (height, width, 3)."""
    width, height = rung.size(canvas)
    beat, due = rung.beats * BEAT * TICKS // 1000, 0
    for drawn in film:
        if drawn.ends <= due:
            continue
        pixels = drawn.frame.to_ndarray(
            format="rgb24",
            width=width,
            height=height,
            src_colorspace=canvas.matrix,
            interpolation=SCALING,
            threads=1,
        )
        while due < drawn.ends:
            yield pixels
            due += beat


def _encoded(kind: str, frames: list[np.ndarray], size: tuple[int, int], lasts: list[int]) -> bytes:
    """The frames, each of which lasts so many milliseconds."""
    images = [Image.fromarray(frame).resize(size, Image.Resampling.BOX) for frame in frames]
    how: dict[str, Any] = {"quality": QUALITY, "method": 2}
    if kind == "gif":
        images, how = [_in_few_colours(image) for image in images], {}
    content = io.BytesIO()
    images[0].save(content, kind, save_all=True, append_images=images[1:], duration=lasts, loop=0, **how)
    return content.getvalue()


def _in_few_colours(image: Image.Image) -> Image.Image:
    """The same in the 256 colours that suit it best, found in some of its pixels: all take ten times as long."""
    width, height = image.size
    some = image.resize((max(1, width // 4), max(1, height // 4)), Image.Resampling.NEAREST)
    return image.quantize(palette=some.quantize(), dither=Image.Dither.NONE)
