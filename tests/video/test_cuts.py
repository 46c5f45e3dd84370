"""How a clip goes on from its parent: does it hold the parent's footage, where is the cut, how visible is it."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from extender.sandbox.painter import Shot, paint
from extender.video import flipbook, process
from extender.video.facts import Cut
from tests import films
from tests.video.looks import book, compare, cut

OLD, NEW = 72, 48  # pictures: 3 s and 2 s
OLD_MS = 3000
FRAME_MS = 1000 / films.RATE


@pytest.fixture(scope="module")
def parent(tmp_path_factory) -> Path:
    return films.write(tmp_path_factory.mktemp("parent") / "parent.mp4", films.pan(OLD))


@pytest.fixture
def cut_with(parent, tmp_path):
    """The cut from the parent to a clip of these pictures."""

    def made(pictures: list[np.ndarray], **how) -> Cut:
        return compare(parent, films.write(tmp_path / "child.mp4", pictures, **how))

    return made


COARSE = {"preset": "ultrafast", "crf": "38"}
WITHOUT = [number for number in range(OLD) if number not in (10, 25, 26, 51)]
KEPT = {
    "exactly": (films.pan(OLD + NEW), {}, OLD),
    "coarsely": (films.pan(OLD + NEW), {"options": COARSE}, OLD),
    "a little brighter": (films.brighter(films.pan(OLD + NEW), 6), {}, OLD),
    "smaller": ([picture[:88:2, ::2] for picture in films.pan(OLD + NEW)], {"options": COARSE}, OLD),
    "without its last four pictures": (films.pan(OLD - 4) + films.pan(NEW, seed=2), {}, OLD - 4),
    "without its first three pictures": (films.pan(OLD - 3, 3) + films.pan(NEW, OLD), {}, OLD - 3),
    "with dropped pictures": ([films.pan(OLD)[number] for number in WITHOUT] + films.pan(NEW, OLD), {}, OLD - 4),
    "before another scene": (films.pan(OLD) + films.pan(NEW, seed=3), {}, OLD),
    "and nothing more": (films.pan(OLD), {}, OLD),
}


@pytest.mark.parametrize("how", KEPT)
def test_a_clip_that_holds_its_parent(how, cut_with):
    pictures, written, first = KEPT[how]
    cut = cut_with(pictures, **written)
    assert cut.contains_parent == "yes"
    assert cut.cut_ms == pytest.approx(first * FRAME_MS, abs=2 * FRAME_MS)


def test_a_clip_that_holds_its_parent_at_another_rate(cut_with):
    faster = [films.pan(OLD + NEW)[number * 24 // 30] for number in range((OLD + NEW) * 30 // 24)]
    cut = cut_with(faster, rate=30)
    assert cut.contains_parent == "yes"
    assert cut.cut_ms == pytest.approx(OLD_MS, abs=2 * FRAME_MS)


NOT_KEPT = {
    "goes on": films.pan(NEW, OLD),
    "goes on for longer than its parent": films.pan(OLD + NEW, OLD),
    "begins with the last picture": films.pan(OLD + NEW, OLD - 1),
    "is another": films.pan(OLD + NEW, seed=9),
    "is another and short": films.pan(NEW, seed=9),
    "begins alike and turns away": films.pan(OLD // 3) + films.pan(OLD, seed=4),
    "turns away before the end": films.pan(OLD - 24) + films.pan(OLD, seed=4),
    "holds the second half": films.pan(OLD // 2 + NEW, OLD // 2),
    "is only the beginning": films.pan(OLD // 2),
}


@pytest.mark.parametrize("how", NOT_KEPT)
def test_a_clip_that_does_not_hold_its_parent(how, cut_with):
    cut = cut_with(NOT_KEPT[how])
    assert (cut.contains_parent, cut.cut_ms) == ("no", 0)


def test_a_parent_that_stands_still_cannot_be_told_from_its_last_picture(tmp_path):
    still = films.pan(1)
    parent = films.write(tmp_path / "parent.mp4", still * OLD)
    longer = films.write(tmp_path / "longer.mp4", still * (OLD + NEW))
    shorter = films.write(tmp_path / "shorter.mp4", still * NEW)
    assert compare(parent, longer) == Cut("unknown", None, None)
    cut = compare(parent, shorter)
    assert (cut.contains_parent, cut.cut_ms) == ("no", 0)
    assert cut.cut_delta_e < 1  # what a new keyframe alone may cost


def graded(pictures: list[np.ndarray]) -> dict[str, list[list[np.ndarray]]]:
    """Ways to go on with `pictures`, each from smooth to rough."""
    return {
        "brightness": [films.brighter(pictures, by) for by in (0, 5, 15, 40)],
        "place": [[np.roll(picture, by, 1) for picture in pictures] for by in (0, 4, 8, 20)],
        "colour": [
            [np.clip(picture + np.array([by, 0, -by]), 0, 255).astype(np.uint8) for picture in pictures]
            for by in (0, 5, 15, 40)
        ],
    }


@pytest.mark.parametrize(("kind", "before"), [("brightness", 0), ("brightness", OLD), ("place", 0), ("colour", 0)])
def test_cuts_are_ordered_as_they_are_seen(kind, before, cut_with):
    cuts = [cut_with(films.pan(before) + after) for after in graded(films.pan(NEW, OLD))[kind]]
    visible = [cut.cut_delta_e for cut in cuts]
    assert {cut.contains_parent for cut in cuts} == {"yes" if before else "no"}
    assert visible[0] < 0.5
    assert all(smoother + 0.5 < rougher for smoother, rougher in itertools.pairwise(visible[1:]))
    assert visible[0] < visible[1]
    assert visible[-1] > 5


@pytest.mark.parametrize("step", [0, 1, 6])
def test_motion_is_no_cut(step, tmp_path):
    """However fast a camera moves, a smooth cut is not seen; where it moves on every other picture only, neither."""
    frames = films.pan(OLD + NEW, step=step)
    jerky = [frame for frame in frames[::2] for _ in range(2)]
    for pictures in (frames, jerky):
        parent = films.write(tmp_path / "parent.mp4", pictures[:OLD])
        child = films.write(tmp_path / "child.mp4", pictures[OLD:])
        assert compare(parent, child).cut_delta_e < 1


def test_painted_extensions_begin_where_their_parent_ended(tmp_path):
    ending = paint(Shot("a sailing boat at sunset", "high", 1, 5, 1.0, None), tmp_path / "parent.mp4")
    paint(Shot("a storm comes up", "high", 2, 6, 1.5, ending), tmp_path / "child.mp4")
    cut = compare(tmp_path / "parent.mp4", tmp_path / "child.mp4")
    assert (cut.contains_parent, cut.cut_ms) == ("no", 0)
    assert cut.cut_delta_e < 1


def test_a_clip_of_another_shape_is_compared_too(parent, tmp_path):
    narrow = films.write(tmp_path / "narrow.mp4", [picture[:, 20:110] for picture in films.pan(OLD + NEW)])
    assert compare(parent, narrow).contains_parent == "no"


def flipbook_of(clip: Path) -> Path:
    path = clip.with_suffix(".flipbook")
    path.write_bytes(flipbook.packed(book(clip)))
    return path


def test_a_cut_needs_two_flipbooks(parent, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"<html>")
    whole = flipbook_of(parent)
    for pair in ((whole, broken), (broken, whole)):
        with pytest.raises(process.ProbeFailed):
            process.compare(process.Parent(pair[0]), pair[1])


def test_a_new_shot_is_cut_from_where_its_parent_is_left_and_holds_none_of_it(parent, tmp_path):
    middle = films.write(tmp_path / "middle.mp4", films.pan(NEW, OLD // 2))
    smooth, rough = cut(parent, middle, OLD_MS // 2), cut(parent, middle, None)
    assert (smooth.contains_parent, smooth.cut_ms) == (rough.contains_parent, rough.cut_ms) == ("no", 0)
    assert smooth.cut_delta_e < 0.5 < 2 < rough.cut_delta_e
    assert cut(parent, parent, None).contains_parent == "no", "whatever it looks like"
    books = flipbook_of(parent), flipbook_of(middle)
    assert process.compare(process.Parent(books[0], True, OLD_MS // 2), books[1]) == smooth
    assert process.compare(process.Parent(books[0], True), books[1]) == rough
