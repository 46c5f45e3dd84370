"""A task's page: the wall that shows it, and what was said about it."""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from extender.lineage import branches
from extender.tasks.access import own_task, read_task, read_task_and_running
from extender.tasks.background import run_due
from extender.tasks.following import check_again
from extender.tasks.lookup import NotContinuable
from extender.tasks.lookup import adopt as adopt_task
from extender.tasks.models import Event
from extender.tasks.running import shows_copies
from extender.tasks.slots import APIFRAME, Full
from extender.tasks.submitting import cancel as cancel_task
from extender.team.sign_in import MemberRequest
from extender.workspace.forms import AdoptForm
from extender.workspace.task_page import page

MAX_EVENTS = 500


@require_safe
def detail(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """A task's page."""
    task, running = read_task_and_running(request.user, pk)
    # Without a script nobody asks for the fragment: the page reloads itself with ?refresh instead.
    if "refresh" in request.GET:
        run_due([task])
    return page(request, task, running=running)


@require_safe
def status(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The part of a task's page that changes: 204 where the browser has the current version (`?v=`)."""
    task, running = read_task_and_running(request.user, pk)
    run_due([task])
    if request.GET.get("v") == str(task.version):
        return HttpResponse(status=204)
    return render(request, "shared/_status.html", {"task": task, "running": running, "polled": True})


@require_safe
def copies(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """What became of the copies of a task's clips; 204 where the browser has the current version (`?v=`)."""
    task = read_task(request.user, pk)
    if shows_copies(request, task):
        return HttpResponse(status=204)
    context = {"task": task, "branch": branches.branch_to(task), "polled": True}
    return render(request, "shared/_copies.html", context)


@require_safe
@vary_on_headers("HX-Request")
def events(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Everything that was said about a task, newest first: a fragment for its page, or a page of its own."""
    task = read_task(request.user, pk)
    template = "workspace/_events.html" if request.htmx else "workspace/events.html"
    return render(request, template, {"task": task, "told": as_told(task.events.order_by("-id")[:MAX_EVENTS])})


@require_POST
def check(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks about a task of which nothing was heard for a day, or nothing that can be read."""
    task = own_task(request.user, pk)
    with suppress(Full), APIFRAME.slot():
        check_again(task)
    return redirect(task)


@require_POST
def cancel(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Takes a task back that is not sent yet; where it was sent meanwhile its page says so."""
    task = own_task(request.user, pk)
    return redirect(task if cancel_task(task) else f"{task.get_absolute_url()}?too-late")


@require_POST
def adopt(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Gives an unconfirmed task the id that its owner found in the account at APIFRAME."""
    task = own_task(request.user, pk)
    wanted = AdoptForm(request.POST)
    if not wanted.is_valid():
        return page(request, task, adopt_error=wanted.errors["task_id"][0])
    try:
        with APIFRAME.slot():
            adopt_task(task, wanted.cleaned_data["task_id"])
    except (NotContinuable, Full) as error:
        return page(request, task, adopt_error=str(error))
    return redirect(task)


@dataclass
class Told:
    """Events to be told as one, newest first, and the whole seconds of silence before them."""

    events: list[Event]
    silence: int = 0


def as_told(events: Iterable[Event]) -> list[Told]:
    """Events, newest first: each alone, but what brought nothing new again and again together."""
    told: list[Told] = []
    for event in events:
        if told and event.repeats and told[-1].events[-1].repeats:
            told[-1].events.append(event)
            continue
        if told:
            told[-1].silence = int((told[-1].events[-1].at - event.at).total_seconds())
        told.append(Told([event]))
    return told
