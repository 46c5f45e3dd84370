"""Who holds a link. A revoked one looks exactly like one that never was."""

from django.shortcuts import get_object_or_404

from extender.sharing.models import Share, ShareQuerySet


def shared_link(token: str) -> Share:
    """The link that a guest holds, or 404: the same for a revoked one as for one that never was."""
    return get_object_or_404(live_link(token).select_related("task__parent"))


def live_link(token: str) -> ShareQuerySet:
    """The live link with this token, or none."""
    if "\0" in token:
        # PostgreSQL refuses to be asked for it.
        return Share.objects.none()
    return Share.objects.live().filter(token=token)
