"""The form that makes a task."""

import uuid

from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from extender.lineage import branches
from extender.tasks.access import read_task_and_running
from extender.tasks.background import send_now
from extender.tasks.lookup import NotContinuable
from extender.tasks.lookup import look_up as look_up_original
from extender.tasks.models import Task
from extender.tasks.running import Running
from extender.tasks.slots import APIFRAME, Full
from extender.tasks.submitting import enqueue, refusal
from extender.team.sign_in import MemberRequest
from extender.team.typed import comes_again, typed
from extender.team.uploads import takes_file
from extender.workspace.again import warnings
from extender.workspace.forms import MOST_PICTURE_BYTES, ExtendForm, LookUpForm
from extender.workspace.giving import offer, recall, take

MAX_RECENT = 12


def _form_again(request: MemberRequest, kept: dict[str, str]) -> HttpResponse:
    """The form with what was typed and with the nonce of then: whatever was sent under it is not sent twice."""
    parent = Task.objects.visible_to(request.user).with_remote_id(kept.get("parent_task_id", ""))
    twice = "charged_twice" in kept
    form = recall(request.user, ExtendForm(initial=kept))
    return _form(request, form, parent, charged_twice=twice, came_again=True)


@takes_file(MOST_PICTURE_BYTES)
@comes_again(_form_again)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """The form (GET: `?parent=&index=` or `?again=` prefill it), and its submit (POST).

    A POST with `?look` shows the form with its start picture again.
    """
    if request.method == "POST":
        return _submit(request)
    kept = {} if request.GET else typed(request)
    return _form_again(request, kept) if kept else _prefilled(request)


@takes_file(MOST_PICTURE_BYTES)
@comes_again(_form_again)
@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request: MemberRequest) -> HttpResponse:
    """Finds a video made elsewhere, and shows the form again with its clips and all that was typed."""
    if request.method != "POST":
        # The address stands in the browser's bar after a look-up.
        return redirect("new")
    given = ExtendForm(request.POST, request.FILES)
    given.full_clean()
    take(request.user, given)
    typed = {name: request.POST.get(name, "") for name in ExtendForm.base_fields}

    def filled(**found: object) -> ExtendForm:
        form = ExtendForm(initial=typed | found)
        form.start = given.start
        return form

    wanted = LookUpForm(request.POST)
    if not wanted.is_valid():
        return _form(request, filled(), sentence=wanted.errors["parent_task_id"][0])
    try:
        with APIFRAME.slot():
            parent = look_up_original(request.user, wanted.cleaned_data["parent_task_id"])
    except (NotContinuable, Full) as error:
        return _form(request, filled(), sentence=str(error))
    if parent.makes_pictures:
        return redirect(parent)
    clip = parent.clip(typed["index"]) or parent.clips[0]
    return _form(request, filled(parent_task_id=parent.remote_id, index=clip.index), parent)


def _prefilled(request: MemberRequest) -> HttpResponse:
    again, running = _named(request, "again")
    if again and again.kind in (Task.Kind.VIDEO, Task.Kind.PICTURES):
        return redirect(f"{reverse('begin')}?again={again.pk}")
    if again:
        return _form(request, ExtendForm.again(again), again.parent, **warnings(request.user, again), **running)
    parent, running = _named(request, "parent")
    if parent and (parent.makes_pictures or not parent.has_clips):
        return redirect(parent)
    if not parent:
        return _form(request, ExtendForm.blank())
    # Before its clips are looked at, since the clips of the whole branch come together.
    branch = branches.branch_to(parent)
    clip = parent.clip(request.GET.get("index")) or parent.first_choice
    form = ExtendForm.blank(parent_task_id=parent.remote_id, index=clip and clip.index, prompt=parent.prompt)
    return _form(request, form, parent, branch=branch, **running)


def _submit(request: MemberRequest) -> HttpResponse:
    form = ExtendForm(request.POST, request.FILES)
    form.full_clean()
    take(request.user, form)
    parent = form.parent_among(Task.objects.visible_to(request.user))
    again = {"charged_twice": "charged_twice" in request.POST}
    if "look" in request.GET:
        return _form(request, form.of_the_picture_alone(), parent, **again)
    form.refuse_missing_clip(parent)
    form.refuse(refusal(request.user))
    if not form.is_valid():
        return _form(request, form, parent, **again)
    task, as_asked = enqueue(request.user, form.cleaned_data["nonce"], parent, form.note, **form.asked)
    if not as_asked:
        return _form(request, form.anew(), parent, earlier=task, **again)
    send_now(task)
    return redirect(task)


def _form(request: MemberRequest, form: ExtendForm, parent: Task | None = None, **more: object) -> HttpResponse:
    if parent and (parent.makes_pictures or not parent.has_clips):
        parent = None
    if parent and "branch" not in more:
        more["branch"] = branches.branch_to(parent)
    recent = [] if parent else Task.objects.visible_to(request.user).to_continue(MAX_RECENT)
    prefetch_related_objects(recent, "clip_set")
    context = {
        "form": form,
        "parent": parent,
        "chosen": parent.clip(form["index"].value()) if parent else None,
        "recent": recent,
        "offer": offer(request.user, form),
        "usual_seconds": Task.objects.usual_seconds(Task.Kind.EXTENSION),
        **more,
    }
    return render(request, "workspace/new.html", context)


def _named(request: MemberRequest, parameter: str) -> tuple[Task | None, dict[str, Running]]:
    """The member's own task that the address names, None where it names none, 404 where it is not theirs.

    With it comes what the bar shows of those that run, since one query asks for both.
    """
    try:
        pk = uuid.UUID(request.GET.get(parameter, ""))
    except ValueError:
        return None, {}
    task, running = read_task_and_running(request.user, pk)
    return task, {"running": running}
