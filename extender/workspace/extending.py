"""Extending from a task's page, by the composer under its wall."""

import uuid

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from extender.tasks.access import own_task
from extender.tasks.background import send_now
from extender.tasks.models import Task
from extender.tasks.submitting import enqueue_runs, nonces_of, refusal
from extender.team.sign_in import MemberRequest
from extender.team.typed import comes_again, typed
from extender.workspace.doubts import doubts
from extender.workspace.forms import MOST_RUNS, ComposerForm
from extender.workspace.task_page import beneath, continuations_of, page


def _typed_again(request: MemberRequest, kept: dict[str, str], pk: uuid.UUID) -> HttpResponse:
    """The page with what was typed and with the nonce of then: whatever was sent under it is not sent twice."""
    return page(request, own_task(request.user, pk), composer=ComposerForm(initial=kept), came_again=True)


@comes_again(_typed_again)
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def extend(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Sends what stands in the composer of a task's page: one to four paid requests for one of its clips.

    GET is for who comes back from a sign-in, with what was typed.
    """
    task = own_task(request.user, pk)
    if request.method == "POST":
        return _submit(request, task)
    kept = typed(request)
    return _typed_again(request, kept, pk) if kept else redirect(task)


def _submit(request: MemberRequest, task: Task) -> HttpResponse:
    if task.makes_pictures:
        raise Http404
    form = ComposerForm(request.POST)
    form.full_clean()
    form.refuse_missing_clip(task)
    form.refuse(refusal(request.user))
    if not form.is_valid():
        return _answer(request, task, form)
    nonces = nonces_of(form.cleaned_data["nonce"], form.cleaned_data["runs"])
    asked = {**form.asked, "parent_task_id": task.remote_id}
    # Of the same form more may have been asked for before.
    found = doubts(request.user, task, asked, nonces_of(form.cleaned_data["nonce"], MOST_RUNS))
    if {doubt.name for doubt in found} - set(request.POST.getlist("sure")):
        return _answer(request, task, form, doubts=found)
    rows, as_asked = enqueue_runs(request.user, nonces, task, form.note, **asked)
    if not as_asked:
        return _answer(request, task, form.anew(), earlier=rows[-1])
    send_now(*rows)
    if not request.htmx:
        return redirect(f"{task.get_absolute_url()}#continuations")
    return _answer(request, task, form.anew(), sent=rows)


def _answer(request: MemberRequest, task: Task, form: ComposerForm, **more: object) -> HttpResponse:
    """The composer with what is to be said of it, and beneath it what continues the task now; or the whole page."""
    if not request.htmx:
        return page(request, task, composer=form, **more)
    newest = continuations_of(task)
    prefetch_related_objects(newest, "clip_set")
    return render(request, "workspace/_sent.html", {"task": task, **beneath(task, newest), "composer": form, **more})
