"""How clips continue one another: the branch that leads to a task, and the tree that grows from an original."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from django.db import models
from django.db.models import prefetch_related_objects

from extender.compiled import CompiledQuery, Given
from extender.lineage.steps import START_SECONDS, STEP_SECONDS, Step, seconds_of
from extender.tasks.models import Clip, Task
from extender.tasks.models.queries import TaskQuerySet

# What Midjourney is known for.
MOST_STEPS = 4
MOST_SECONDS = START_SECONDS + MOST_STEPS * STEP_SECONDS


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
    def end_warning(self) -> str:
        """What is said before one more extension where it is near the end."""
        most = f"Midjourney extends a video {MOST_STEPS} times at most."
        return f"{most} One more may be refused, and may still be billed."

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


def branch_to(task: Task, index: int | None = None, beside: Sequence[Task] = ()) -> Branch:
    """The branch that leads to `task`, and to its clip `index` where one is named. Two queries, however long it is.

    `task` is part of it as it is; it and the others have their clips at hand, and so have the tasks `beside` it.
    """
    known = {task.pk: task for task in _path.rows(pk=task.pk, owner=task.owner_id)}
    task.start_clip = known[task.pk].start_clip
    known[task.pk] = task
    prefetch_related_objects([*known.values(), *beside], "clip_set")
    path = [task]
    while path[-1].parent_id and (parent := known.get(path[-1].parent_id)):
        # Who asks for a task's source later, as pages do, finds it here and not by another query.
        path[-1].parent = parent
        path.append(parent)
    path.reverse()
    return Branch(list(_steps(path, task.clip(index) if index else None)))


@CompiledQuery
def _path() -> TaskQuerySet:
    found = Task.objects.select_related("start_clip__task").branch_to(Given("pk", models.UUIDField()))
    return found.among(Task.objects.visible_to(Given("owner", models.BigAutoField())))


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
    visible = Task.objects.visible_to(task.owner_id)
    parents = dict(Task.objects.branch_to(task.pk).among(visible).values_list("pk", "parent_id"))
    root = task.pk
    while parents.get(root) in parents:
        root = parents[root]
    found = Task.objects.timed().select_related("start_clip__task").tree_under(root).among(visible)
    return grow(root, found.prefetch_related("clip_set"))


def grow(root: uuid.UUID, tasks: Iterable[Task]) -> Node:
    """The tree that `tasks`, in any order, make from the one with the id `root` on. KeyError where it is missing."""
    nodes = {task.pk: Node(task, []) for task in tasks}
    for node in sorted(nodes.values(), key=lambda node: (node.task.index or 0, node.task.created_at)):
        if node.task.parent_id and (parent := nodes.get(node.task.parent_id)):
            node.task.parent = parent.task
            parent.extensions.append(node)
    return nodes[root]
