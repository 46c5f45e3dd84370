"""The doorkeeper. What is not yours looks exactly like what is not there."""

import uuid
from collections.abc import Collection

from django.http import Http404
from django.shortcuts import get_object_or_404

from extender.models import Copy, Member, Share, Task
from extender.models.shares import ShareQuerySet
from extender.states import RUNNING


def own_task(member: Member, pk: uuid.UUID) -> Task:
    """The member's task `pk`, or 404."""
    return get_object_or_404(Task.objects.visible_to(member).select_related("parent"), pk=pk)


def seen_copy(pk: uuid.UUID, member: Member | None = None, token: str = "") -> Copy:
    """The copy `pk`, whole and verified, for who may see its task: `member`, or the guest with `token`; else 404.

    Each byte of a clip, and of the pictures made from it, passes here.
    """
    tasks = Task.objects.visible_to(member) if member else Task.objects.shown_by(_link(token))
    return get_object_or_404(Copy.objects.safe().filter(task__in=tasks).select_related("task"), pk=pk)


def own_tasks_and_running(member: Member, pks: Collection[uuid.UUID]) -> tuple[list[Task], list[Task]]:
    """The member's tasks among `pks`, and all of theirs that are running, in one query: a poll asks for both."""
    own = Task.objects.visible_to(member).select_related("parent")
    # A union, each half by its own index: with OR, SQLite reads the member's whole history.
    found = {task.pk: task for task in own.filter(pk__in=pks).union(own.running(), all=True)}.values()
    return [task for task in found if task.pk in pks], [task for task in found if task.state in RUNNING]


def own_task_and_running(member: Member, pk: uuid.UUID) -> tuple[Task, list[Task]]:
    """The member's task `pk`, or 404, and all of theirs that are running, in one query."""
    tasks, running = own_tasks_and_running(member, {pk})
    if not tasks:
        raise Http404
    return tasks[0], running


def shared_link(token: str) -> Share:
    """The link that a guest holds, or 404: the same for a revoked one as for one that never was."""
    return get_object_or_404(_link(token).select_related("task__parent"))


def _link(token: str) -> ShareQuerySet:
    """The live link with this token, or none."""
    if "\0" in token:
        # PostgreSQL refuses to be asked for it.
        return Share.objects.none()
    return Share.objects.live().filter(token=token)
