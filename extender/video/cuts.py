"""How a clip goes on from its parent: whether it holds its footage, where the new begins, and how visible the cut is.

The pictures of two flipbooks are compared, in CIELAB; distances are mean delta E.
"""

from typing import BinaryIO, Literal, NamedTuple

import numpy as np
import numpy.ma  # which medians would load late

from extender.video import colour
from extender.video.facts import Cut
from extender.video.flipbook import Flipbook, read

REACH = 8  # pictures that a re-encoded copy may be early or late, by drops and rounding
TAIL = 12  # pictures on either side of the cut that say what neighbours differ by
TRIMMED_SECONDS = 0.5  # a clip shorter than its parent by more cannot hold it
ADDED_SECONDS = 1.0  # an extension adds more
# In L*, which encoders keep better than the colours:
STILL = 0.8  # a clip that differs by less from its parent's last picture: no moment can be told from another
FOREIGN = 6.0  # what differs by more is no copy, however badly encoded
STRAY, MOST_STRAYS = 1.5, 0.1  # further off than this, and than three times the usual: few pictures of a copy are
COPY, OTHER = 0.6, 0.85  # its distance from the parent's pictures, of that from the parent's last


class Frames(NamedTuple):
    """A clip as small pictures: their moments in seconds (n), and Lab (n, height, width, 3)."""

    seconds: np.ndarray
    pictures: np.ndarray

    @property
    def length(self) -> float:
        """In seconds, with what its last picture lasts."""
        return float(self.seconds[-1]) * len(self.seconds) / (len(self.seconds) - 1)


def between(parent: BinaryIO, child: Flipbook, left: str = "") -> Cut:
    """The cut to `child` from the clip whose flipbook is in the file `parent`. ValueError where none is.

    `left` says when a new shot leaves the parent, in ms after its first picture, or "end"; "" for none of these.
    """
    old = read(parent)
    new = _frames(child, old.pictures.shape[1:3])
    return _to_a_new_shot(_frames(old), new, left) if left else _onwards(_frames(old), new)


def _onwards(old: Frames, new: Frames) -> Cut:
    contains = _contains(old, new)
    if contains == "unknown":
        return Cut(contains, None, None)
    if contains == "no":
        return Cut(contains, 0, _difference(old.pictures[-TAIL - 1 :], new.pictures[: TAIL + 1]))
    first = _first_new(old, new)
    begins = float(new.seconds[first]) if first < len(new.seconds) else new.length
    return Cut(contains, round(1000 * begins), _difference_within(new.pictures, first))


def _to_a_new_shot(old: Frames, new: Frames, left: str) -> Cut:
    """It holds nothing of its parent, whatever it looks like."""
    seen = old.pictures if left == "end" else old.pictures[: max(1, _count_before(old, int(left) / 1000))]
    return Cut("no", 0, _difference(seen[-TAIL - 1 :], new.pictures[: TAIL + 1]))


def _count_before(frames: Frames, seconds: float) -> int:
    """How many of them come before a moment that is rounded to milliseconds."""
    return int(np.searchsorted(frames.seconds, seconds - 0.001))


def _frames(book: Flipbook, shape: tuple[int, ...] | None = None) -> Frames:
    """All of a flipbook, in another `shape` (height, width) where it is compared with one of that."""
    size = book.pictures.shape[1:3]
    rows, columns = (np.arange(to) * count // to for to, count in zip(shape or size, size, strict=True))
    return Frames(book.seconds, np.stack([colour.lab(rgb[rows][:, columns]) for rgb in book.pictures]))


def _contains(old: Frames, new: Frames) -> Literal["yes", "no", "unknown"]:
    if new.length < old.length - TRIMMED_SECONDS:
        return "no"
    counterpart = _on_clock_of(new, old)
    away, _ = _nearest(counterpart, new.pictures)
    stayed = _likeness(old.pictures[-1], new.pictures[: len(counterpart)])
    if away.mean() > FOREIGN:
        return "no"
    # Where the pictures do not tell, only a clip with room for its parent and for something new may hold it.
    untold: Literal["no", "unknown"] = "unknown" if new.length >= old.length + ADDED_SECONDS else "no"
    if stayed.mean() < STILL:
        return untold
    strays = away > max(STRAY, 3 * float(np.median(away)))
    share = away.sum() / stayed.sum()
    if share > OTHER or strays.mean() > MOST_STRAYS:
        return "no"
    return "yes" if share < COPY else untold


def _on_clock_of(new: Frames, old: Frames) -> np.ndarray:
    """The parent's pictures at the moments of the child's, as far as the parent goes."""
    moments = new.seconds[new.seconds < old.length]
    after = np.searchsorted(old.seconds, moments).clip(1, len(old.seconds) - 1)
    before_is_nearer = moments - old.seconds[after - 1] <= old.seconds[after] - moments
    return old.pictures[after - before_is_nearer]


def _nearest(counterpart: np.ndarray, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of the parent's pictures: how far off the child's likest within reach is, and how late (n each)."""
    count = len(counterpart)
    shifts = np.array(sorted(range(-REACH, REACH + 1), key=abs))  # of equals the one on time
    distances = np.full((len(shifts), count), np.inf, np.float32)
    for row, shift in enumerate(shifts):
        low, high = max(0, -shift), min(count, len(pictures) - shift)
        if low < high:
            distances[row, low:high] = _likeness(counterpart[low:high], pictures[low + shift : high + shift])
    likest = distances.argmin(axis=0)
    return distances[likest, np.arange(count)], shifts[likest]


def _likeness(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean difference in L* of pictures (n, height, width, 3): (n). 0: the same."""
    return np.abs(first[..., 0] - second[..., 0]).mean(axis=(-2, -1))


def _first_new(old: Frames, new: Frames) -> int:
    """Number of the child's first picture that is not the parent's; as many as it has where all are."""
    distance, late = _nearest(_on_clock_of(new, old), new.pictures)
    alike = np.flatnonzero(distance <= max(0.5, 2 * float(np.median(distance))))
    return int(alike[-1] + late[alike[-1]]) + 1


def _difference(before: np.ndarray, after: np.ndarray) -> float:
    """How far the cut shows between the last of `before` and the first of `after`."""
    usual = np.concatenate([_steps(before), _steps(after)])
    return _excess(float(colour.difference(before[-1], after[0])), usual)


def _difference_within(pictures: np.ndarray, first: int) -> float:
    """How far the cut shows before picture number `first`, or as near to it as the cut may have been missed by."""
    steps, missed = _steps(pictures), 2
    low, high = max(0, first - 1 - missed), first + missed
    usual = np.concatenate([steps[max(0, low - TAIL) : low], steps[high : high + TAIL]])
    return _excess(float(steps[low:high].max(initial=0)), usual)


def _steps(pictures: np.ndarray) -> np.ndarray:
    """The difference of each picture from the next (n - 1)."""
    return colour.difference(pictures[:-1], pictures[1:])


def _excess(step: float, usual: np.ndarray) -> float:
    """What of a step is not motion. Nine in ten of the usual steps: some clips move on every other picture only."""
    return round(max(0.0, step - float(np.percentile(usual, 90))), 2)
