"""Leads the colours of a film's parts back to where its first part ends, by the ruler that drift is measured with.

Each picture gets a gain and a shift of its light, one gain of its colours and a shift of either: as many numbers as a
tone has, and so few that nothing in a picture changes against the rest of it. They are found for three pictures of a
part: its first comes as the one before the cut is seen, and half a second later, and at its end, it is as the first
part ended. Between those they go evenly from one to the next.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import partial

import numpy as np
from av.video.reformatter import Colorspace

from extender.video import colour
from extender.video.source import Source

BACK_SECONDS = 0.5  # after a cut, in which colours are led back
SIDE = 128  # pixels, at which tones are compared
NONE = np.array([1.0, 0.0, 1.0, 0.0, 0.0])  # gain and shift of Y, gain of both colours, shift of each
SCALE = np.array([0.4, 40.0, 0.6, 32.0, 32.0])  # how far each may go: what differs more is another scene
REINS = 0.05  # how much is given in a tone for a smaller change, where several do
PROBE = 0.02  # of what a number may go: to see what it does
ROUNDS = 8
NEAR = 0.2  # delta E: nobody sees it
BLACK = np.array([16, 128, 128], np.float32)
# Ordered dither: shares of a level become that share of dots, too fine to be seen; without it skies would band.
_ORDER = np.array([[0]])
for _ in range(3):
    _ORDER = np.block([[4 * _ORDER, 4 * _ORDER + 2], [4 * _ORDER + 3, 4 * _ORDER + 1]])
DITHER = (4 * _ORDER + 2).astype(np.uint16)  # in 256ths of a level


@dataclass(frozen=True)
class Grade:
    """How a part's colours change: `numbers` (n, 5) at these moments (n), in seconds after the first of its file."""

    seconds: np.ndarray
    numbers: np.ndarray

    def apply(self, planes: list[np.ndarray], seconds: float) -> list[np.ndarray]:
        """The planes Y, Cb, Cr of the picture at that moment, uint8 each."""
        numbers = np.array([np.interp(seconds, self.seconds, column) for column in self.numbers.T])
        return [_dithered(plane, *change) for plane, change in zip(planes, _changes(numbers), strict=True)]


def even_out(sources: list[Source], matrix: Colorspace, tell: Callable[[float], None]) -> list[Grade | None]:
    """How each part is to be changed; the first is not. Looks through all; tells how many seconds it has seen."""
    found: list[Grade | None] = [None]
    moments, pictures = _landmarks(sources[0], tell)
    goal = before = _tone(pictures[-1], NONE, matrix)
    done = moments[-1] - moments[0]
    for source in sources[1:]:
        moments, pictures = _landmarks(source, partial(_tell_after, tell, done))
        done += moments[-1] - moments[0]
        goals = (before, goal, goal)
        numbers = [_fit(picture, wanted, matrix) for picture, wanted in zip(pictures, goals, strict=True)]
        found.append(Grade(np.array(moments), np.array(numbers)))
        before = _tone(pictures[-1], numbers[-1], matrix)
    return found


def _tell_after(tell: Callable[[float], None], before: float, seconds: float) -> None:
    tell(before + seconds)


def _landmarks(source: Source, tell: Callable[[float], None]) -> tuple[list[float], list[np.ndarray]]:
    """The first picture of a part, the one half a second later and the last, small: moments, and sRGB."""
    with source.open() as footage:
        pictures = source.pictures(footage)
        first = back = last = next(pictures)
        for last in pictures:
            back = last if last.seconds <= first.seconds + BACK_SECONDS else back
            tell(last.seconds - first.seconds)
        found = (first, back, last)
        small = [footage.rgb(picture.frame, footage.shape(picture.frame, SIDE)) for picture in found]
    return [picture.seconds for picture in found], small


def _fit(rgb: np.ndarray, goal: np.ndarray, matrix: Colorspace) -> np.ndarray:
    """The numbers that give a picture nearly the tone `goal` (5): Gauss-Newton, each step as long as it helps."""

    def misses(moved: np.ndarray) -> np.ndarray:
        return np.concatenate([_tone(rgb, NONE + SCALE * moved, matrix) - goal, REINS * moved])

    moved = np.zeros(5)
    missed = misses(moved)
    for _ in range(ROUNDS):
        if np.linalg.norm(missed[:5]) < NEAR:
            break
        slopes = np.array([(misses(moved + step) - missed) / PROBE for step in PROBE * np.eye(5)]).T
        change = np.linalg.lstsq(slopes, -missed, rcond=None)[0]
        for share in 0.5 ** np.arange(7):
            there = np.clip(moved + share * change, -1, 1)
            if np.sum((then := misses(there)) ** 2) < np.sum(missed**2):
                moved, missed = there, then
                break
        else:
            break
    return NONE + SCALE * moved


def _tone(rgb: np.ndarray, numbers: np.ndarray, matrix: Colorspace) -> np.ndarray:
    """The tone (5) of a picture that is changed so, as `colour.tone`."""
    coded = rgb.astype(np.float32) @ _coding(matrix).T + BLACK
    changed = np.stack(
        [
            plane * gain + shift
            for plane, (gain, shift) in zip(np.moveaxis(coded, -1, 0), _changes(numbers), strict=True)
        ],
        -1,
    )
    shown = (changed - BLACK) @ np.linalg.inv(_coding(matrix)).T
    return np.array(astuple(colour.tone(colour.lab(np.clip(np.round(shown), 0, 255).astype(np.uint8)))))


def _coding(matrix: Colorspace) -> np.ndarray:
    """From R, G, B to Y, Cb, Cr of limited range, less their black."""
    red, blue = (0.299, 0.114) if matrix == Colorspace.ITU601 else (0.2126, 0.0722)
    light = np.array([red, 1 - red - blue, blue])
    rows = [
        219 * light,
        224 * (np.array([0, 0, 1]) - light) / (2 - 2 * blue),
        224 * (np.array([1, 0, 0]) - light) / (2 - 2 * red),
    ]
    return (np.array(rows) / 255).astype(np.float32)


def _changes(numbers: np.ndarray) -> list[tuple[float, float]]:
    """The gain and the shift of Y, Cb and Cr. Gains leave a middle grey, and what has no colour, as they are."""
    light, up, colours, cb, cr = map(float, numbers)
    return [(gain, 128 * (1 - gain) + shift) for gain, shift in ((light, up), (colours, cb), (colours, cr))]


def _dithered(plane: np.ndarray, gain: float, shift: float) -> np.ndarray:
    levels = np.clip(256 * (np.arange(256) * gain + shift), 0, 255 * 256).astype(np.uint16)
    height, width = plane.shape
    dots = np.tile(DITHER, (height // 8 + 1, width // 8 + 1))[:height, :width]
    return ((levels[plane] + dots) >> 8).astype(np.uint8)
