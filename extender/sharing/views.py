"""Links: making and revoking them (members), and what they show (guests)."""

import uuid

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from extender.sharing import links
from extender.sharing.access import shared_link
from extender.sharing.models import Share
from extender.tasks.access import own_task
from extender.tasks.background import run_due
from extender.tasks.models import Task
from extender.tasks.running import shows_copies
from extender.team.sign_in import MemberRequest


@require_POST
def share(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Makes a link."""
    task = own_task(request.user, pk)
    try:
        link = links.share(task, _title(request), show_prompt="show_prompt" in request.POST)
    except links.TooMany as error:
        return _links(request, task, refusal=str(error))
    return _links(request, task, fresh=link.pk)


@require_POST
def revoke(request: MemberRequest, pk: uuid.UUID, share_pk: int) -> HttpResponse:
    """Closes a link."""
    task = own_task(request.user, pk)
    links.revoke(task, share_pk)
    return _links(request, task, revoked=share_pk)


@require_POST
def undo(request: MemberRequest, pk: uuid.UUID, share_pk: int) -> HttpResponse:
    """Opens a link again that was closed a moment ago."""
    task = own_task(request.user, pk)
    is_open = links.restore(task, share_pk)
    return _links(request, task, fresh=share_pk, too_late=not is_open)


@require_safe
@login_not_required
@never_cache
def guest(request: HttpRequest, token: str) -> HttpResponse:
    """What a guest sees: one task's wall, and nothing of other tasks or people."""
    try:
        link = shared_link(token)
    except Http404:
        return _private(render(request, "sharing/gone.html", status=404))
    if "refresh" in request.GET:
        run_due([link.task])
    page = _private(render(request, "sharing/guest.html", _wall(link)))
    # project/policy.py looks for it.
    page.shows_ours_alone = link.task.is_final and all(  # type: ignore[attr-defined]
        clip.is_stored for clip in link.task.clips
    )
    return page


@require_safe
@login_not_required
@never_cache
def guest_status(request: HttpRequest, token: str) -> HttpResponse:
    """The part of a guest's page that changes; 204 where the browser has the current version (`?v=`)."""
    link = shared_link(token)
    run_due([link.task])
    if request.GET.get("v") == str(link.task.version):
        return HttpResponse(status=204)
    return _private(render(request, "shared/_status.html", {**_wall(link), "polled": True}))


@require_safe
@login_not_required
@never_cache
def guest_copies(request: HttpRequest, token: str) -> HttpResponse:
    """What became of the copies of a guest's clips; 204 where the browser has the current version (`?v=`)."""
    link = shared_link(token)
    if shows_copies(request, link.task):
        return HttpResponse(status=204)
    return _private(render(request, "shared/_copies.html", {**_wall(link), "polled": True}))


def _title(request: HttpRequest) -> str:
    """The title that was typed, as one line, and no longer than its column."""
    longest = Share._meta.get_field("title").max_length
    return " ".join(request.POST.get("title", "").replace("\0", "").split())[:longest]


def _wall(link: Share) -> dict[str, object]:
    return {"share": link, "task": link.task, "guest": True}


def _private(response: HttpResponse) -> HttpResponse:
    """The address is the key: no other server may read it from a Referer, and no search engine may list it."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _links(request: MemberRequest, task: Task, **more: object) -> HttpResponse:
    if request.htmx:
        context = {"task": task, "links": links.listed(task, request), **more}
        return render(request, "sharing/_links.html", context)
    address = reverse("task", args=[task.pk])
    if refusal := more.get("refusal"):
        context = {"heading": "No more links", "sentence": refusal, "back": f"{address}#share"}
        return render(request, "shared/refusal.html", context, status=429)
    late = "?undo-late" if more.get("too_late") else ""
    return redirect(f"{address}{late}#share")
