"""What a film is made of, and how it is to look: plain values that pass from process to process."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Part:
    """A stretch of one file: its pictures from `begins_ms` on and before `ends_ms`, counted from its first picture.

    A picture that is up to 1 ms early counts for one at the moment: moments are rounded.
    """

    begins_ms: int
    ends_ms: int


def of_part(number: int, reason: str) -> str:
    """The `reason` why a film cannot be made, where it lies in its part `number`, from 1."""
    return f"Part {number}: {reason}"


def part_of(text: str) -> tuple[int | None, str]:
    """The same two, back from that text; no part where it names none."""
    named = re.fullmatch(r"Part (\d+): (.*)", text)
    return (int(named[1]), named[2]) if named else (None, text)


@dataclass(frozen=True)
class CutList:
    """A film: its parts in order. The same list of the same files is the same film."""

    parts: tuple[Part, ...]
    shape: Literal["as it is", "16:9", "9:16", "1:1"] = "as it is"  # as it is: that of the first part
    fit: Literal["bars", "crop"] = "bars"  # what becomes of pictures in another shape
    even_colours: bool = False  # each part's are led back to where the first part ends
    format: Literal["mp4", "gif", "webp"] = "mp4"  # the others are moving pictures for chats, of at most 8 MB

    @property
    def seconds(self) -> float:
        """How long the film is, to a picture a part."""
        return sum(part.ends_ms - part.begins_ms for part in self.parts) / 1000

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "CutList":
        """The same list, back from `as_json()`."""
        values = json.loads(text)
        return cls(**{**values, "parts": tuple(Part(**part) for part in values["parts"])})


@dataclass(frozen=True)
class Film:
    """What was written."""

    frames: int
    duration_ms: int
    width: int
    height: int
    is_copied: bool  # nothing was encoded anew
