"""A film of several files: each picture of each part once, in order, and as it was, or as near as nobody sees."""

import math
from contextlib import ExitStack
from dataclasses import astuple
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from extender.video import animation, colour
from extender.video import process as probing
from extender.video.cutlist import CutList, Film, Part
from extender.video.export import export
from extender.video.facts import NotAVideo
from tests import films
from tests.video.inside import run_instead
from tests.video.looks import compare, off
from tests.video.test_hostile_files import children

VP9: dict[str, Any] = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}
PLAIN = {"preset": "ultrafast", "bf": "2", "g": "12"}
ALIKE = 40  # dB


def write(path: Path, count: int = 18, start: int = 0, **how: Any) -> Path:
    return films.write(path, films.pan(count, start), **{"options": PLAIN, **how})


def made(into: Path, *parts: tuple[Path, int, int], **choices: Any) -> Film:
    cuts = CutList(tuple(Part(begins, ends) for _, begins, ends in parts), **choices)
    with ExitStack() as opened:
        files = [opened.enter_context(file.open("rb")) for file, _, _ in parts]
        return export(cuts, files, into, lambda percent: None)


def pictures(path: Path) -> list[tuple[Fraction, list[np.ndarray]]]:
    """Every picture as a decoder gives it, upright: its moment in seconds, and its three planes."""
    with av.open(str(path)) as container:
        found = []
        for frame in container.decode(video=0):
            space = {"src_colorspace": Colorspace.ITU601, "dst_colorspace": Colorspace.ITU601}
            planes = frame.reformat(format="yuv420p", dst_color_range=ColorRange.MPEG, **space)
            found.append(
                (
                    Fraction(frame.pts or 0) * (frame.time_base or 1),
                    [np.rot90(one, round(frame.rotation / 90)) for one in split(planes)],
                )
            )
        return found


def split(frame: av.VideoFrame) -> list[np.ndarray]:
    return [
        np.array(memoryview(plane), np.float32).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    ]


