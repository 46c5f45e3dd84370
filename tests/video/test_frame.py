"""One picture of a clip: the one that stands on the screen at a moment, at full size."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from extender.video import layout, process
from extender.video.facts import FrameFacts, NotAVideo
from extender.video.frame import frame
from tests import films

LEVELS = [20 * number for number in range(10)]
# In 96ths of a second, so that the pictures last unevenly.
UNEVEN = [48, 49, 56, 57, 64, 65, 72, 73, 80, 81]


def film(path: Path, **how) -> Path:
    """Ten flat pictures, each lighter than the one before."""
    return films.write(path, [films.flat([level] * 3) for level in LEVELS], **how)


def number_of(folder: Path) -> int:
    """Which of the ten stands in the picture that was written."""
    with Image.open(folder / layout.FRAME) as image:
        assert (image.format, image.size) == ("PNG", (films.WIDTH, films.HEIGHT))
        level = np.asarray(image).mean()
    return int(np.abs(np.array(LEVELS) - level).argmin())


@pytest.mark.parametrize("options", [{"preset": "ultrafast", "bf": "2"}, {"preset": "ultrafast", "bf": "0"}])
@pytest.mark.parametrize(("at_ms", "number"), [(0, 0), (40, 0), (42, 1), (82, 1), (374.9, 9), (9e9, 9), (None, 9)])
def test_it_is_the_picture_that_stands_on_the_screen(tmp_path, options, at_ms, number):
    with film(tmp_path / "clip.mp4", options=options).open("rb") as file:
        found = frame(file, tmp_path, at_ms)
    assert number_of(tmp_path) == number
    ends = None if number == 9 else round((number + 1) * 1000 / 24, 1)
    assert found == FrameFacts(round(number * 1000 / 24, 1), ends, films.WIDTH, films.HEIGHT)


@pytest.mark.parametrize(("at_ms", "number"), [(9, 0), (10.4, 1), (82, 1), (84, 2), (342, 8), (344, 9)])
def test_uneven_pictures_count_from_the_first_wherever_its_clock_begins(tmp_path, at_ms, number):
    with film(tmp_path / "clip.mp4", rate=96, stamps=UNEVEN).open("rb") as file:
        frame(file, tmp_path, at_ms)
    assert number_of(tmp_path) == number


def test_a_process_of_its_own_takes_it_upright(tmp_path):
    lying = np.tile(np.arange(films.WIDTH, dtype=np.uint8)[None, :, None], (films.HEIGHT, 1, 3))
    clip = films.write(tmp_path / "clip.mp4", [lying] * 6, prepare=lambda stream: stream.set_display_rotation(90))
    found = process.frame(clip, tmp_path, 100.5)
    assert (found.width, found.height) == (films.HEIGHT, films.WIDTH)
    with Image.open(tmp_path / layout.FRAME) as image:
        assert image.size == (films.HEIGHT, films.WIDTH)
    clip.write_bytes(b"no video")
    with pytest.raises(NotAVideo):
        process.frame(clip, tmp_path)
