"""How clips continue one another: the tree of an original, and a branch as one film."""

import uuid

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import pluralize
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from extender.lineage import branches
from extender.lineage.access import read_film
from extender.states import RUNNING, State
from extender.tasks.access import read_task
from extender.tasks.background import run_due
from extender.tasks.models import Task
from extender.tasks.running import Running, digest
from extender.team.sign_in import MemberRequest


# Compressed here too: a hundred nodes say nearly the same, and a poll brings all of them when one has changed.
@gzip_page
@require_safe
def tree(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The tree in which a task grows."""
    task = read_task(request.user, pk)
    root = branches.tree_of(task)
    # Without a script nobody asks for the fragment: the page reloads itself with ?refresh instead.
    if "refresh" in request.GET:
        run_due(node.task for node in root.nodes)
    return render(request, "lineage/tree.html", {"task": task, **_grown(root)})


@gzip_page
@require_safe
def tree_news(request: MemberRequest, pk: uuid.UUID, root_pk: uuid.UUID) -> HttpResponse:
    """The nested lists of the tree under `root_pk` for the page of task `pk`; 204 where it shows them (`?v=`)."""
    under = Task.objects.tree_under(root_pk).among(Task.objects.visible_to(request.user))
    tasks = list(under.timed().select_related("start_clip__task"))
    task = next((task for task in tasks if task.pk == pk), None)
    if task is None or all(task.pk != root_pk for task in tasks):
        raise Http404
    run_due(tasks)
    is_shown = request.GET.get("v") == digest(tasks)
    if is_shown and any(not task.is_final or task.has_just_ended for task in tasks):
        return HttpResponse(status=204)
    prefetch_related_objects(tasks, "clip_set")
    # Where nothing is to come the answer says so, by asking no more: without a worker no version would.
    if is_shown and any(task.is_watched for task in tasks):
        return HttpResponse(status=204)
    running = Running.of_member(request.user)
    context = {"task": task, "polled": True, "running": running, **_grown(branches.grow(root_pk, tasks))}
    return render(request, "lineage/_tree.html", context)


@require_safe
def film(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponse:
    """The branch that ends with a clip, as one film."""
    branch = read_film(request.user, pk, index)
    return render(request, "lineage/film.html", {"task": branch.here.task, "branch": branch})


def _grown(root: branches.Node) -> dict[str, object]:
    """What both the page and its poll show of a tree."""
    tasks = [node.task for node in root.nodes]
    return {
        "root": root,
        "watched": any(task.is_watched for task in tasks),
        "digest": digest(tasks),
        "tally": _tally(tasks),
    }


def _tally(tasks: list[Task]) -> str:
    """How many they are, and how many of them are not finished: "5 videos, 1 running, 2 failed"."""
    counts = {
        f"video{pluralize(tasks)}": len(tasks),
        "running": sum(task.state in RUNNING for task in tasks),
        "unconfirmed": sum(task.state == State.UNCONFIRMED for task in tasks),
        "cancelled": sum(task.state == State.CANCELLED for task in tasks),
        "failed": sum(task.state == State.FAILED for task in tasks),
    }
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)
