"""The steps of a branch, and what their clips are in its film."""

from dataclasses import dataclass

from extender.tasks.models import Clip, Task

# What Midjourney is known for: a start of about 5 s, and about 4 s more with each extension.
START_SECONDS = 5.0
STEP_SECONDS = 4.0


@dataclass(frozen=True)
class Step:
    """A task on a branch, and its clip that the next one continues."""

    place: int  # in the film, counted on over all its shots; 0: an original
    shot: int  # from 1
    number: int  # how many extensions have led here in its shot; 0: what begins it
    task: Task
    clip: Clip | None  # None where it is not known, as at the end, or did not come
    out_ms: int | None = None  # where the film leaves the clip, from its first picture on; None: at its end

    @property
    def name(self) -> str:
        """What people call it: "original", "extension 2", "shot 2", "shot 2, extension 1"."""
        if self.shot == 1:
            return f"extension {self.number}" if self.number else "original"
        return f"shot {self.shot}, extension {self.number}" if self.number else f"shot {self.shot}"

    @property
    def takes(self) -> list["Segment"]:
        """What each clip that came here would be in the film, by index."""
        return [self.segment_of(clip) for clip in self.task.clips]

    @property
    def segment(self) -> "Segment | None":
        """What the clip that was chosen here is in the film."""
        return self.segment_of(self.clip) if self.clip else None

    def segment_of(self, clip: Clip) -> "Segment":
        """What `clip` would be in the film: where it leaves the chosen one is not where it would leave another."""
        return Segment(clip, self.out_ms if clip == self.clip else None)


@dataclass(frozen=True)
class Segment:
    """A clip as a part of the film: the footage in it that the clips before it do not show already."""

    clip: Clip
    out_ms: int | None = None  # as of a step

    @property
    def repeated_ms(self) -> int:
        """For how long the file shows its parent's footage again, from its first picture on."""
        return (self.clip.cut_ms or 0) if self.clip.repeats_parent else 0

    @property
    def begins(self) -> float:
        """Where in the file, in seconds: its first picture, or where it leaves the footage of its parent."""
        return (self.clip.starts_ms + self.repeated_ms) / 1000

    @property
    def ends_ms(self) -> int | None:
        """Where the film leaves it, counted from its first picture; None where nobody has measured it."""
        if not (self.clip.is_stored and self.clip.duration_ms):
            return self.out_ms
        return min(self.clip.duration_ms, self.out_ms or self.clip.duration_ms)

    @property
    def ends(self) -> float | None:
        """The same in the file, in seconds."""
        return None if self.ends_ms is None else (self.clip.starts_ms + self.ends_ms) / 1000

    @property
    def seconds(self) -> float | None:
        """How long after its first picture the film leaves it; None where nobody has measured it."""
        return None if self.ends_ms is None else self.ends_ms / 1000

    @property
    def adds_footage(self) -> bool:
        """Whether it has any picture that the clips before it have not, as far as anybody knows."""
        picture_ms = 1000 / (self.clip.frame_rate or 24)
        return self.ends_ms is None or self.ends_ms - self.repeated_ms > picture_ms / 2

    @property
    def may_repeat(self) -> bool:
        """Whether nobody knows if it shows its parent's footage again: it is then played whole."""
        known = (Clip.Contains.YES, Clip.Contains.NO)
        extends = self.clip.task.parent_id and not self.clip.task.is_new_shot
        return bool(extends) and not (self.clip.is_stored and self.clip.contains_parent in known)


def seconds_of(step: Step, clip: Clip | None) -> float:
    """How much `clip` of `step` adds to a film, in seconds; a guess where nobody has measured it."""
    segment = step.segment_of(clip) if clip else None
    if segment and segment.ends is not None:
        return max(0.0, segment.ends - segment.begins)
    return STEP_SECONDS if step.task.kind == Task.Kind.EXTENSION else START_SECONDS
