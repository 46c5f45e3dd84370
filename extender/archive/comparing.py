"""Holds each clip against the clip that it continues, and its end against the end of the film's original."""

import logging
from dataclasses import asdict
from typing import Any

from extender.archive import flipbooks, storage
from extender.lineage.branches import branch_to
from extender.states import UNSETTLED_FILES
from extender.tasks.models import Clip, Task
from extender.video import process as probing

logger = logging.getLogger(__name__)


def compare_next() -> bool:
    """Compares the clip that has waited longest. Returns whether there was one."""
    clip = Clip.objects.to_compare().select_related("task__parent").first()
    if clip is None or not Clip.objects.claim_to_compare(clip.pk):
        return clip is not None
    original = _original(clip.task)
    if original and original.state in UNSETTLED_FILES:
        # It is still coming. The claim lapses, and then the clip is taken up again.
        return True
    try:
        found = {"contains_parent": Clip.Contains.UNKNOWN, **_cut(clip), **_drift(clip, original)}
    except storage.StoreTrouble as error:
        logger.error("%s is compared later: %s", clip, error)
        return True
    Clip.objects.stored().filter(pk=clip.pk, sha256=clip.sha256).update(due_at=None, **found)
    Task.objects.renumber(clip.task_id)
    return True


def _cut(clip: Clip) -> dict[str, Any]:
    """Where `clip` leaves its parent's footage, and how visible the cut is; nothing where that cannot be told."""
    source = clip.task.source
    if not (source and source.is_stored):
        return {}
    task = clip.task
    try:
        with flipbooks.at_hand(source) as before, flipbooks.at_hand(clip) as after:
            return asdict(probing.compare(probing.Parent(before, task.is_new_shot, task.out_ms), after))
    except (FileNotFoundError, probing.NotAVideo, probing.ProbeFailed) as error:
        logger.warning("%s could not be compared: %s", clip, error)
        return {}


def _drift(clip: Clip, original: Clip | None) -> dict[str, Any]:
    """How far the end of `clip` is from its original's; nothing where the original is not here."""
    if not (original and original.is_stored):
        return {}
    drift = probing.drift(probing.Facts.from_json(clip.facts), probing.Facts.from_json(original.facts))
    return {"drift_colour": drift.colour, "drift_sharpness": drift.sharpness}


def _original(task: Task) -> Clip | None:
    """The clip with which the film that leads to `task` begins, over all its shots; None where it is not known."""
    earlier = branch_to(task).earlier
    return earlier[0].clip if earlier else None
