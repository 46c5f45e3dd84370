"""Holds each clip against the clip that it continues, and its end against the end of the film's original."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from extender.archive import flipbooks, storage
from extender.lineage.branches import branch_to
from extender.tasks.models import Clip, Task
from extender.video import process as probing

logger = logging.getLogger(__name__)


def compare_next() -> bool:
    """Compares the clip that has waited longest. Returns whether there was one."""
    clip = Clip.objects.to_compare().select_related("task__parent").first()
    if clip is None or not Clip.objects.claim_to_compare(clip.pk):
        return clip is not None
    earlier = Earlier.of(clip.task)
    if earlier.is_coming:
        # The claim lapses, and then the clip is taken up again.
        return True
    try:
        found = earlier.columns(_cut(clip, earlier), probing.Facts.from_json(clip.facts))
    except storage.StoreTrouble as error:
        logger.error("%s is compared later: %s", clip, error)
        return True
    Clip.objects.stored().filter(pk=clip.pk, sha256=clip.sha256).update(due_at=None, **found)
    Task.objects.renumber(clip.task_id)
    return True


def _cut(clip: Clip, earlier: "Earlier") -> probing.Cut | None:
    """Where `clip` leaves its parent's footage, and how visible the cut is; None where that cannot be told."""
    with ExitStack() as stack:
        parent = stack.enter_context(earlier.parent())
        book = _flipbook(stack, clip) if parent else None
        try:
            return probing.compare(parent, book) if parent and book else None
        except (FileNotFoundError, probing.NotAVideo, probing.ProbeFailed) as error:
            logger.warning("%s could not be compared: %s", clip, error)
            return None


@dataclass(frozen=True)
class Earlier:
    """What the clips of a task are compared with: the one that it continues, and that with which its film begins."""

    task: Task
    source: Clip | None
    original: Clip | None  # over all shots; None where it is not known

    @classmethod
    def of(cls, task: Task) -> "Earlier":
        earlier = branch_to(task).earlier
        return cls(task, task.source, earlier[0].clip if earlier else None)

    @property
    def is_coming(self) -> bool:
        """Whether one of them is still to be copied, or to be heard of."""
        is_unheard = self.source is None and self.task.parent_id is not None
        return is_unheard or any(clip.is_on_its_way for clip in (self.source, self.original) if clip)

    @contextmanager
    def parent(self) -> Iterator[probing.Parent | None]:
        """The parent as it is compared with, as long as the `with` lasts; None where it is not here."""
        with ExitStack() as stack:
            book = _flipbook(stack, self.source) if self.source and self.source.is_stored else None
            yield probing.Parent(book, self.task.is_new_shot, self.task.out_ms) if book else None

    def columns(self, cut: probing.Cut | None, facts: probing.Facts) -> dict[str, Any]:
        """What is known by it of a clip: `cut` is how it goes on from its parent, where that can be told."""
        return {"contains_parent": Clip.Contains.UNKNOWN, **(asdict(cut) if cut else {}), **self._drift(facts)}

    def _drift(self, facts: probing.Facts) -> dict[str, Any]:
        """How far the end of a clip is from its original's; nothing where the original is not here."""
        if not (self.original and self.original.is_stored):
            return {}
        drift = probing.drift(facts, probing.Facts.from_json(self.original.facts))
        return {"drift_colour": drift.colour, "drift_sharpness": drift.sharpness}


def _flipbook(stack: ExitStack, clip: Clip) -> Path | None:
    """The flipbook of a stored clip until the `stack` is left; None where there is none. Raises `StoreTrouble`."""
    try:
        return stack.enter_context(flipbooks.at_hand(clip))
    except (FileNotFoundError, probing.NotAVideo, probing.ProbeFailed) as error:
        logger.warning("%s has no flipbook: %s", clip, error)
        return None
