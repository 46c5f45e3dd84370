"""Links for guests: make one, revoke one, have it back, list them. `access.shared_link` opens them."""

import logging

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest

from extender.compiled import CompiledQuery, Given
from extender.sharing.models import Share, ShareQuerySet
from extender.tasks.models import Task
from extender.tasks.public import public_address
from extender.team.models import Member

logger = logging.getLogger(__name__)

# To one task, with those that were revoked: these are kept too.
MOST_LINKS = 100


class TooMany(Exception):
    """A task has as many links as it may. `str()` is a sentence for its owner."""


def share(task: Task, title: str, show_prompt: bool) -> Share:
    """Makes a new link to `task`. Whoever holds it sees the clips under `title`, and the prompt if `show_prompt`.

    Raises `TooMany`.
    """
    if task.shares.count() >= MOST_LINKS:
        raise TooMany(f"{MOST_LINKS} links were made here, and no more can be.")
    return Share.objects.create(task=task, title=title, show_prompt=show_prompt)


def revoke(task: Task, pk: int) -> bool:
    """Closes link `pk` of `task`, at once. Returns whether it was open."""
    return bool(task.shares.live().filter(pk=pk).update(revoked_at=Now()))


def close(pk: int, by: Member) -> None:
    """Closes link `pk`, whosever it is, at once and for good; who did so stands in the log."""
    still_theirs = Share.objects.filter(pk=pk, closed_by_staff=False)
    if still_theirs.update(closed_by_staff=True, revoked_at=Coalesce("revoked_at", Now())):
        logger.warning("link %s was closed by member %s", pk, by.pk)


def restore(task: Task, pk: int) -> bool:
    """Opens link `pk` of `task` again, if it was revoked a moment ago. Returns whether it did."""
    return bool(task.shares.just_revoked().filter(pk=pk).update(revoked_at=None))


def address(share: Share, request: HttpRequest) -> str:
    """The whole address of a link, as guests reach it; "" where nobody can say it any more."""
    if not share.token:
        return ""
    path = share.get_absolute_url()
    return public_address(path) if settings.PUBLIC_URL else request.build_absolute_uri(path)


def listed(task: Task, request: HttpRequest) -> list[tuple[Share, str]]:
    """The links to `task`, newest first, that open or were revoked a moment ago, each with its whole address."""
    links = _listed.rows(task=task.pk)
    for link in links:
        link.task = task
    return [(link, address(link, request)) for link in links]


@CompiledQuery
def _listed() -> ShareQuerySet:
    return Share.objects.listed().filter(task=Given("task", models.UUIDField()))
