"""What a look into a film finds: its facts, poster, thumbnail, storyboard, whatever its shape, codec and clock."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from PIL import Image, ImageFilter

from extender.video import layout, process
from extender.video.footage import Clock
from tests import films
from tests.video.looks import examine, off, picture, thumbnail, tiles


@pytest.mark.parametrize("count", [2, 10, 24, 120, 301])
def test_a_storyboard_goes_evenly_from_the_first_picture_to_the_last(count, tmp_path):
    frames = films.pan(count, step=2)
    examine(films.write(tmp_path / "clip.mp4", frames), tmp_path)
    small = np.stack([thumbnail(frame) for frame in frames])
    shown = [int(np.abs(small - thumbnail(tile)).mean((1, 2, 3)).argmin()) for tile in tiles(tmp_path)]
    assert (shown[0], shown[-1]) == (0, count - 1)
    even = [number / (layout.TILES - 1) * (count - 1) for number in range(layout.TILES)]
    assert max(abs(found - moment) for found, moment in zip(shown, even, strict=True)) <= 1 + count / 96


def test_noise_is_kept_within_the_same_bytes(tmp_path):
    rng = np.random.default_rng(1)
    clip = films.write(tmp_path / "noise.mp4", [rng.integers(0, 255, (360, 640, 3), np.uint8) for _ in range(30)])
    examine(clip, tmp_path)
    assert (tmp_path / layout.THUMBNAIL).stat().st_size <= layout.THUMBNAIL_BYTES


def test_a_clip_that_fades_in_has_a_poster_that_shows_something(tmp_path):
    scene = films.pan(1)[0]
    fade = [(scene * min(1.0, number / 20)).astype(np.uint8) for number in range(48)]
    examine(films.write(tmp_path / "clip.mp4", fade), tmp_path)
    assert picture(tmp_path, layout.POSTER).std() > 0.6 * scene.std()


def test_a_clip_that_fades_out_has_a_card_that_shows_something(tmp_path):
    scene = films.pan(1)[0]
    fade = [(scene * np.clip((40 - number) / 20, 0, 1)).astype(np.uint8) for number in range(48)]
    examine(films.write(tmp_path / "clip.mp4", fade), tmp_path)
    assert picture(tmp_path, layout.THUMBNAIL).std() > 0.6 * scene.std()
    assert picture(tmp_path, layout.POSTER).std() > 0.7 * scene.std()


def test_a_black_clip_is_a_clip(tmp_path):
    facts = examine(films.write(tmp_path / "clip.mp4", [films.flat((0, 0, 0))] * 10), tmp_path)
    assert facts.end_tone.lightness < 1
    assert picture(tmp_path, layout.POSTER).max() < 8


@pytest.mark.parametrize(("height", "width"), [(160, 90), (96, 96), (91, 161), (1280, 720), (16, 1600), (1600, 16)])
def test_every_shape_keeps_its_aspect(height, width, tmp_path):
    odd = {"pix_fmt": "yuv444p"} if height % 2 else {}
    clip = films.write(tmp_path / "clip.mp4", [films.flat((200, 90, 40), width, height)] * 6, **odd)
    facts = examine(clip, tmp_path)
    assert (facts.width, facts.height) == (width, height)
    for name, side in ((layout.POSTER, layout.POSTER_SIDE), (layout.THUMBNAIL, layout.THUMBNAIL_SIDE)):
        shown = picture(tmp_path, name).shape
        assert max(shown) == min(side, max(height, width))
        assert abs(shown[0] * width - shown[1] * height) <= 3 * max(height, width)  # pixels are whole
    assert len(tiles(tmp_path)) == layout.TILES


def test_a_turned_clip_stands_upright(tmp_path):
    """As phones film: stored lying, with a note to turn it."""
    lying = np.concatenate([films.flat((220, 30, 30), 80), films.flat((30, 30, 220), 80)], axis=1)
    clip = films.write(tmp_path / "clip.mp4", [lying] * 6, prepare=lambda stream: stream.set_display_rotation(90))
    facts = examine(clip, tmp_path)
    assert (facts.width, facts.height) == (90, 160)
    poster = picture(tmp_path, layout.POSTER)
    assert poster.shape == (160, 90, 3)
    assert poster[20, 45, 2] > 180  # blue was on the right, and is on top after a turn counterclockwise
    assert poster[140, 45, 0] > 180


def test_wide_pixels_are_shown_wide(tmp_path):
    def prepare(stream):
        stream.codec_context.sample_aspect_ratio = 2

    facts = examine(films.write(tmp_path / "clip.mp4", films.pan(6), prepare=prepare), tmp_path)
    assert (facts.width, facts.height) == (320, 90)
    assert picture(tmp_path, layout.POSTER).shape == (90, 320, 3)


@pytest.mark.parametrize(
    ("name", "codec", "how"),
    [
        ("clip.mp4", "h264", {"pix_fmt": "yuv420p10le"}),
        ("clip.mp4", "h264", {"sound": True}),
        ("clip.mov", "h264", {}),
        ("clip.mp4", "hevc", {"codec": "libx265", "options": {"x265-params": "log-level=none"}}),
        ("clip.webm", "vp9", {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}}),
        ("clip.mkv", "h264", {}),
    ],
)
def test_what_browsers_play_is_a_video(name, codec, how, tmp_path):
    clip = films.write(tmp_path / name, films.pan(24), **how)
    facts = examine(clip.rename(tmp_path / "unnamed"), tmp_path)
    assert (facts.codec, facts.frames, facts.frame_rate) == (codec, 24, 24.0)
    assert facts.bits == (10 if "10" in how.get("pix_fmt", "") else 8)
    assert facts.duration_ms == pytest.approx(1000, abs=2)
    assert off(films.pan(24)[-1], picture(tmp_path, layout.POSTER)) < 4


@pytest.mark.parametrize(
    ("height", "tags"),
    [
        (360, "colormatrix=bt709:colorprim=bt709:transfer=bt709"),
        (360, "colormatrix=smpte170m"),
        (720, ""),
    ],
)
def test_a_poster_has_the_colours_of_its_clip(height, tags, tmp_path):
    wanted = (40, 160, 60)  # a green that shows a mistaken matrix
    space = Colorspace.ITU709 if "bt709" in tags or height == 720 else Colorspace.ITU601
    frame = av.VideoFrame.from_ndarray(films.flat(wanted, 640, height), format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace=space)
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 640, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "x264-params": tags}
        for number in range(4):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    examine(tmp_path / "clip.mp4", tmp_path)
    assert picture(tmp_path, layout.POSTER)[10, 10] == pytest.approx(wanted, abs=6)


@pytest.mark.parametrize(("level", "shown"), [(0, 0), (89, 88), (127, 187), (148, 255), (200, 255)])
def test_a_poster_of_a_film_for_bright_screens_is_neither_dull_nor_dark(level, shown, tmp_path):
    """HDR10: its level 148 of 255 is paper white (203 candelas a square metre), 89 a tenth of that."""
    tags = {"preset": "ultrafast", "x264-params": "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"}
    clip = films.write(tmp_path / "clip.mp4", [films.flat((level,) * 3)] * 4, options=tags)
    examine(clip, tmp_path)
    assert picture(tmp_path, layout.POSTER)[45, 80] == pytest.approx([shown] * 3, abs=10)


def test_time_is_taken_from_the_pictures(tmp_path):
    """Not from the file's header, which says ten hours here."""
    clip = films.write(tmp_path / "clip.mp4", films.pan(24))
    lying = bytearray(clip.read_bytes())
    for box, offset in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        where = lying.index(box) + offset
        lying[where : where + 4] = (36_000_000).to_bytes(4, "big")
    clip.write_bytes(lying)
    facts = examine(clip, tmp_path)
    assert (facts.duration_ms, facts.frames, facts.frame_rate) == (1000, 24, 24.0)


