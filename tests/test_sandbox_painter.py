"""The sandbox's painter: what its files are, how clips join, and that takes, motions and prompts differ."""

import itertools
import json
from fractions import Fraction

import av
import numpy as np
import pytest

from extender.sandbox.painter import Shot, paint
from extender.sandbox.painting import film, scenes
from extender.sandbox.painting.course import plot

PROMPT = "a sailing boat on a calm sea at sunset"
BRIEF = 0.4  # seconds; enough for most of what is tested here


def shot(prompt=PROMPT, motion="low", index=1, seed=11, seconds=BRIEF, parent=None):
    return Shot(prompt, motion, index, seed, seconds, parent)


def pictures(path):
    """Every frame as int16 (frames, height, width, 3)."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(np.int16)


def difference(first, second):
    """Mean absolute difference, of 255."""
    return float(np.abs(first - second).mean())


def liveliness(frames):
    """Mean difference from frame to frame."""
    return float(np.mean([difference(*pair) for pair in itertools.pairwise(frames)]))


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A start clip of full length: its path and its ending, once through JSON."""
    path = tmp_path_factory.mktemp("start") / "start.mp4"
    return path, json.loads(json.dumps(paint(shot(seconds=5.0), path)))


@pytest.fixture(scope="module")
def takes(start, tmp_path_factory):
    """The frames of the four extensions of the start clip."""
    folder = tmp_path_factory.mktemp("takes")
    for index in range(1, 5):
        paint(shot(index=index, seed=23, parent=start[1]), folder / f"{index}.mp4")
    return [pictures(folder / f"{index}.mp4") for index in range(1, 5)]


def test_file_is_a_web_video(start):
    path, _ = start
    with av.open(str(path)) as container:
        (stream,) = container.streams
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 24
        assert Fraction(stream.width, stream.height) == Fraction(16, 9)
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        assert float(stream.duration * stream.time_base) == pytest.approx(5.0, abs=0.01)
    times = [float(packet.pts * packet.time_base) for packet in packets if packet.is_keyframe]
    assert times[0] == 0
    assert max(np.diff([*times, 5.0])) <= 1.001
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert 100_000 < len(content) < 1_000_000
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_extension_starts_where_its_parent_ended(start, takes):
    last = pictures(start[0])[-1]
    assert max(difference(last, frames[0]) for frames in takes) < 4


def test_extension_takes_over_the_parents_speed(start):
    """Across the joint neither the camera nor the world's clock jerks."""
    before = list(plot(shot(seconds=5.0)).moments())[-2:]
    for index in range(1, 5):
        after = list(plot(shot(index=index, seed=23, motion="high", seconds=4.0, parent=start[1])).moments())[:2]
        assert after[0].camera == before[1].camera
        # Pixels and zoom per frame, seconds per frame.
        assert pace(after) == pytest.approx(pace(before), abs=0.3)
        assert pace(after)[2] == pytest.approx(pace(before)[2], rel=0.1)


def pace(moments):
    """What changes from one moment to the next: camera x, zoom, clock."""
    first, second = moments
    camera = second.camera
    return [camera.x - first.camera.x, camera.zoom - first.camera.zoom, second.clock - first.clock]


def test_takes_diverge(takes):
    ends = [frames[-1] for frames in takes]
    assert min(difference(*pair) for pair in itertools.combinations(ends, 2)) > 6


def test_start_clips_are_different_compositions(tmp_path):
    for index in range(1, 5):
        paint(shot(index=index, seconds=0.2), tmp_path / f"{index}.mp4")
    ends = [pictures(tmp_path / f"{index}.mp4")[-1] for index in range(1, 5)]
    assert min(difference(*pair) for pair in itertools.combinations(ends, 2)) > 6


@pytest.mark.parametrize("prompt", [PROMPT, "mountain ridges at dawn"])
def test_high_motion_is_livelier(prompt):
    low, high = (liveliness(samples(shot(prompt, motion, seconds=5.0))) for motion in ("low", "high"))
    assert high > 1.6 * low


def samples(full_shot):
    """Two neighbouring pictures from the middle of a clip, before encoding, 0 to 255."""
    course = plot(full_shot)
    scene = scenes.build(course.world)
    return [scene.paint(moment) * 255 for moment in list(course.moments())[60:62]]


def test_six_generations(tmp_path):
    """Prompts change on the way; every joint holds."""
    parent, last = None, None
    for generation, prompt in enumerate(
        ["forest", "forest", "forest at night, snow", "city", "", "lanterns", "dawn"]
    ):
        path = tmp_path / f"{generation}.mp4"
        parent = json.loads(
            json.dumps(paint(shot(prompt, "high", 1 + generation % 4, seconds=0.1, parent=parent), path))
        )
        frames = pictures(path)
        assert last is None or difference(last, frames[0]) < 4
        last = frames[-1]


def test_changed_prompt_changes_the_light(start, tmp_path):
    paint(shot("the same boat on a dark moonlit night", parent=start[1]), tmp_path / "night.mp4")
    frames = pictures(tmp_path / "night.mp4")
    assert frames[-1].mean() < 0.7 * frames[0].mean()


def test_prompts_differ_and_every_kind_paints(tmp_path):
    prompts = (
        "sea", "mountains", "city street in the rain", "meadow", "desert", "forest under northern lights",
        "lighthouse above the clouds", "a planet in space",
    )  # fmt: skip
    for number, prompt in enumerate(prompts):
        paint(shot(prompt, seconds=0.1), tmp_path / f"{number}.mp4")
    frames = [pictures(tmp_path / f"{number}.mp4")[-1] for number in range(len(prompts))]
    assert min(difference(*pair) for pair in itertools.combinations(frames, 2)) > 12


def test_same_shot_same_file(tmp_path):
    endings = [paint(shot(motion="high", seconds=0.3), tmp_path / name) for name in ("a.mp4", "b.mp4")]
    assert endings[0] == endings[1]
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("prompt", ["", "   ", "x" * 2000, "sea " * 500, "🌊🚤🌅", "\ud800 \x00 '\"", "海辺の夕日"])
def test_odd_prompts(prompt, tmp_path):
    ending = paint(shot(prompt, seconds=0.1), tmp_path / "odd.mp4")
    paint(shot(prompt, index=3, seconds=0.1, parent=ending), tmp_path / "next.mp4")
    assert (tmp_path / "next.mp4").stat().st_size > 1000


def test_failure_leaves_no_files(tmp_path, monkeypatch):
    def broken(pictures, target):
        target.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(film, "expose", broken)
    with pytest.raises(OSError, match="no space"):
        paint(shot(), tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []
