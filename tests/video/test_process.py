"""A look into a video by a process of its own: what it finds, what it costs, and what stands in its way."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from extender.sandbox.painter import Shot, paint
from extender.video import layout
from extender.video import process as probing
from extender.video.facts import Facts, Seen
from tests import films
from tests.video.inside import run_instead
from tests.video.looks import off, picture, tiles


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("painted") / "clip.mp4"
    paint(Shot("a city street in the rain", "high", 1, 5, 5.0, None), path)
    return path


def test_the_facts_of_a_clip(painted, tmp_path):
    facts = probing.examine(painted, tmp_path)
    assert (facts.duration_ms, facts.width, facts.height) == (5000, 640, 360)
    assert (facts.frame_rate, facts.frames, facts.codec) == (24.0, 120, "h264")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(probing.MADE)
    assert Facts.from_json(facts.as_json()) == facts


def test_with_the_facts_comes_the_cut_from_a_parent_that_has_a_flipbook(painted, tmp_path):
    probing.examine(painted, tmp_path)
    book = (tmp_path / layout.FLIPBOOK).rename(tmp_path / "parent")
    same = probing.see(painted, tmp_path, probing.Parent(book))
    assert same.cut == probing.compare(probing.Parent(book), tmp_path / layout.FLIPBOOK)
    assert (same.cut.contains_parent, same.cut.cut_ms) == ("yes", 5000)
    book.write_bytes(b"")
    assert probing.see(painted, tmp_path, probing.Parent(book)) == Seen(same.facts, None)


def test_the_pictures_show_their_moments(painted, tmp_path):
    probing.examine(painted, tmp_path)
    frames = films.read(painted)
    poster, card = picture(tmp_path, layout.POSTER), picture(tmp_path, layout.THUMBNAIL)
    assert (poster.shape, card.shape) == ((360, 640, 3), (180, 320, 3))
    assert off(frames[-1], poster) < 2
    assert 2 * off(frames[105], card) < off(frames[0], card)
    assert {tile.shape for tile in tiles(tmp_path)} == {(135, 240, 3)}


def test_a_page_of_pictures_stays_light_and_a_look_quick(painted, tmp_path, say):
    """24 tasks with four cards each are at most 1.5 MB; one clip takes under a second of one processor."""
    assert 24 * 4 * layout.THUMBNAIL_BYTES < 1_500_000
    before, began = os.times(), time.perf_counter()
    probing.examine(painted, tmp_path)
    wall, after = time.perf_counter() - began, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    sizes = [(tmp_path / name).stat().st_size for name in (layout.POSTER, layout.THUMBNAIL, layout.STORYBOARD)]
    say(f"a look at 5 s: {spent:.2f} s of a processor, {wall:.2f} s; poster, thumbnail, storyboard: {sizes} bytes")
    assert spent < 2  # 0.5 where nothing else runs
    assert sizes <= [layout.POSTER_BYTES, layout.THUMBNAIL_BYTES, layout.STORYBOARD_BYTES]


def test_trouble_with_the_disk_keeps_its_number(tmp_path, monkeypatch):
    clip = films.write(tmp_path / "clip.mp4", films.pan(4))
    run_instead(monkeypatch, "limits.FILE_BYTES = 100; main()")
    with pytest.raises(OSError, match="File too large") as error:
        probing.examine(clip, tmp_path)
    assert error.value.errno == errno.EFBIG
    assert not (tmp_path / layout.THUMBNAIL).exists()
    with pytest.raises(FileNotFoundError):
        probing.examine(clip, tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        probing.examine(tmp_path / "none.mp4", tmp_path)


def test_the_asking_side_loads_no_decoder():
    """A web worker that reads facts must stay small."""
    code = (
        "import sys, extender.video.process, extender.video.layout;"
        "print({'av', 'numpy', 'PIL', 'django'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=probing.ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
