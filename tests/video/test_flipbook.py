"""A clip's small pictures in a file: what was put in comes out, and of what is none nothing comes."""

import io

import numpy as np
import pytest

from extender.video import flipbook
from extender.video.flipbook import Flipbook, packed, read
from tests import films
from tests.video.looks import book

BOOK = Flipbook(np.arange(9) / 24, np.random.default_rng(1).integers(0, 255, (9, 36, 64, 3), np.uint8))


def test_a_flipbook_is_read_as_it_was_packed():
    moments, pictures = read(io.BytesIO(packed(BOOK)))
    assert moments.tolist() == BOOK.seconds.tolist()
    assert np.array_equal(pictures, BOOK.pictures)


def test_a_flipbook_of_noise_has_fewer_pictures(monkeypatch):
    monkeypatch.setattr(flipbook.layout, "FLIPBOOK_BYTES", len(packed(BOOK)) // 2)
    assert (24 * read(io.BytesIO(packed(BOOK))).seconds).tolist() == [0, 4, 8]


def sized(*head: int) -> bytes:
    return np.array(head, flipbook.HEAD).tobytes() + packed(BOOK)[12:]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        packed(BOOK)[:11],
        packed(BOOK)[:-900],
        packed(BOOK)[:12] + b"x" * 99,
        *(sized(*head) for head in [(1, 36, 64), (2**32 - 1, 36, 64), (9, 0, 64), (9, 36, 65), (10, 36, 64)]),
    ],
)
def test_what_is_no_flipbook_is_refused(content):
    with pytest.raises(ValueError, match=r"flipbook|buffer|unpack"):
        read(io.BytesIO(content))


def test_of_a_long_clip_each_second_picture_is_left_out_until_it_fits(tmp_path, monkeypatch):
    # A film of two thousand pictures takes long to write.
    monkeypatch.setattr(flipbook, "MOST", 10)
    clip = films.write(tmp_path / "clip.mp4", films.pan(24))
    assert (24 * book(clip).seconds).round().tolist() == [0, 4, 8, 12, 16, 20]