@pytest.mark.parametrize(
    ("name", "stamps", "milliseconds", "starts"),
    [
        ("clip.mkv", [0, 1, 2, 3, 10, 11, 12, 24], 1143, 0),  # of varying length
        ("clip.mkv", [0, 1, 2, 3, 4, 5, 6, 7], 333, 0),
        ("clip.mkv", [-4, -3, -2, -1, 0, 1, 2, 3], 333, 0),
        ("clip.mkv", [240, 241, 242, 243, 244, 245, 246, 247], 333, 10_000),
        ("clip.mp4", [24, 25, 26, 27, 30, 31, 32, 33], 429, 1000),
    ],
)
def test_odd_time_stamps_make_sense(name, stamps, milliseconds, starts, tmp_path):
    facts = examine(films.write(tmp_path / name, films.pan(8), stamps=stamps), tmp_path)
    assert (facts.frames, facts.starts_ms) == (8, starts)
    assert facts.duration_ms == pytest.approx(milliseconds, abs=3)
    is_even = stamps[-1] - stamps[0] == 7
    moments = None if is_even else [starts + (stamp - stamps[0]) * 1000 / 24 for stamp in stamps]
    assert facts.moments_ms == (moments and pytest.approx(moments, abs=0.6))


@pytest.mark.parametrize(("b_frames", "rate"), [("0", 24), ("2", 24), ("2", Fraction(24000, 1001))])
def test_b_frames_come_evenly(b_frames, rate, tmp_path):
    options = {"preset": "ultrafast", "bf": b_frames}
    facts = examine(films.write(tmp_path / "clip.mp4", films.pan(60), rate=rate, options=options), tmp_path)
    assert (facts.frames, facts.starts_ms, facts.moments_ms) == (60, 0, None)
    assert facts.frame_rate == round(float(rate), 3)


