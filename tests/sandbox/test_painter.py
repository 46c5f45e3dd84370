"""The sandbox's painter: what its files are, how clips join, and that takes, motions and prompts differ."""

import itertools
import json
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from extender.sandbox import encoding
from extender.sandbox.landscape import GRADE, Landscape
from extender.sandbox.painter import HOURS, WARMTH, Shot, paint, plot

PROMPT = "ridges above a quiet lake at sunset"
BRIEF = 0.4  # seconds; enough for most of what is tested here
LONG = 2.5  # seconds; as good as the five of a real one: the first picture, and two more that stand for themselves


def shot(prompt=PROMPT, motion="low", index=1, seed=11, seconds=BRIEF, parent=None, ratio=16 / 9):
    return Shot(prompt, motion, index, seed, seconds, parent, ratio)


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
    """A start clip of some length: its path and its ending, once through JSON."""
    path = tmp_path_factory.mktemp("start") / "start.mp4"
    return path, json.loads(json.dumps(paint(shot(seconds=LONG), path)))


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
        assert float(stream.duration * stream.time_base) == pytest.approx(LONG, abs=0.01)
    times = [float(packet.pts * packet.time_base) for packet in packets if packet.is_keyframe]
    assert times[0] == 0
    assert max(np.diff([*times, LONG])) <= 1.001
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert 20_000 < len(content) / LONG < 200_000
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_extension_starts_where_its_parent_ended(start, takes):
    last = pictures(start[0])[-1]
    assert max(difference(last, frames[0]) for frames in takes) < 4


def test_extension_takes_over_the_parents_speed(start):
    """Across the joint neither the camera nor the world's clock jerks."""
    before = list(plot(shot(seconds=LONG)).views())[-2:]
    for index in range(1, 5):
        after = list(plot(shot(index=index, seed=23, motion="high", seconds=4.0, parent=start[1])).views())[:2]
        assert [after[0].x, after[0].y, after[0].zoom] == [before[1].x, before[1].y, before[1].zoom]
        # Pixels and zoom per frame, seconds per frame.
        assert pace(after) == pytest.approx(pace(before), abs=0.3)
        assert pace(after)[2] == pytest.approx(pace(before)[2], rel=0.1)


def pace(views):
    """What changes from one view to the next: camera x, zoom, clock."""
    first, second = views
    return [second.x - first.x, second.zoom - first.zoom, second.clock - first.clock]


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
    landscape = Landscape(3, 640, 360)
    return [landscape.picture(view) * 255 for view in list(plot(full_shot).views())[60:62]]


def test_each_extension_is_warmer_by_a_known_amount(start, tmp_path):
    """Whatever else a take does to the light: three extensions with it are compared with the same ones without it."""
    parent, plain = start[1], None
    for generation in (1, 2, 3):
        bare = {**parent, "light": [*parent["light"][:GRADE], (1 / WARMTH).tolist()]}
        paint(shot(seconds=0.1, parent=bare), tmp_path / "bare.mp4")
        parent = json.loads(json.dumps(paint(shot(seconds=0.1, parent=parent), tmp_path / "warm.mp4")))
        plain, warm = (pictures(tmp_path / name)[-1].mean((0, 1)) for name in ("bare.mp4", "warm.mp4"))
        assert warm / plain == pytest.approx(WARMTH.astype(float) ** generation, rel=0.01)


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


def test_every_hour_looks_different(tmp_path):
    for hour in HOURS:
        paint(shot(f"a lake, {hour}", seconds=0.1), tmp_path / f"{hour}.mp4")
    frames = [pictures(tmp_path / f"{hour}.mp4")[-1] for hour in HOURS]
    assert min(difference(*pair) for pair in itertools.combinations(frames, 2)) > 12


def test_other_words_have_another_look(tmp_path):
    """Also where they name no hour: the landscape and its light follow from the words."""
    prompts = ("a kite", "a city street", "paper boats", "an orchestra", "a red fox")
    for number, prompt in enumerate(prompts):
        paint(shot(prompt, seconds=0.1), tmp_path / f"{number}.mp4")
    frames = [pictures(tmp_path / f"{number}.mp4")[-1] for number in range(len(prompts))]
    assert min(difference(*pair) for pair in itertools.combinations(frames, 2)) > 6


@pytest.mark.parametrize(("ratio", "size"), [(9 / 16, (360, 640)), (1, (480, 480)), (21 / 9, (728, 312))])
def test_a_branch_keeps_its_shape(ratio, size, tmp_path):
    ending = paint(shot(seconds=0.1, ratio=ratio), tmp_path / "start.mp4")
    paint(shot(seconds=0.1, parent=ending), tmp_path / "next.mp4")
    last, first = pictures(tmp_path / "start.mp4")[-1], pictures(tmp_path / "next.mp4")[0]
    assert first.shape == (size[1], size[0], 3)
    assert difference(last, first) < 4


def test_a_clip_can_begin_with_a_picture(tmp_path):
    ending = json.loads(json.dumps(paint(shot(index=2, seconds=0), tmp_path / "picture.png")))
    paint(shot("it goes on", parent=ending), tmp_path / "clip.mp4")
    with Image.open(tmp_path / "picture.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (640, 360))
        assert difference(np.asarray(picture).astype(np.int16), pictures(tmp_path / "clip.mp4")[0]) < 4


def test_four_takes_leave_somebodys_picture_each_by_its_own_way(tmp_path):
    stripes = np.indices((640, 360, 3))[1].astype(np.uint8)
    Image.fromarray(stripes).save(tmp_path / "mine.jpg", quality=95)
    takes = []
    for index in range(1, 5):
        file = tmp_path / f"{index}.mp4"
        ending = paint(replace(shot(index=index, seconds=0.125), picture=str(tmp_path / "mine.jpg")), file)
        takes.append(pictures(file))
    with Image.open(tmp_path / "mine.jpg") as mine:
        first = np.asarray(mine.resize(takes[0].shape[2:0:-1])).astype(np.int16)
    assert max(difference(first, frames[0]) for frames in takes) < 6
    for moment in (1, 2):
        assert min(difference(*pair) for pair in itertools.combinations([t[moment] for t in takes], 2)) > 6
    paint(shot(seconds=0, parent=json.loads(json.dumps(ending))), tmp_path / "next.mp4")
    assert difference(takes[-1][-1], pictures(tmp_path / "next.mp4")[0]) < 4


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
    def broken(pictures, size, rate, target):
        target.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(encoding, "write_video", broken)  # a disk that is full
    with pytest.raises(OSError, match="no space"):
        paint(shot(), tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []
