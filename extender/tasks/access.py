"""Who may read a task, and who may change one. What is not for a member looks exactly like what is not there."""

import uuid
from collections.abc import Collection

from django.db import models
from django.http import Http404
from django.shortcuts import get_object_or_404

from extender.compiled import CompiledQuery, Given
from extender.tasks.models import Clip, Task
from extender.tasks.models.queries import TaskQuerySet
from extender.tasks.running import Running
from extender.team.models import Member


def read_task(member: Member, pk: uuid.UUID) -> Task:
    """Task `pk` for reading, or 404."""
    return get_object_or_404(Task.objects.visible_to(member).timed().select_related("parent"), pk=pk)


def own_task(member: Member, pk: uuid.UUID) -> Task:
    """The member's own task `pk`, to be changed, or 404."""
    return get_object_or_404(Task.objects.owned_by(member).timed().select_related("parent"), pk=pk)


def own_clip(member: Member, pk: uuid.UUID, index: int) -> Clip:
    """Clip `index` of the member's own task `pk`, to be changed, or 404."""
    clips = Clip.objects.of(Task.objects.owned_by(member)).select_related("task")
    return get_object_or_404(clips, task=pk, index=index)


def read_tasks_and_running(member: Member, pks: Collection[uuid.UUID]) -> tuple[list[Task], list[Task]]:
    """The tasks among `pks` that the member may read, and all of their own that run."""
    running = _running.rows(member=member.pk)
    # Most of what pages ask about runs: the rest has just ended, and is named by its key.
    ended = set(pks) - {task.pk for task in running}
    others = Task.objects.visible_to(member).with_keys(ended).timed().with_gate().select_related("parent")
    return [task for task in [*running, *others] if task.pk in pks], running


@CompiledQuery
def _running() -> TaskQuerySet:
    member = Given("member", models.BigAutoField())
    return Task.objects.owned_by(member).timed().with_gate().select_related("parent").running()


def read_task_and_running(member: Member, pk: uuid.UUID) -> tuple[Task, Running]:
    """Task `pk` for reading, or 404, and what of the member's runs, in one query."""
    task = _task_and_running.first(member=member.pk, pk=pk)
    if not task:
        raise Http404
    return task, Running.annotated(task)


@CompiledQuery
def _task_and_running() -> TaskQuerySet:
    member = Given("member", models.BigAutoField())
    read = Task.objects.visible_to(member).timed().with_gate().with_running_of(member)
    return read.select_related("parent").filter(pk=Given("pk", models.UUIDField()))
