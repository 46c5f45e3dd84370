"""Marks the clips that somebody chose to go on with."""

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from extender.tasks.models import Clip, Task


def pick(clip: Clip, picked: bool) -> None:
    """Marks `clip` as picked, or takes the mark away; said twice, it stays as it is."""
    with transaction.atomic():
        # Who picks among the same four waits for this lock, and then sees what was picked before.
        Task.objects.select_for_update().get(pk=clip.task_id)
        if Clip.objects.filter(pk=clip.pk).exclude(picked=picked).update(picked=picked):
            picks = Clip.objects.filter(task=OuterRef("pk"), picked=True)
            Task.objects.filter(pk=clip.task_id).update(has_picks=Exists(picks), version=F("version") + 1)
    clip.picked = picked
