"""Puts pictures of any kind onto the frames of one film: upright, even in size, coded alike, with bars or a crop."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from extender.video.cutlist import CutList
from extender.video.footage import HD_HEIGHT, LEAST, Footage, check_size, is_hdr, quarter_turns

FORMAT = "yuv420p"
BLACK = (16, 128, 128)
BT709, BT601 = 1, 6  # of a stream's colour space
MATRICES = {space.value: space for space in Colorspace} | {BT601: Colorspace.ITU601}
RATIOS = {"16:9": Fraction(16, 9), "9:16": Fraction(9, 16), "1:1": Fraction(1)}
# Of the planes Y, Cb and Cr of a picture, uint8 each.
Change = Callable[[list[np.ndarray]], list[np.ndarray]]
SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


@dataclass(frozen=True)
class Canvas:
    """The frames of a film: 4:2:0 in 8 bits and limited range."""

    width: int
    height: int
    colorspace: int
    fit: Literal["bars", "crop"]

    @classmethod
    def of(cls, first: av.VideoFrame, shape: tuple[int, int], cuts: CutList) -> "Canvas":
        """Of a film that begins with `first`, shown in this `shape` (height, width), which is not scaled for it.

        Raises `NotAVideo` where bars make it too large.
        """
        height, width = map(even, shape)
        ratio = RATIOS.get(cuts.shape, Fraction(width, height))
        grows = (ratio > Fraction(width, height)) == (cuts.fit == "bars")
        height, width = (height, 2 * round(height * ratio / 2)) if grows else (2 * round(width / ratio / 2), width)
        check_size(width, height)
        return cls(width, height, BT709 if matrix_of(first) == Colorspace.ITU709 else BT601, cuts.fit)

    @property
    def matrix(self) -> Colorspace:
        return Colorspace.ITU709 if self.colorspace == BT709 else Colorspace.ITU601

    def draw(self, frame: av.VideoFrame, footage: Footage, change: Change | None = None) -> av.VideoFrame:
        """The picture as a frame of the film: itself, where it is one already; `change` changes its planes."""
        turns = quarter_turns(frame)
        height, width = self._scaled(*footage.shape(frame))
        picture = self._coded(frame, footage, (height, width) if turns % 2 == 0 else (width, height))
        if not change and (picture.height, picture.width, turns) == (self.height, self.width, 0):
            return picture
        planes = change(_planes(picture)) if change else _planes(picture)
        planes = [self._placed(np.rot90(plane, turns), black) for plane, black in zip(planes, BLACK, strict=True)]
        return av.VideoFrame.from_ndarray(np.concatenate(planes, axis=None).reshape(-1, self.width), format=FORMAT)

    def _scaled(self, height: int, width: int) -> tuple[int, int]:
        """The size in which a picture of this one comes; its own, if it is at most a pixel short of the film's."""
        choose = min if self.fit == "bars" else max
        scale = choose(self.height / even(height), self.width / even(width))
        if scale == 1:
            return height, width
        return max(LEAST, even(round(height * scale))), max(LEAST, even(round(width * scale)))

    def _coded(self, frame: av.VideoFrame, footage: Footage, size: tuple[int, int]) -> av.VideoFrame:
        """The picture in this `size` (height, width) and coded as the film is, as it lies."""
        if is_hdr(frame):
            turned = size if quarter_turns(frame) % 2 == 0 else size[::-1]
            upright = footage.rgb(frame, turned)
            lying = np.ascontiguousarray(np.rot90(upright, -quarter_turns(frame)))
            rgb = av.VideoFrame.from_ndarray(lying, format="rgb24")
            return rgb.reformat(format=FORMAT, dst_colorspace=self.matrix, interpolation=SCALING, threads=1)
        matrix = matrix_of(frame)
        coded = (frame.format.name, frame.height, frame.width, matrix)
        if coded == (FORMAT, *size, self.matrix) and frame.color_range != ColorRange.JPEG:
            return frame
        return frame.reformat(
            height=size[0],
            width=size[1],
            format=FORMAT,
            src_colorspace=matrix,
            dst_colorspace=self.matrix,
            dst_color_range=ColorRange.MPEG,
            interpolation=SCALING,
            threads=1,
        )

    def _placed(self, plane: np.ndarray, black: int) -> np.ndarray:
        """A plane in the middle of the film's, whose colours have half as many lines and columns."""
        step = 2 if black == BLACK[0] else 1
        height, width = self.height * step // 2, self.width * step // 2
        return _centred(_centred(plane, height, step, black).T, width, step, black).T


def even(size: int) -> int:
    """The next even number of pixels: an odd line is shown twice, and nothing is lost."""
    return size + size % 2


def matrix_of(frame: av.VideoFrame) -> Colorspace:
    """How the colours of a picture are coded; what does not say is what players take it for."""
    guess = Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601
    return MATRICES.get(frame.colorspace, guess)


def _planes(frame: av.VideoFrame) -> list[np.ndarray]:
    return [
        np.asarray(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    ]


def _centred(plane: np.ndarray, lines: int, step: int, black: int) -> np.ndarray:
    """The plane with so many `lines`: those in its middle, or all between black ones, shifted by whole steps."""
    if len(plane) % step:
        plane = np.concatenate([plane, plane[-1:]])
    missing = lines - len(plane)
    above = abs(missing) // (2 * step) * step
    if missing < 0:
        return plane[above : above + lines]
    return np.pad(plane, ((above, missing - above), (0, 0)), constant_values=black)