def likeness(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """PSNR in dB, of the plane that is furthest off; as far as the smaller of two goes."""
    errors = []
    for first, second in zip(one, other, strict=True):
        height, width = np.minimum(first.shape, second.shape)
        errors.append(np.square(first[:height, :width] - second[:height, :width]).mean())
    return float(10 * np.log10(255**2 / max(max(errors), 1e-9)))


def moments(shown: list[tuple[Fraction, list[np.ndarray]]]) -> list[Fraction]:
    return [moment for moment, _ in shown]


def assert_same(film: Path, *wanted: tuple[Path, slice], at_least: float) -> None:
    """The film shows these pictures of these files, no other, in this order."""
    shown = [planes for _, planes in pictures(film)]
    sources = [planes for file, which in wanted for _, planes in pictures(file)[which]]
    assert len(shown) == len(sources)
    assert min(map(likeness, shown, sources)) > at_least


@pytest.mark.parametrize("options", [PLAIN, {"preset": "ultrafast", "bf": "0"}], ids=["b-frames", "none"])
@pytest.mark.parametrize("rate", [24, Fraction(24000, 1001), 25, 30])
def test_what_agrees_is_copied_picture_by_picture(rate, options, tmp_path):
    first = write(tmp_path / "first.mp4", rate=rate, options=options)
    second = write(tmp_path / "second.mp4", start=18, rate=rate, options=options)
    last = round(1000 * 18 / rate)
    film = made(tmp_path, (first, 0, last), (second, 0, last), (first, 0, last))
    assert (film.frames, film.is_copied) == (54, True)
    every = slice(None)
    assert_same(tmp_path / "film.mp4", (first, every), (second, every), (first, every), at_least=100)
    times = moments(pictures(tmp_path / "film.mp4"))
    assert times == [Fraction(number) / rate for number in range(54)]


def test_a_copy_begins_at_a_key_frame_and_ends_where_it_is_told(tmp_path):
    parent = write(tmp_path / "parent.mp4", 12, rate=24, options=PLAIN | {"bf": "0"})
    child = write(tmp_path / "child.mp4", 30, rate=24, options=PLAIN | {"bf": "0"})
    film = made(tmp_path, (parent, 0, 500), (child, 500, 1000))
    assert (film.frames, film.duration_ms, film.is_copied) == (24, 1000, True)
    assert_same(tmp_path / "film.mp4", (parent, slice(None)), (child, slice(12, 24)), at_least=100)


def test_where_a_part_begins_between_key_frames_all_is_encoded_once(tmp_path):
    parent = write(tmp_path / "parent.mp4", 10)
    child = write(tmp_path / "child.mp4", 24)
    film = made(tmp_path, (parent, 0, 417), (child, 417, 1000))
    assert (film.frames, film.duration_ms, film.is_copied) == (24, 1000, False)
    assert_same(tmp_path / "film.mp4", (parent, slice(None)), (child, slice(10, None)), at_least=ALIKE)
    assert moments(pictures(tmp_path / "film.mp4")) == [Fraction(number, 24) for number in range(24)]


OTHERS: dict[str, list[dict[str, Any]]] = {
    "rates": [{"rate": Fraction(24000, 1001)}, {"rate": 25}, {"rate": 30}],
    "codecs": [
        {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
        VP9,
        {"pix_fmt": "yuv420p10le"},
        {"codec": "libx264rgb", "pix_fmt": "rgb24"},
    ],
    "turned": [{"prepare": lambda stream: stream.set_display_rotation(180)}],
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_differs_is_encoded_once_and_each_picture_keeps_its_time(kind, tmp_path):
    files = [write(tmp_path / "0.mp4")]
    for number, how in enumerate(OTHERS[kind], 1):
        files.append(write(tmp_path / f"{number}.mp4", start=18 * number, **how))
    rates = [24, *(how.get("rate", 24) for how in OTHERS[kind])]
    parts = [(file, 0, round(18000 / rate)) for file, rate in zip(files, rates, strict=True)]
    film = made(tmp_path, *parts)
    assert (film.frames, film.is_copied) == (18 * len(files), False)
    assert_same(tmp_path / "film.mp4", *((file, slice(None)) for file in files), at_least=ALIKE)
    lasts = [Fraction(1) / rate for rate in rates for _ in range(18)]
    times = moments(pictures(tmp_path / "film.mp4"))
    assert [after - before for before, after in pairwise(times)] == lasts[:-1]
    assert film.duration_ms == round(1000 * sum(lasts))


def test_pictures_that_come_unevenly_keep_their_times(tmp_path):
    file = write(tmp_path / "clip.mp4", 6, rate=96, stamps=[0, 1, 8, 9, 20, 24])
    made(tmp_path, (file, 0, 300), (file, 10, 300))
    times = [round(96 * moment, 2) for moment in moments(pictures(tmp_path / "film.mp4"))]
    last = 24 / 5
    assert times == pytest.approx(
        [0, 1, 8, 9, 20, 24, 24 + last, 31 + last, 32 + last, 43 + last, 47 + last], abs=0.02
    )


def test_two_pictures_at_one_moment_are_both_in_the_film(tmp_path):
    file = write(
        tmp_path / "clip.mkv", 8, stamps=[0, 1, 2, 3, 3, 4, 6, 7], options={"preset": "ultrafast", "bf": "0"}
    )
    film = made(tmp_path, (file, 0, 333))
    assert (film.frames, film.is_copied) == (8, False)
    assert_same(tmp_path / "film.mp4", (file, slice(None)), at_least=ALIKE)
    times = moments(pictures(tmp_path / "film.mp4"))
    assert all(before < after for before, after in pairwise(times))


@pytest.mark.parametrize("how", [{"pix_fmt": "yuv444p", "options": PLAIN}, VP9], ids=["4:4:4", "4:2:0"])
@pytest.mark.parametrize("size", [(91, 161), (90, 161), (91, 160)])
def test_odd_sizes_become_even_and_lose_nothing(size, how, tmp_path):
    land = [np.pad(picture, ((0, 1), (0, 1), (0, 0)), mode="edge")[: size[0], : size[1]] for picture in films.pan(12)]
    file = films.write(tmp_path / "clip.mp4", land, **how)
    film = made(tmp_path, (file, 0, 500))
    assert not film.is_copied
    assert (film.height, film.width) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert_same(tmp_path / "film.mp4", (file, slice(None)), at_least=ALIKE)


def test_an_upright_film_stands_upright(tmp_path):
    file = write(tmp_path / "clip.mp4", prepare=lambda stream: stream.set_display_rotation(90))
    film = made(tmp_path, (file, 0, 750))
    assert (film.width, film.height) == (90, 160)
    assert_same(tmp_path / "film.mp4", (file, slice(None)), at_least=ALIKE)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "clip.mp4", 24)


def test_a_process_of_its_own_makes_the_film_and_says_how_far_it_is(clip, tmp_path):
    told: list[int] = []
    cuts = CutList((Part(0, 1000), Part(42, 1000)))
    film = probing.export(cuts, [clip, clip], tmp_path, told.append)
    assert (film.frames, film.duration_ms, film.is_copied) == (47, 1958, False)
    assert (told[0], told[-1], len(told)) == (0, 97, 47)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    assert_same(tmp_path / "film.mp4", (clip, slice(None)), (clip, slice(1, None)), at_least=ALIKE)
    content = (tmp_path / "film.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "it plays while it loads"


def test_an_export_that_is_cancelled_leaves_no_film(clip, tmp_path):
    class Cancelled(Exception):
        pass

    def cancel(percent: int) -> None:
        raise Cancelled

    before = children()
    with pytest.raises(Cancelled):
        probing.export(CutList((Part(42, 1000),)), [clip], tmp_path, cancel)
    assert children() == before
    assert not (tmp_path / "film.mp4").exists()


def test_trouble_with_the_disk_keeps_its_number(clip, tmp_path, monkeypatch):
    run_instead(monkeypatch, "limits.WRITTEN_BYTES['export'] = 100; main()")
    with pytest.raises(OSError, match="File too large"):
        probing.export(CutList((Part(0, 1000),)), [clip], tmp_path, lambda percent: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "part", "why"),
    [(b"<html>", (0, 1000), "not a video"), (None, (1000, 2000), "no picture"), (None, (500, 500), "no picture")],
)
def test_a_part_without_pictures_makes_no_film(content, part, why, clip, tmp_path):
    file = tmp_path / "clip.mp4"
    file.write_bytes(content or clip.read_bytes())
    with pytest.raises(NotAVideo, match=f"Part 2: .* {why}"):
        made(tmp_path, (clip, 0, 1000), (file, *part))
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("tags", "kept"), [("colormatrix=bt709:colorprim=bt709:transfer=bt709", (1, 1, 1)), ("", (6, 2, 2))]
)
def test_a_film_says_how_its_colours_are_coded(tags, kept, tmp_path):
    file = write(tmp_path / "clip.mp4", 4, options=PLAIN | {"x264-params": tags})
    made(tmp_path, (file, 42, 167))
    with av.open(str(tmp_path / "film.mp4")) as container:
        frame = next(container.decode(video=0))
    assert (frame.colorspace, frame.color_primaries, frame.color_trc) == kept


def test_the_busiest_pictures_come_as_near_as_others(tmp_path):
    rng = np.random.default_rng(1)
    noisy = [
        np.clip(picture + rng.normal(0, 20, picture.shape), 0, 255).astype(np.uint8) for picture in films.pan(12)
    ]
    file = films.write(tmp_path / "clip.mp4", noisy, options={"preset": "ultrafast", "qp": "5"})
    made(tmp_path, (file, 42, 500))
    assert_same(tmp_path / "film.mp4", (file, slice(1, None)), at_least=ALIKE)


RED, BLUE = (200, 40, 40), (40, 40, 200)


@pytest.mark.parametrize(
    ("shape", "fit", "size", "corner", "edge"),
    [
        ("as it is", "bars", (160, 90), "red", "black"),
        ("as it is", "crop", (160, 90), "red", "blue"),
        ("16:9", "bars", (160, 90), "red", "black"),
        ("9:16", "bars", (160, 284), "black", "blue"),
        ("9:16", "crop", (50, 90), "red", "blue"),
        ("1:1", "bars", (160, 160), "black", "black"),
        ("1:1", "crop", (90, 90), "red", "blue"),
    ],
)
def test_a_film_has_the_shape_that_is_asked_for(shape, fit, size, corner, edge, tmp_path):
    """A wide clip in red, then a small upright one in blue: looked at in a corner, and in the middle of an edge."""
    wide = films.write(tmp_path / "wide.mp4", [films.flat(RED)] * 4, options=PLAIN)
    tall = films.write(tmp_path / "tall.mp4", [films.flat(BLUE, 44, 80)] * 4, options=PLAIN)
    film = made(tmp_path, (wide, 0, 167), (tall, 0, 167), shape=shape, fit=fit)
    assert (film.width, film.height) == size
    first, last = (films.read(tmp_path / "film.mp4")[number].astype(int) for number in (0, -1))
    colours = {"black": (0, 0, 0), "red": RED, "blue": BLUE}
    assert np.abs(first[2, 2] - colours[corner]).max() < 9
    assert np.abs(last[size[1] // 2, 2] - colours[edge]).max() < 9
    for shown, whole in ((first, RED), (last, BLUE)):
        assert np.abs(shown[size[1] // 2, size[0] // 2] - whole).max() < 9


def test_bars_that_are_too_large_are_refused(tmp_path):
    wide = films.write(tmp_path / "wide.mp4", [films.flat(RED, 4096, 16)] * 2, options=PLAIN)
    with pytest.raises(NotAVideo, match=r"too large \(4096 × 4096\)"):
        made(tmp_path, (wide, 0, 84), shape="1:1")


def tinted(pictures: list[np.ndarray], first: int, last: int) -> list[np.ndarray]:
    """The pictures with a tint that grows, of so many levels of 255: warmer, and darker."""
    tints = np.linspace(first, last, len(pictures))[:, None] * np.array([0.3, -0.5, -1])
    return [np.clip(picture + tint, 0, 255).astype(np.uint8) for picture, tint in zip(pictures, tints, strict=True)]


def looked_at(parts: list[list[np.ndarray]], folder: Path) -> tuple[list[float], list[float]]:
    """What the pages' rulers say of a film: how visible its cuts are; how far each end is from the first's."""
    files = [films.write(folder / f"{n}.mp4", part, options={"qp": "4"}) for n, part in enumerate(parts)]
    jumps = [compare(one, other).cut_delta_e or 0.0 for one, other in pairwise(files)]
    return jumps, [math.dist(tone(part[-1]), tone(parts[0][-1])) for part in parts[1:]]


def tone(picture: np.ndarray) -> tuple[float, ...]:
    return astuple(colour.tone(colour.lab(picture)))


def test_even_colours_take_most_of_the_jumps_and_of_the_drift(tmp_path):
    parts = [films.pan(12), tinted(films.pan(18, 12), 25, 40), tinted(films.pan(18, 30), 60, 60)]
    files = [films.write(tmp_path / f"part-{n}.mp4", part, options={"qp": "4"}) for n, part in enumerate(parts)]
    made(
        tmp_path,
        *((file, 0, round(1000 * len(part) / 24)) for file, part in zip(files, parts, strict=True)),
        even_colours=True,
    )
    shown = films.read(tmp_path / "film.mp4")
    jumps, drift = looked_at(parts, tmp_path)
    left_jumps, left_drift = looked_at([shown[:12], shown[12:30], shown[30:]], tmp_path)
    assert min(jumps + drift) > 4
    assert all(left < 0.4 * whole for whole, left in zip(jumps + drift, left_jumps + left_drift, strict=True))
    # The first part is as it was.
    first = [planes for _, planes in pictures(files[0])]
    assert min(map(likeness, [planes for _, planes in pictures(tmp_path / "film.mp4")], first)) > ALIKE
    # Half a second after the cut they are back, and stay.
    assert max(math.dist(tone(picture), tone(shown[11])) for picture in shown[24:30]) < 3


def test_even_colours_do_not_band_a_sky(tmp_path):
    """Where contrast comes back, levels that were neighbours would lie two apart: dither fills what is between."""
    ramp = np.linspace(60, 92, films.WIDTH)
    skies = [
        np.tile((gain * ramp + shift).round().astype(np.uint8)[:, None], (films.HEIGHT, 1, 3))
        for gain, shift in ((1, 0), (0.8, 5))
    ]
    files = [films.write(tmp_path / f"{n}.mp4", [sky] * 4, options={"qp": "1"}) for n, sky in enumerate(skies)]
    made(tmp_path, *((file, 0, 167) for file in files), even_colours=True)
    light = [planes[0].mean(axis=0) for _, planes in pictures(tmp_path / "film.mp4")]
    assert np.abs(light[-1] - light[0]).mean() < 0.6
    assert np.diff(light[-1]).max() < 1.7


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_moving_picture_for_chats_stays_within_its_bytes(kind, tmp_path, monkeypatch):
    small = [picture[:88:2, ::2] for picture in films.pan(24)]
    file = films.write(tmp_path / "clip.mp4", small, options=PLAIN)
    for frames in (13, 7):
        film = made(tmp_path, (file, 0, 1000), format=kind)
        assert (film.frames, film.duration_ms) == (frames, 1000)
        size = (tmp_path / f"film.{kind}").stat().st_size
        assert size <= animation.MOST_BYTES
        monkeypatch.setattr(animation, "MOST_BYTES", size * 2 // 3)
        with Image.open(tmp_path / f"film.{kind}") as shown:
            assert (shown.format, shown.n_frames, shown.size) == (
                kind.upper(),
                film.frames,
                (film.width, film.height),
            )
            assert shown.info["loop"] == 0
            shown.seek(1)
            second = np.asarray(shown.convert("RGB")).astype(np.int16)
            assert off(small[shown.info["duration"] * 24 // 1000], second) < 8
    monkeypatch.setattr(animation, "MOST_BYTES", 100)
    with pytest.raises(NotAVideo, match="too long"):
        made(tmp_path, (file, 0, 1000), format=kind)
