"""Who holds a link. One that is revoked, or of who left, looks exactly like one that never was."""

from django.db.models.functions import Now
from django.shortcuts import get_object_or_404

from extender.sharing.models import Share, ShareQuerySet, digest_of


def shared_link(token: str) -> Share:
    """The link that a guest holds, or 404: the same for a revoked one as for one that never was."""
    link = get_object_or_404(open_link(token).select_related("task__parent", "task__owner").annotate(read_at=Now()))
    link.token = token
    link.task.read_at = link.read_at  # type: ignore[attr-defined]  # known to the query alone
    return link


def open_link(token: str) -> ShareQuerySet:
    """The link with this token, if it opens."""
    return Share.objects.opening().filter(digest=digest_of(token))
