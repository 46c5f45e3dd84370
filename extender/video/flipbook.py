"""A clip as small pictures in a file of its own: by them it is compared with others, so that it is decoded once."""

import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from extender.video import layout

if TYPE_CHECKING:  # who only reads one needs no decoder
    from extender.video.footage import Footage, Picture

SIDE = 64  # pixels of the longer side: grain and compression are blurred away
MOST = 2048  # pictures: a minute and a half. Of longer clips each second one is left out, or more
HEAD = np.dtype("<u4")  # pictures, height, width
MOMENT = np.dtype("<f8")
FAST = 1  # of zlib: half the bytes that are left cost eight times as long


class Flipbook(NamedTuple):
    """The moments of its pictures in seconds (n), and these in sRGB: uint8 (n, height, width, 3)."""

    seconds: np.ndarray
    pictures: np.ndarray


class Drawing:
    """Draws a flipbook while a clip passes by once."""

    def __init__(self, footage: "Footage") -> None:
        self._footage = footage
        self._kept: list[tuple[float, np.ndarray]] = []
        self._shape: tuple[int, int] | None = None
        self._seen, self._stride = 0, 1

    def show(self, picture: "Picture") -> np.ndarray:
        """Takes the next picture in. Returns it as it was drawn: uint8 (height, width, 3)."""
        self._shape = self._shape or self._footage.shape(picture.frame, SIDE)
        small = self._footage.rgb(picture.frame, self._shape)
        if self._seen % self._stride == 0:
            self._kept.append((picture.seconds, small))
            if len(self._kept) > MOST:
                del self._kept[1::2]
                self._stride *= 2
        self._seen += 1
        return small

    def finished(self) -> Flipbook:
        """All of it: two pictures at least."""
        seconds, pictures = zip(*self._kept, strict=True)
        return Flipbook(np.array(seconds), np.stack(pictures))


def packed(book: Flipbook) -> bytes:
    """A flipbook as a file: each picture as what is new in it, or each second one where these are too much."""
    new = book.pictures.copy()
    new[1:] -= book.pictures[:-1]
    content = book.seconds.astype(MOMENT).tobytes() + new.tobytes()
    file = np.array(new.shape[:3], HEAD).tobytes() + zlib.compress(content, FAST)
    return file if len(file) <= layout.FLIPBOOK_BYTES else packed(Flipbook(book.seconds[::2], book.pictures[::2]))


def read(file: BinaryIO) -> Flipbook:
    """The flipbook in `file`. ValueError where there is none."""
    count, height, width = map(int, np.frombuffer(file.read(3 * HEAD.itemsize), HEAD))
    if not (2 <= count <= MOST and 0 < height <= SIDE and 0 < width <= SIDE):
        raise ValueError("no flipbook has such a size")
    size = count * (MOMENT.itemsize + 3 * height * width)
    try:
        content = zlib.decompressobj().decompress(file.read(), size)
    except zlib.error as error:
        raise ValueError("a flipbook is damaged") from error
    if len(content) != size:
        raise ValueError("a flipbook is cut off")
    seconds = np.frombuffer(content, MOMENT, count)
    new = np.frombuffer(content, np.uint8, offset=seconds.nbytes).reshape(count, height, width, 3)
    return Flipbook(seconds, np.cumsum(new, axis=0, dtype=np.uint8))
