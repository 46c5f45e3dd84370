"""The history: every task of a member, newest first."""

import uuid
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from extender.tasks.access import read_tasks_and_running
from extender.tasks.background import run_due
from extender.tasks.models import Task
from extender.tasks.running import Running
from extender.team.sign_in import MemberRequest

PAGE = 24
# htmx stops a poll that is answered with this status.
STOP_POLLING = 286


def home(request: HttpRequest) -> HttpResponse:
    """The address without a path."""
    return redirect("history")


@require_safe
@vary_on_headers("HX-Request")
def history(request: MemberRequest) -> HttpResponse:
    """A page of the history, after the card with the mark `?before=`; with `?picked=yes` only tasks with a pick."""
    tasks = Task.objects.visible_to(request.user).timed().newest_first()
    tasks = tasks.select_related("parent").prefetch_related("clip_set")
    picked = request.GET.get("picked") == "yes"
    if picked:
        tasks = tasks.picked()
    if before := request.GET.get("before"):
        tasks = tasks.older_than(*_read_mark(before))
    # One more than is shown tells whether there are more, without counting.
    page = list(tasks[: PAGE + 1])
    context = {
        "tasks": page[:PAGE],
        "next_page": _address_after(page[PAGE - 1], picked) if len(page) > PAGE else "",
        "is_first_page": not before,
        "picked": picked,
        "watching": any(task.is_watched for task in page[:PAGE]),
    }
    return render(request, "workspace/_cards.html" if request.htmx else "workspace/history.html", context)


@require_POST
def pulse(request: MemberRequest) -> HttpResponse:
    """One poll for all cards: `open=<id>:<version>` for each that may change; the changed ones come back.

    POST, since an address has no room for a hundred of them.
    """
    shown = _shown(request.POST.getlist("open"))
    tasks, running = read_tasks_and_running(request.user, shown.keys())
    run_due(tasks)
    prefetch_related_objects([task for task in tasks if task.is_final], "clip_set")
    status = 200 if any(task.is_watched for task in tasks) else STOP_POLLING
    changed = [task for task in tasks if task.version != shown[task.pk]]
    if not changed and status == 200:
        return HttpResponse(status=204)
    return render(request, "workspace/_pulse.html", {"tasks": changed, "running": Running.of(running)}, status=status)


def _address_after(task: Task, picked: bool) -> str:
    return f"{reverse('history')}?{urlencode(({'picked': 'yes'} if picked else {}) | {'before': _mark(task)})}"


def _mark(task: Task) -> str:
    return f"{task.created_at.isoformat()}_{task.pk}"


def _read_mark(text: str) -> tuple[datetime, uuid.UUID]:
    moment, _, pk = text.partition("_")
    try:
        created_at = datetime.fromisoformat(moment)
        if created_at.tzinfo is None:
            raise ValueError
        return created_at, uuid.UUID(pk)
    except ValueError as error:
        raise Http404 from error


def _shown(pairs: list[str]) -> dict[uuid.UUID, int]:
    """The versions that the browser shows, by id; what cannot be read is left out."""
    shown = {}
    for pair in pairs:
        pk, _, version = pair.partition(":")
        try:
            shown[uuid.UUID(pk)] = int(version)
        except ValueError:
            continue
    return shown
