"""Who holds a link. A revoked one looks exactly like one that never was."""

from django.db.models.functions import Now
from django.shortcuts import get_object_or_404

from extender.sharing.models import Share, ShareQuerySet


def shared_link(token: str) -> Share:
    """The link that a guest holds, or 404: the same for a revoked one as for one that never was."""
    link = get_object_or_404(live_link(token).select_related("task__parent", "task__owner").annotate(read_at=Now()))
    link.task.read_at = link.read_at  # type: ignore[attr-defined]  # known to the query alone
    return link


def live_link(token: str) -> ShareQuerySet:
    """The live link with this token, or none."""
    if "\0" in token:
        # PostgreSQL refuses to be asked for it.
        return Share.objects.none()
    return Share.objects.live().filter(token=token)
