"""What is found in a video file: plain values that pass from process to process, and into rows."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal


class Unfit(Exception):
    """The file cannot be taken, today or later; the text says why, to a member."""

    key: ClassVar[str]
    """Its name in the line of JSON between the processes."""


class NotAVideo(Unfit):
    """It cannot be kept as a clip."""

    key = "not_a_video"


class NotAPicture(Unfit):
    """It cannot be taken as a picture."""

    key = "not_a_picture"


@dataclass(frozen=True)
class Tone:
    """The colours of one picture, in CIELAB (D65): the mean of each axis, and how they spread."""

    lightness: float  # L*, 0 black to 100 white
    a: float  # green to red
    b: float  # blue to yellow
    contrast: float  # standard deviation of L*
    chroma: float  # mean distance from grey


@dataclass(frozen=True)
class Facts:
    """What one file holds. Width and height are as it is shown: turned upright, with square pixels."""

    duration_ms: int  # from its first picture until after its last, whatever the file claims
    width: int
    height: int
    frame_rate: float  # pictures per second
    frames: int
    # By the file's own clock, as players have it. The moments are those of each picture; None where they come evenly.
    starts_ms: float
    moments_ms: list[float] | None
    codec: str  # "h264", "hevc", "vp9", ...
    bits: int  # of each channel of a picture; not every browser plays more than 8
    end_tone: Tone
    end_sharpness: float  # log2 of the share that fine detail has in the last picture's contrast

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Facts":
        """The same facts, back from `as_json()`."""
        return cls(**{**values, "end_tone": Tone(**values["end_tone"])})


@dataclass(frozen=True)
class Cut:
    """How a clip goes on from its parent."""

    contains_parent: Literal["yes", "no", "unknown"]
    cut_ms: int | None  # where in the clip the new footage begins; None when that is unknown
    # How visible the cut is: mean difference (delta E 1976, CIELAB) between the last old and the first new
    # picture, blurred, less what neighbours differ by anyway. 0: none; about 2 is just seen. None when unknown.
    cut_delta_e: float | None


@dataclass(frozen=True)
class Seen:
    """What a look at a clip finds: its facts, and the cut from its parent; None where nobody asked, or can tell."""

    facts: Facts
    cut: Cut | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Seen":
        """The same, back from `as_json()`."""
        cut = values["cut"]
        return cls(Facts.from_json(values["facts"]), cut and Cut(**cut))


@dataclass(frozen=True)
class Drift:
    """How far a clip's last picture is from its original's last."""

    colour: float  # distance of the tones, in delta E; 0: the same
    sharpness: float  # log2; 0: as sharp, -1: half the fine detail, above 0: harsher


@dataclass(frozen=True)
class FrameFacts:
    """One picture of a clip, and while it stands on the screen: from its beginning until before its end."""

    begins_ms: float  # counted from the first picture
    ends_ms: float | None  # None: it is the last one
    width: int
    height: int


@dataclass(frozen=True)
class PictureFacts:
    """What one still picture holds. Width and height are as it is shown."""

    width: int
    height: int
    codec: Literal["jpeg", "png", "webp"]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Prepared:
    """A picture as it goes to APIFRAME: a JPEG of pixels alone, upright, in sRGB."""

    width: int
    height: int
    sha256: str  # of its bytes, in hex
