"""Holds each copy against the clip that it continues, and its end against the end of the branch's original."""

import logging
from typing import Any

from extender.archive import storage
from extender.tasks.models import Clip, Copy, Task
from extender.tasks.models.copies import MISSING
from extender.video import process as probing

logger = logging.getLogger(__name__)

# Deeper than Midjourney lets a branch grow; what goes round in circles ends here.
DEEPEST = 50


def compare_next() -> bool:
    """Compares the copy that has waited longest. Returns whether there was one."""
    copy = Copy.objects.to_compare().select_related("task__parent").first()
    if copy is None or not Copy.objects.claim_to_compare(copy.pk):
        return copy is not None
    original = _original(copy.task)
    if original and original.copy and original.copy.state in MISSING:
        # It is still coming. The claim lapses, and then the copy is taken up again.
        return True
    try:
        found = {"contains_parent": Copy.Contains.UNKNOWN, **_join(copy), **_drift(copy, original)}
    except storage.StoreTrouble as error:
        logger.error("%s is compared later: %s", copy, error)
        return True
    Copy.objects.safe().filter(pk=copy.pk, sha256=copy.sha256).update(next_try_at=None, **found)
    Task.objects.renumber(copy.task_id)
    return True


def _join(copy: Copy) -> dict[str, Any]:
    """Where `copy` leaves the footage of its parent, and how large the jump is; nothing where that cannot be told."""
    source = copy.task.source
    if not (source and source.copy and source.copy.is_safe):
        return {}
    keeper = storage.current_store()
    try:
        with keeper.local(_file(source.copy)) as before, keeper.local(_file(copy)) as after:
            join = probing.compare(before, after)
    except (FileNotFoundError, probing.NotAVideo, probing.ProbeFailed) as error:
        logger.warning("%s could not be compared: %s", copy, error)
        return {}
    return {"contains_parent": join.contains_parent, "join_ms": join.join_ms, "seam": join.seam}


def _drift(copy: Copy, original: Clip | None) -> dict[str, Any]:
    """How far the end of `copy` is from its original's; nothing where the original is not here."""
    if not (original and original.copy and original.copy.is_safe):
        return {}
    drift = probing.drift(probing.Facts.from_json(copy.facts), probing.Facts.from_json(original.copy.facts))
    return {"drift_colour": drift.colour, "drift_sharpness": drift.sharpness}


def _original(task: Task) -> Clip | None:
    """The clip at the root of the branch of `task`, as far as it is known here."""
    source = task.source
    for _ in range(DEEPEST):
        if source is None or source.task.source is None:
            break
        source = source.task.source
    return source


def _file(copy: Copy) -> str:
    return storage.name(copy.sha256, "clip")
