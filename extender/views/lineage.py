"""How clips continue one another: the tree of an original, and a branch as one film."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from extender import lineage
from extender.access import MemberRequest, own_task


@require_safe
def tree(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The tree in which a task grows."""
    task = own_task(request.user, pk)
    return render(request, "lineage/tree.html", {"task": task, "root": lineage.tree_of(task)})


@require_safe
def film(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponse:
    """The branch that ends with a clip, as one film."""
    task = own_task(request.user, pk)
    branch = lineage.branch_to(task, index)
    if branch.here.clip is None:
        raise Http404
    context = {"most_steps": lineage.MOST_STEPS, "most_seconds": lineage.MOST_SECONDS}
    return render(request, "lineage/film.html", {"task": task, "branch": branch, **context})
