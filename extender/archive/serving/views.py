"""The files of clips: our copies with ranges, and downloads of one, of all, or of a film's."""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from extender.archive import storage
from extender.archive.serving import downloads, refusals, responses
from extender.archive.serving.access import seen_clip
from extender.lineage.branches import branch_to
from extender.network.errors import Unavailable
from extender.tasks.access import read_task
from extender.tasks.models import Clip
from extender.tasks.slots import Full
from extender.team.sign_in import MemberRequest

logger = logging.getLogger(__name__)


@require_safe
def show(request: MemberRequest, pk: uuid.UUID, kind: str) -> HttpResponseBase:
    """A clip's file, poster or storyboard, for the task's owner."""
    return _played(request, seen_clip(pk, member=request.user), kind)


@require_safe
@login_not_required
def show_guest(request: HttpRequest, token: str, pk: uuid.UUID, kind: str) -> HttpResponseBase:
    """The same for whoever holds a link; the link is looked at again by each request."""
    response = _played(request, seen_clip(pk, token=token), kind, revocable=True, link=token)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def download(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponseBase:
    """A clip as a file with a sensible name; where it cannot be passed on now, the clip's own address."""
    clip = read_task(request.user, pk).clip(index)
    if clip is None:
        raise Http404
    if clip.is_stored:
        back, name = clip.task.get_absolute_url(), clip.file_name
        return _where_free(request, back, lambda: _bytes(request, clip, clip.file_kind, download_name=name))
    try:
        return downloads.one(request, clip)
    except (Full, Unavailable):
        return redirect(clip.source_url)


@require_safe
def download_all(request: MemberRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Every clip of a task in one zip, streamed as it is made."""
    task = read_task(request.user, pk)
    if not task.available_clips:
        raise Http404
    return _where_free(request, task.get_absolute_url(), lambda: downloads.every(request, task))


@require_safe
def download_for_editors(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponseBase:
    """The takes of the film that ends with a clip in one zip."""
    branch = branch_to(read_task(request.user, pk), index)
    if not (branch.here.clip and branch.has_files):
        raise Http404
    return _where_free(request, reverse("film", args=[pk, index]), lambda: downloads.for_editors(request, branch))


def _where_free(request: HttpRequest, back: str, download: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """A download; where no place is free for it, a page that says when to come again, and leads `back`."""
    try:
        return download()
    except Full as error:
        return refusals.as_page(request, error, back)


def _played(request: HttpRequest, clip: Clip, kind: str, **how: Any) -> HttpResponseBase:
    """What a page of ours shows and plays of a clip."""
    try:
        return _bytes(request, clip, kind, **how)
    except Full as error:
        return refusals.in_words(error)


def _bytes(request: HttpRequest, clip: Clip, kind: str, **how: Any) -> HttpResponseBase:
    """A file of a clip; where the store has lost it, the clip's own address (no guest's business), and no picture.

    Raises `Full`.
    """
    try:
        return responses.respond(request, storage.name(clip.sha256, kind), clip.sha256, **how)
    except (FileNotFoundError, storage.StoreTrouble) as error:
        logger.error("%s cannot be read: %s", clip, error)
        if kind != clip.file_kind or how.get("revocable"):
            raise Http404 from error
        return redirect(clip.source_url)
