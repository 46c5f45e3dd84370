"""How clips continue one another: the branch that leads to a task, and the tree that grows from an original."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from django.db.models import prefetch_related_objects

from extender.tasks.models import Clip, Task

# What Midjourney is known for: a start of about 5 s, and about 4 s more with each extension, four times at most.
START_SECONDS = 5.0
STEP_SECONDS = 4.0
MOST_STEPS = 4
MOST_SECONDS = START_SECONDS + MOST_STEPS * STEP_SECONDS


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
        """What people call it: "original", "step 2", "shot 2", "shot 2, step 1"."""
        if self.shot == 1:
            return f"step {self.number}" if self.number else "original"
        return f"shot {self.shot}, step {self.number}" if self.number else f"shot {self.shot}"

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


@dataclass(frozen=True)
class Branch:
    """The way from an original to a task, with the clip that was chosen at each step; never empty."""

    most_steps: ClassVar[int] = MOST_STEPS
    most_seconds: ClassVar[float] = MOST_SECONDS

    steps: list[Step]

    @property
    def here(self) -> Step:
        """The task that it leads to."""
        return self.steps[-1]

    @property
    def earlier(self) -> list[Step]:
        """The steps before the last."""
        return self.steps[:-1]

    @property
    def starts_elsewhere(self) -> bool:
        """Whether the original, or more, is not known here: the first task continues a video made elsewhere."""
        return self.steps[0].task.kind == Task.Kind.EXTENSION

    @property
    def clips(self) -> list[Clip]:
        """The clips that were chosen, in their order."""
        return [step.clip for step in self.steps if step.clip]

    @cached_property
    def seconds(self) -> float:
        """How long the film is with this task's clip (the longest of them where none is chosen); in part a guess."""
        return self._seconds_from(1)

    @property
    def shot_seconds(self) -> float:
        """The same of its last shot alone, to which Midjourney's end applies."""
        return self._seconds_from(self.here.shot)

    def _seconds_from(self, shot: int) -> float:
        here = self.here.task
        before = START_SECONDS if self.starts_elsewhere and shot == 1 else 0.0
        before += sum(seconds_of(step, step.clip) for step in self.earlier if step.shot >= shot)
        ends = [self.here.clip] if self.here.clip else here.available_clips
        return before + max((seconds_of(self.here, clip) for clip in ends), default=seconds_of(self.here, None))

    @property
    def has_shots(self) -> bool:
        """Whether it has more than one shot."""
        return self.here.shot > 1

    @property
    def next_shot(self) -> int:
        """The shot that a new one would be."""
        return self.here.shot + 1

    @property
    def played(self) -> list[Step]:
        """The steps that its film plays: those whose clip is known here, and not lost."""
        return [step for step in self.steps if step.clip and not step.clip.is_lost]

    @property
    def playing_seconds(self) -> float:
        """How long its film plays."""
        return sum(seconds_of(step, step.clip) for step in self.played)

    @property
    def has_files(self) -> bool:
        """Whether a file is here of any clip that came on it."""
        return any(clip.is_stored for step in self.steps for clip in step.task.clips)

    @property
    def is_near_end(self) -> bool:
        """Whether one more extension would be more than Midjourney is known to make."""
        return self.here.number >= MOST_STEPS

    @property
    def next_name(self) -> str:
        """What one more extension would be called."""
        return replace(self.here, number=self.here.number + 1).name

    @property
    def next_seconds(self) -> float:
        """How long its shot would be with one more extension."""
        return self.shot_seconds + STEP_SECONDS

    @property
    def playable(self) -> Clip | None:
        """The clip up to which it can be played as a film: of the task itself, else the one that it continues."""
        ends = (self.here.clip, self.here.task.first_choice, self.here.task.source)
        return next((clip for clip in ends if clip and not clip.is_lost), None)


@dataclass(frozen=True)
class Node:
    """A task in a tree, and what continues it."""

    task: Task
    extensions: list["Node"]  # by the clip that they continue, the oldest first

    @property
    def nodes(self) -> Iterator["Node"]:
        """This node and all that grow from it, each after the one that it continues."""
        # By a list, not by recursion: nothing bounds how long a branch becomes, and Python's stack is short.
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.extensions)


def seconds_of(step: Step, clip: Clip | None) -> float:
    """How much `clip` of `step` adds to a film, in seconds; a guess where nobody has measured it."""
    segment = step.segment_of(clip) if clip else None
    if segment and segment.ends is not None:
        return max(0.0, segment.ends - segment.begins)
    return STEP_SECONDS if step.task.kind == Task.Kind.EXTENSION else START_SECONDS


def branch_to(task: Task, index: int | None = None) -> Branch:
    """The branch that leads to `task`, and to its clip `index` where one is named. Two queries, however long it is.

    `task` is part of it as it is; it and the others have their clips at hand.
    """
    found = Task.objects.visible_to(task.owner_id).select_related("start_clip__task").branch_to(task.pk)
    known = {task.pk: task for task in found}
    task.start_clip = known[task.pk].start_clip
    known[task.pk] = task
    prefetch_related_objects(list(known.values()), "clip_set")
    path = [task]
    while path[-1].parent_id and (parent := known.get(path[-1].parent_id)):
        # Who asks for a task's source later, as pages do, finds it here and not by another query.
        path[-1].parent = parent
        path.append(parent)
    path.reverse()
    return Branch(list(_steps(path, task.clip(index) if index else None)))


def _steps(path: list[Task], end: Clip | None) -> Iterator[Step]:
    """The steps of `path`, the last of which is to be clip `end`."""
    shot, first = 1, int(path[0].kind == Task.Kind.EXTENSION)
    number = first
    for place, (task, following) in enumerate(zip(path, [*path[1:], None], strict=True), first):
        if task.is_new_shot:
            shot, number = shot + 1, 0
        clip, out_ms = (following.source, following.out_ms) if following else (end, None)
        yield Step(place, shot, number, task, clip, out_ms)
        number += 1


def tree_of(task: Task) -> Node:
    """The tree in which `task` grows, from its original on. Three queries, however large it is."""
    parents = dict(Task.objects.visible_to(task.owner_id).branch_to(task.pk).values_list("pk", "parent_id"))
    root = task.pk
    while parents.get(root) in parents:
        root = parents[root]
    found = Task.objects.visible_to(task.owner_id).timed().select_related("start_clip__task").tree_under(root)
    return grow(root, found.prefetch_related("clip_set"))


def grow(root: uuid.UUID, tasks: Iterable[Task]) -> Node:
    """The tree that `tasks`, in any order, make from the one with the id `root` on. KeyError where it is missing."""
    nodes = {task.pk: Node(task, []) for task in tasks}
    for node in sorted(nodes.values(), key=lambda node: (node.task.index or 0, node.task.created_at)):
        if node.task.parent_id and (parent := nodes.get(node.task.parent_id)):
            node.task.parent = parent.task
            parent.extensions.append(node)
    return nodes[root]
