"""One part of a film, in the file that it comes from: how that is coded, and when its pictures come."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import BinaryIO, NamedTuple

import av

from extender.video import timeline
from extender.video.cutlist import Part, of_part
from extender.video.facts import NotAVideo
from extender.video.footage import Footage, Picture, open_footage

# The pictures of 24, 25, 30, 50 and 60 a second last a whole number of these, and those of 23.976, 29.97 and 59.94:
# each picture keeps its own time in a film of any of them, so that none is left out and none comes twice.
TICKS = 120_000  # a second
EARLY = 0.001  # s


class Packet(NamedTuple):
    """One coded picture, without its bytes."""

    seconds: float | None  # after the first picture that is shown; None where it is not shown
    is_key: bool


class Survey(NamedTuple):
    """What a file says of itself before a picture is decoded."""

    packets: list[Packet]  # in the order of the file
    moments: list[float]  # of the pictures that are shown, in their order
    rate: Fraction | None  # pictures a second; None where they come unevenly
    parameters: tuple[object, ...]  # of `Footage`

    @property
    def mean_rate(self) -> float:
        return (len(self.moments) - 1) / self.moments[-1]


@dataclass(frozen=True)
class Source:
    """A part of a film. Where its file has to be read and cannot be, `NotAVideo` says so, and which part it is."""

    number: int  # from 1 on
    file: BinaryIO  # read by one at a time
    part: Part
    survey: Survey

    @classmethod
    def of(cls, number: int, file: BinaryIO, part: Part) -> "Source":
        """That part of that file."""
        with _opened(number, file) as footage:
            return cls(number, file, part, _survey(footage))

    def open(self) -> AbstractContextManager[Footage]:
        """The file from its beginning."""
        return _opened(self.number, self.file)

    @cached_property
    def first(self) -> av.VideoFrame:
        """Its first picture."""
        with self.open() as footage:
            return next(self.pictures(footage)).frame

    def pictures(self, footage: Footage) -> Iterator[Picture]:
        """Its pictures in the opened file, in order; their seconds count from the first in the file."""
        is_empty = True
        for picture in footage.pictures():
            if picture.seconds >= self._ends:
                break
            if self.holds(picture.seconds):
                is_empty = False
                yield picture
        if is_empty:
            raise NotAVideo("It holds no picture between its in and its out.")

    def holds(self, seconds: float) -> bool:
        """Whether a picture at that moment is in this part."""
        return self.part.begins_ms / 1000 - EARLY <= seconds < self._ends

    def tick(self, seconds: float) -> int:
        """The moment of a picture, in ticks from the first in the file."""
        rate = self.survey.rate
        return round(seconds * TICKS) if rate is None else round(round(seconds * rate) * TICKS / rate)

    @property
    def last_ticks(self) -> int:
        """How long its last picture lasts: as each does, or as they do in the mean."""
        return round(TICKS / (self.survey.rate or self.survey.mean_rate))

    @property
    def _ends(self) -> float:
        return self.part.ends_ms / 1000 - EARLY


@contextmanager
def _opened(number: int, file: BinaryIO) -> Iterator[Footage]:
    file.seek(0)
    try:
        with open_footage(file) as footage:
            yield footage
    except NotAVideo as reason:
        raise NotAVideo(of_part(number, str(reason))) from reason


def _survey(footage: Footage) -> Survey:
    packets = [Packet(_seconds(packet), packet.is_keyframe) for packet in footage.packets() if packet.size]
    shown = sorted(packet.seconds for packet in packets if packet.seconds is not None)
    if len(shown) < 2 or shown[0] == shown[-1]:
        raise NotAVideo("There are no moving pictures in this file.")
    moments = [seconds - shown[0] for seconds in shown]
    found = [
        packet._replace(seconds=None if packet.seconds is None else packet.seconds - shown[0]) for packet in packets
    ]
    rate = _exact(footage.exact_rate, *timeline.rate(moments, footage.declared_rate))
    return Survey(found, moments, rate, footage.parameters)


def _seconds(packet: av.Packet) -> float | None:
    return None if packet.pts is None or packet.is_discard else float(packet.pts * packet.time_base)


def _exact(declared: Fraction | None, found: float, is_even: bool) -> Fraction | None:
    if not is_even:
        return None
    return declared if declared and found == float(declared) else Fraction(found).limit_denominator(1001)
