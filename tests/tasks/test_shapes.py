"""What shape a video gets from its start picture."""

import pytest

from extender.tasks.shapes import VideoShape


@pytest.mark.parametrize(
    ("picture", "video", "words"),
    [
        ((1280, 720), (832, 464), "wide, about 16:9"),
        ((2000, 2000), (624, 624), "square"),
        ((900, 1600), (464, 832), "upright, about 9:16"),
        ((3024, 4032), (544, 720), "upright, about 3:4"),
        ((1910, 1000), (864, 448), "wide, about 1.9:1"),
        ((1000, 2400), (400, 976), "upright, about 1:2.4"),
    ],
)
def test_a_video_keeps_the_shape_of_its_start_picture(picture, video, words):
    shape = VideoShape.of(*picture)
    assert (shape.width, shape.height, shape.words) == (*video, words)
