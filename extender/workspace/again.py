"""Running a task again: the same request as a new row, paid for again."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from extender.states import State
from extender.tasks.access import own_task
from extender.tasks.background import send_now
from extender.tasks.models import Task
from extender.tasks.submitting import enqueue, refusal
from extender.team.models import Member
from extender.team.sign_in import MemberRequest
from extender.workspace.doubts import doubts, same_today
from extender.workspace.forms import NonceForm

ASKED = (
    *("kind", "parent_task_id", "index", "out_ms", "prompt", "motion", "aspect_ratio"),
    *("image_url", "picture_id", "start_clip_id"),
)
"""The columns of a task that say what it asked for."""


def asked_by(task: Task) -> dict[str, Any]:
    """What `task` asked for, by its columns."""
    return {name: getattr(task, name) for name in ASKED}


def warnings(member: Member, task: Task) -> dict[str, object]:
    """What a form that asks for the same as `task` says before: of a second charge, or of the first request."""
    twice = task.state in (State.UNCONFIRMED, State.SENDING)
    return {"charged_twice": twice, "doubt": None if twice else same_today(member, asked_by(task))}


@require_POST
def again(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks for what a task asked for once more; what the member may not want is asked first, beside its words."""
    task = own_task(request.user, pk)
    form = NonceForm(request.POST)
    asked = asked_by(task)
    if task.is_from_elsewhere or not form.is_valid():
        return redirect(task)
    nonce = form.cleaned_data["nonce"]
    # Its words say what keeps it from being asked for.
    if doubts(request.user, task.parent, asked, [nonce]) or refusal(request.user):
        return redirect(f"{reverse('new')}?again={task.pk}")
    made, _ = enqueue(request.user, nonce, task.parent, **asked)
    send_now(made)
    return redirect(made)