def test_an_edit_list_leaves_out_what_it_cuts_off(tmp_path):
    """Five pictures, as a trim without encoding does it: they are still in the file, and no player shows them."""
    clip = films.write(tmp_path / "clip.mp4", films.pan(24), options={"preset": "ultrafast", "bf": "2"})
    edited = bytearray(clip.read_bytes())
    entry = edited.index(b"elst") + 12
    for field, change in ((0, -5 * 1000 // 24), (4, 5 * 512)):  # its length in milliseconds; where it begins
        value = int.from_bytes(edited[entry + field : entry + field + 4], "big") + change
        edited[entry + field : entry + field + 4] = value.to_bytes(4, "big")
    clip.write_bytes(edited)
    facts = examine(clip, tmp_path)
    assert (facts.frames, facts.starts_ms, facts.moments_ms) == (19, 0, None)
    assert facts.duration_ms == pytest.approx(1000 * 19 / 24, abs=1)
    assert off(films.pan(24)[5], tiles(tmp_path)[0]) < off(films.pan(24)[4], tiles(tmp_path)[0])


def test_a_sound_that_goes_on_does_not_make_the_film_longer(tmp_path):
    facts = examine(films.write(tmp_path / "clip.mp4", films.pan(12), sound=True), tmp_path)
    assert facts.duration_ms == 500


def test_stamps_that_are_none_or_run_back_or_stand_still_are_passed_over():
    clock = Clock(10.0)
    stamps = [None, 7.0, 7.1, None, 7.1, 2.0, 7.5]
    assert [round(clock.at(stamp), 3) for stamp in stamps] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


def test_drift_tells_tinted_and_softened_ends_from_the_same(tmp_path):
    scene = films.pan(1, step=0)[0]
    rng = np.random.default_rng(3)
    fine = np.clip(scene + rng.normal(0, 25, scene.shape), 0, 255).astype(np.uint8)
    soft = np.asarray(Image.fromarray(fine).filter(ImageFilter.GaussianBlur(1)))
    softer = np.asarray(Image.fromarray(fine).filter(ImageFilter.GaussianBlur(3)))
    tinted = np.clip(fine + np.array([25, 0, -25]), 0, 255).astype(np.uint8)
    ends = {"same": fine, "soft": soft, "softer": softer, "tinted": tinted, "bright": films.brighter([fine], 60)[0]}
    facts = {
        name: examine(films.write(tmp_path / "clip.mp4", [fine, fine, end]), tmp_path) for name, end in ends.items()
    }
    drifts = {name: process.drift(found, facts["same"]) for name, found in facts.items()}
    assert (drifts["same"].colour, drifts["same"].sharpness) == (0, 0)
    assert drifts["tinted"].colour > 8
    assert drifts["bright"].colour > drifts["tinted"].colour
    assert max(drifts["soft"].colour, drifts["softer"].colour) < 8
    assert drifts["softer"].sharpness < drifts["soft"].sharpness - 0.5 < -2
    assert abs(drifts["tinted"].sharpness) < 0.3
