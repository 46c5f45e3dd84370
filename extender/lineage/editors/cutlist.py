"""The film of a branch as editors count it: in frames of its files, with every take beside the chosen one."""

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from django.utils.text import slugify
from opentimelineio.opentime import RationalTime

from extender.lineage.branches import Branch
from extender.lineage.steps import Step, seconds_of
from extender.tasks.models import Clip, Task

FOLDER = "clips/"  # where the files are, beside the cut list
USUAL_RATE = 24.0  # frames per second, where nobody has measured any
ROUNDED = 0.01  # frames per second: rates are measured this well
MAX_WORDS = 40  # characters


def exact_rate(measured: float) -> float:
    """A measured rate without its rounding, where it is one that editors know: 23.976 -> 24000/1001."""
    known = RationalTime.nearest_valid_timecode_rate(measured)
    return known if abs(known - measured) < ROUNDED else measured


def plain_words(task: Task) -> str:
    """The title as every program takes it, in ASCII: "A café, dancing!" -> "a-cafe-dancing"."""
    return slugify(task.title)[:MAX_WORDS].strip("-_") or "clip"


class Frames(NamedTuple):
    """A part of a file in its own frames, counted from 0: `first` until before `end`."""

    first: int
    end: int
    rate: float  # frames per second

    @property
    def seconds(self) -> float:
        """How long they play."""
        return (self.end - self.first) / self.rate


@dataclass(frozen=True)
class Take:
    """A clip that came at a step of the film."""

    step: Step
    clip: Clip

    @property
    def name(self) -> str:
        """The name of its file, for any system and any program: `01-and-then-it-snows-2.mp4`."""
        return f"{self.step.place:02}-{plain_words(self.step.task)}-{self.clip.index}.mp4"

    @property
    def frames(self) -> Frames | None:
        """What of its file the film plays, or would play; None where nobody has measured it."""
        segment = self.step.segment_of(self.clip)
        return self._frames(segment.repeated_ms, segment.ends_ms)

    @property
    def whole(self) -> Frames | None:
        """All of its file; None where nobody has measured it."""
        return self._frames(0, self.clip.duration_ms)

    def _frames(self, begins_ms: int, ends_ms: int | None) -> Frames | None:
        if not (self.clip.is_stored and self.clip.frame_rate and ends_ms):
            return None
        rate = exact_rate(self.clip.frame_rate)
        first, end = (round(ms * rate / 1000) for ms in (begins_ms, ends_ms))
        return Frames(min(first, end), end, rate)

    @property
    def seconds(self) -> float:
        """How long it plays in the film: a guess where nobody has measured it."""
        return self.frames.seconds if self.frames else seconds_of(self.step, self.clip)

    @property
    def is_played(self) -> bool:
        """Whether the film plays it."""
        return self.clip == self.step.clip and not self.clip.is_lost and self.seconds > 0


@dataclass(frozen=True)
class Shot:
    """A take that the film plays, and where."""

    take: Take
    begins: float  # in seconds of the film
    others: list[Take]  # that came beside it

    @property
    def ends(self) -> float:
        """Where the next shot begins."""
        return self.begins + self.take.seconds


@dataclass(frozen=True)
class CutList:
    """The film of a branch: its shots, and the takes of every step."""

    branch: Branch

    @cached_property
    def takes(self) -> list[Take]:
        """Every clip that came, by step and index."""
        return [Take(step, clip) for step in self.branch.steps for clip in step.task.clips]

    @cached_property
    def shots(self) -> list[Shot]:
        """What the film plays, in its order."""
        shots: list[Shot] = []
        for _, of_step in groupby(self.takes, lambda take: take.step.place):
            takes = list(of_step)
            for played in filter(lambda take: take.is_played, takes):
                others = [take for take in takes if take is not played]
                shots.append(Shot(played, shots[-1].ends if shots else 0.0, others))
        return shots

    @property
    def rate(self) -> float:
        """Frames per second of the film: those of its first shot that is measured."""
        return next((shot.take.frames.rate for shot in self.shots if shot.take.frames), USUAL_RATE)
