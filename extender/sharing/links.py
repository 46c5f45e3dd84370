"""Links for guests: make one, revoke one, list them. `access.shared_link` opens them."""

from django.conf import settings
from django.db.models.functions import Now
from django.http import HttpRequest

from extender.sharing.models import Share
from extender.tasks.models import Task


def share(task: Task, show_prompt: bool) -> Share:
    """Makes a new link to `task`. Whoever holds it sees the clips, and the prompt if `show_prompt`."""
    return Share.objects.create(task=task, show_prompt=show_prompt)


def revoke(task: Task, pk: int) -> bool:
    """Closes link `pk` of `task`, at once and for good. Returns whether it was open."""
    return bool(task.shares.live().filter(pk=pk).update(revoked_at=Now()))


def address(share: Share, request: HttpRequest) -> str:
    """The whole address of a link, as guests reach it."""
    path = share.get_absolute_url()
    return settings.PUBLIC_URL + path if settings.PUBLIC_URL else request.build_absolute_uri(path)


def listed(task: Task, request: HttpRequest) -> list[tuple[Share, str]]:
    """The open links to `task`, newest first, each with its whole address."""
    return [(link, address(link, request)) for link in task.shares.live()]
