"""A task's pages: the form that makes one, and the wall that shows one."""

import uuid
from collections.abc import Iterable
from contextlib import suppress

from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from extender.lineage import branches
from extender.models import Event, Member, Task
from extender.sharing import links
from extender.states import State
from extender.tasks.access import own_task, own_task_and_running
from extender.tasks.following import check_again
from extender.tasks.lookup import NotContinuable
from extender.tasks.lookup import adopt as adopt_task
from extender.tasks.lookup import look_up as look_up_original
from extender.tasks.running import Running, shows_copies
from extender.tasks.slots import Full, look_after, place, send_now
from extender.tasks.submitting import enqueue
from extender.team.sign_in import MemberRequest
from extender.workspace.forms import AdoptForm, ExtendForm, LookUpForm

MAX_EVENTS = 500
MAX_RECENT = 6


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """The form (GET: `?parent=&index=` or `?again=` prefill it), and its submit (POST)."""
    return _submit(request) if request.method == "POST" else _prefilled(request)


@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request: MemberRequest) -> HttpResponse:
    """Finds a video made elsewhere, and shows the form again with its clips and all that was typed."""
    if request.method != "POST":
        # The address stands in the browser's bar after a look-up.
        return redirect("new")
    typed = {name: request.POST.get(name, "") for name in ExtendForm.base_fields}
    wanted = LookUpForm(request.POST)
    if not wanted.is_valid():
        return _form(request, ExtendForm(initial=typed), sentence=wanted.errors["parent_task_id"][0])
    try:
        with place():
            parent = look_up_original(request.user, wanted.cleaned_data["parent_task_id"])
    except (NotContinuable, Full) as error:
        return _form(request, ExtendForm(initial=typed), sentence=str(error))
    clip = parent.clip(typed["index"]) or parent.clips[0]
    found = {"parent_task_id": parent.remote_id, "index": clip.index}
    return _form(request, ExtendForm(initial=typed | found), parent)


@require_safe
def detail(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """A task's page."""
    task, running = own_task_and_running(request.user, pk)
    # Without a script nobody asks for the fragment: the page reloads itself with ?look instead.
    if "look" in request.GET:
        look_after([task])
    return _page(request, task, running)


def _page(request: MemberRequest, task: Task, running: list[Task], **more: object) -> HttpResponse:
    context = {
        "task": task,
        "branch": branches.branch_to(task),
        "running": Running.of(running),
        "usual_seconds": None if task.is_final else Task.objects.usual_seconds(),
        "links": links.listed(task, request),
        **more,
    }
    return render(request, "tasks/task.html", context)


@require_safe
def status(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The part of a task's page that changes: 204 where the browser has the current version (`?v=`)."""
    task, running = own_task_and_running(request.user, pk)
    look_after([task])
    if request.GET.get("v") == str(task.version):
        return HttpResponse(status=204)
    task.leave_copies_out()
    return render(request, "tasks/_status.html", {"task": task, "running": Running.of(running), "polled": True})


@require_safe
def copies(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """What became of the copies of a task's clips; 204 where the browser has the current version (`?v=`)."""
    task = own_task(request.user, pk)
    if shows_copies(request, task):
        return HttpResponse(status=204)
    context = {"task": task, "branch": branches.branch_to(task), "polled": True}
    return render(request, "tasks/_copies.html", context)


@require_safe
@vary_on_headers("HX-Request")
def events(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Everything that was said about a task: a fragment for its page, or a page of its own."""
    task = own_task(request.user, pk)
    template = "tasks/_events.html" if request.htmx else "tasks/events.html"
    return render(
        request, template, {"task": task, "events": with_silences(reversed(task.events.order_by("-id")[:MAX_EVENTS]))}
    )


@require_POST
def check(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks about a task of which nothing was heard for a day."""
    task = own_task(request.user, pk)
    with suppress(Full), place():
        check_again(task)
    return redirect(task)


@require_POST
def adopt(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Gives an unconfirmed task the id that its owner found in the account at APIFRAME."""
    task, running = own_task_and_running(request.user, pk)
    wanted = AdoptForm(request.POST)
    if not wanted.is_valid():
        return _page(request, task, running, adopt_error=wanted.errors["task_id"][0])
    try:
        with place():
            adopt_task(task, wanted.cleaned_data["task_id"])
    except (NotContinuable, Full) as error:
        return _page(request, task, running, adopt_error=str(error))
    return redirect(task)


def with_silences(events: Iterable[Event]) -> list[tuple[Event, int]]:
    """Each event, and the whole seconds of silence before it."""
    paired: list[tuple[Event, int]] = []
    for event in events:
        silence = (event.at - paired[-1][0].at).total_seconds() if paired else 0
        paired.append((event, int(silence)))
    return paired


def _prefilled(request: MemberRequest) -> HttpResponse:
    again, running = _named(request, "again")
    if again:
        form = ExtendForm.blank(
            parent_task_id=again.parent_task_id,
            index=again.index,
            prompt=again.prompt,
            motion=again.motion,
            image_url=again.image_url,
        )
        twice = again.state in (State.UNCONFIRMED, State.SENDING)
        return _form(request, form, again.parent, charged_twice=twice, **running)
    parent, running = _named(request, "parent")
    if parent and not parent.clips:
        return redirect(parent)
    if not parent:
        return _form(request, ExtendForm.blank())
    # Before its clips are looked at, since the copies of the whole branch come together.
    branch = branches.branch_to(parent)
    clip = parent.clip(request.GET.get("index")) or parent.first_choice
    form = ExtendForm.blank(parent_task_id=parent.remote_id, index=clip and clip.index, prompt=parent.prompt)
    return _form(request, form, parent, branch=branch, **running)


def _submit(request: MemberRequest) -> HttpResponse:
    form = ExtendForm(request.POST)
    form.full_clean()
    parent = _known_parent(request.user, form.cleaned_data.get("parent_task_id", ""))
    form.refuse_missing_clip(parent)
    again = {"charged_twice": "charged_twice" in request.POST}
    if not form.is_valid():
        return _form(request, form, parent, **again)
    asked = form.cleaned_data
    task, as_asked = enqueue(request.user, asked.pop("nonce"), parent, **asked)
    if not as_asked:
        return _form(request, ExtendForm.blank(**asked), parent, earlier=task, **again)
    send_now(task)
    return redirect(task)


def _form(request: MemberRequest, form: ExtendForm, parent: Task | None = None, **more: object) -> HttpResponse:
    if parent and not parent.clips:
        parent = None
    if parent and "branch" not in more:
        more["branch"] = branches.branch_to(parent)
    recent = [] if parent else Task.objects.visible_to(request.user).to_continue(MAX_RECENT)
    prefetch_related_objects(recent, "copies")
    context = {
        "form": form,
        "parent": parent,
        "chosen": parent.clip(form["index"].value()) if parent else None,
        "recent": recent,
        "usual_seconds": Task.objects.usual_seconds(),
        **more,
    }
    return render(request, "tasks/new.html", context)


def _named(request: MemberRequest, parameter: str) -> tuple[Task | None, dict[str, Running]]:
    """The member's own task that the address names, None where it names none, 404 where it is not theirs.

    With it comes what the bar shows of those that run, since one query asks for both.
    """
    try:
        pk = uuid.UUID(request.GET.get(parameter, ""))
    except ValueError:
        return None, {}
    task, running = own_task_and_running(request.user, pk)
    return task, {"running": Running.of(running)}


def _known_parent(member: Member, task_id: str) -> Task | None:
    known = Task.objects.visible_to(member).filter(remote_id=task_id)
    return known.order_by("kind").first() if task_id else None
