"""The doorkeeper. What is not yours looks exactly like what is not there."""

import uuid
from collections.abc import Collection

from django.http import Http404
from django.shortcuts import get_object_or_404

from extender.states import RUNNING
from extender.tasks.models import Clip, Task
from extender.team.models import Member


def own_task(member: Member, pk: uuid.UUID) -> Task:
    """The member's task `pk`, or 404."""
    return get_object_or_404(Task.objects.visible_to(member).select_related("parent"), pk=pk)


def own_clip(member: Member, pk: uuid.UUID, index: int) -> Clip:
    """Clip `index` of the member's task `pk`, or 404."""
    clips = Clip.objects.filter(task__in=Task.objects.visible_to(member)).select_related("task")
    return get_object_or_404(clips, task=pk, index=index)


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
