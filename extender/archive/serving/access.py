"""Who may see the bytes of a clip."""

import uuid

from django.shortcuts import get_object_or_404

from extender.sharing.access import open_link
from extender.tasks.models import Clip, Task
from extender.team.models import Member


def seen_clip(pk: uuid.UUID, member: Member | None = None, token: str = "") -> Clip:
    """The clip `pk`, whole and verified, for who may see its task: `member`, or the guest with `token`; else 404.

    Each request for bytes of a clip, or of the pictures made from it, passes here; an answer that has begun goes on.
    """
    tasks = Task.objects.visible_to(member) if member else Task.objects.shown_by(open_link(token))
    return get_object_or_404(Clip.objects.stored().of(tasks).select_related("task"), pk=pk)
