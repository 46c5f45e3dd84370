"""Who may read a task, and who may change one. What is not for a member looks exactly like what is not there."""

import uuid
from collections.abc import Collection

from django.http import Http404
from django.shortcuts import get_object_or_404

from extender.states import RUNNING
from extender.tasks.models import Clip, Task
from extender.team.models import Member


def read_task(member: Member, pk: uuid.UUID) -> Task:
    """Task `pk` for reading, or 404."""
    return get_object_or_404(Task.objects.visible_to(member).timed().select_related("parent"), pk=pk)


def own_task(member: Member, pk: uuid.UUID) -> Task:
    """The member's own task `pk`, to be changed, or 404."""
    return get_object_or_404(Task.objects.owned_by(member).timed().select_related("parent"), pk=pk)


def own_clip(member: Member, pk: uuid.UUID, index: int) -> Clip:
    """Clip `index` of the member's own task `pk`, to be changed, or 404."""
    clips = Clip.objects.filter(task__in=Task.objects.owned_by(member)).select_related("task")
    return get_object_or_404(clips, task=pk, index=index)


def read_tasks_and_running(member: Member, pks: Collection[uuid.UUID]) -> tuple[list[Task], list[Task]]:
    """The tasks among `pks` that the member may read, and all of their own that run: one query for a poll."""
    named = Task.objects.visible_to(member).timed().with_gate().select_related("parent").filter(pk__in=pks)
    running = Task.objects.owned_by(member).timed().with_gate().select_related("parent").running()
    # A union, each half by its own index: with OR, SQLite reads the member's whole history.
    found = {task.pk: task for task in named.union(running, all=True)}.values()
    own = [task for task in found if task.owner_id == member.pk and task.state in RUNNING]
    return [task for task in found if task.pk in pks], own


def read_task_and_running(member: Member, pk: uuid.UUID) -> tuple[Task, list[Task]]:
    """Task `pk` for reading, or 404, and all tasks of the member that run, in one query."""
    tasks, running = read_tasks_and_running(member, {pk})
    if not tasks:
        raise Http404
    return tasks[0], running
