"""What stands on a task's page."""

import math

from django.http import HttpResponse
from django.shortcuts import render

from extender.lineage import branches
from extender.sharing import links
from extender.tasks.models import Task
from extender.team.sign_in import MemberRequest
from extender.workspace.forms import ComposerForm

# The newest of them; the tree has all.
MOST_CONTINUATIONS = 12
# Longer than usual is half as long again.
LATE = 1.5


def page(request: MemberRequest, task: Task, **more: object) -> HttpResponse:
    """The page of `task`; `more` is what there is to say beside that."""
    newest = continuations_of(task)
    usual_seconds = None if task.is_final else Task.objects.usual_seconds(task.kind)
    late_after = LATE * (usual_seconds or math.inf)
    context = {
        "task": task,
        "branch": branches.branch_to(task, beside=newest),
        "usual_seconds": usual_seconds,
        "late_after": late_after,
        "is_late": task.seconds_taken > late_after,
        "links": links.listed(task, request),
        **beneath(task, newest, request.GET.get("clip")),
        **more,
    }
    return render(request, "workspace/task.html", context)


def continuations_of(task: Task) -> list[Task]:
    """The newest of what continues `task`: nothing before it has clips."""
    if not task.has_clips:
        return []
    newest = Task.objects.visible_to(task.owner_id).timed().filter(parent=task).newest_first()[:MOST_CONTINUATIONS]
    for continuation in newest:
        continuation.parent = task
    return list(newest)


def beneath(task: Task, newest: list[Task], chosen: str | None = None) -> dict[str, object]:
    """What stands beneath the wall: the composer, where clips can be extended or will be, and what continues them.

    `chosen`: the number of the clip that the composer is to mean.
    """
    may_go_on = not task.makes_pictures and (task.available_clips or not task.is_final)
    return {
        "composer": ComposerForm.under(task, chosen) if may_go_on else None,
        "continuations": newest,
        "watching": any(continuation.is_watched for continuation in newest),
    }
