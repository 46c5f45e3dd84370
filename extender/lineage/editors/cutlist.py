"""The film of a branch as editors get it: with every take beside the chosen one."""

from dataclasses import dataclass
from functools import cached_property

from django.utils.text import slugify

from extender.lineage.branches import Branch, Step
from extender.tasks.models import Clip, Task

FOLDER = "clips/"  # where the files are, beside the cut list
MAX_WORDS = 40  # characters


def plain_words(task: Task) -> str:
    """The title as every program takes it, in ASCII: "A café, dancing!" -> "a-cafe-dancing"."""
    return slugify(task.title)[:MAX_WORDS].strip("-_") or "clip"


@dataclass(frozen=True)
class Take:
    """A clip that came at a step of the film."""

    step: Step
    clip: Clip

    @property
    def name(self) -> str:
        """The name of its file, for any system and any program: `01-and-then-it-snows-2.mp4`."""
        return f"{self.step.number:02}-{plain_words(self.step.task)}-{self.clip.index}.mp4"

    @property
    def is_played(self) -> bool:
        """Whether the film plays it."""
        return self.clip == self.step.clip and not self.clip.is_lost


@dataclass(frozen=True)
class CutList:
    """The film of a branch: the takes of every step."""

    branch: Branch

    @cached_property
    def takes(self) -> list[Take]:
        """Every clip that came, by step and index."""
        return [Take(step, clip) for step in self.branch.steps for clip in step.task.clips]
