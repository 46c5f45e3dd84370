"""Films to take away: asked for, watched, cancelled, downloaded."""

import logging
import uuid
from contextlib import suppress

from django.http import Http404, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from extender.archive import storage
from extender.archive.exports.asking import NotStored, Offer, export_of, export_shown, file_name
from extender.archive.exports.choices import Choices, remember, remembered
from extender.archive.exports.models import Export
from extender.archive.serving.refusals import as_page
from extender.archive.serving.responses import respond
from extender.lineage.access import read_film
from extender.lineage.branches import Branch
from extender.states import ExportState
from extender.tasks.access import own_task
from extender.tasks.slots import Full, TooMany
from extender.team.sign_in import MemberRequest

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def export(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponse:
    """POST asks for the film; GET is the part of its page that tells of it, 204 where it is current (`?v=`)."""
    branch = read_film(request.user, pk, index)
    if request.method == "POST":
        return _ask(request, branch)
    offer = Offer(branch, _remembered(request, branch))
    if request.GET.get("v") == offer.version and offer.is_watched:
        return HttpResponse(status=204)
    return _shown(request, offer)


def _ask(request: MemberRequest, branch: Branch) -> HttpResponse:
    choices = Choices(branch, request.POST)
    if not choices.is_valid():
        words = "There is no such option. Reload the page and choose again."
        return HttpResponseBadRequest(words, content_type="text/plain")
    remember(request.session, branch, choices)
    try:
        # What is missing the page says by itself.
        with suppress(NotStored):
            export_of(request.user, branch, choices)
    except TooMany as error:
        return _shown(request, Offer(branch, choices), error)
    return _shown(request, Offer(branch, choices))


@require_POST
def cancel(request: MemberRequest, pk: uuid.UUID, index: int, export_pk: uuid.UUID) -> HttpResponse:
    """Ends an export that is under way: for an owner of what is filmed, whoever asked for it."""
    own_task(request.user, pk)
    branch = read_film(request.user, pk, index)
    Export.objects.filter(pk=export_shown(branch, export_pk).pk).cancel()
    return _shown(request, Offer(branch, _remembered(request, branch)))


@require_safe
def download(request: MemberRequest, pk: uuid.UUID, index: int, export_pk: uuid.UUID) -> HttpResponseBase:
    """An exported film as a file with a sensible name, ranges included."""
    branch = read_film(request.user, pk, index)
    found = export_shown(branch, export_pk)
    if not found.is_stored:
        raise Http404
    Export.objects.filter(pk=found.pk).renew()
    try:
        return respond(request, found.file, found.sha256, download_name=file_name(branch, found), revocable=True)
    except Full as error:
        return as_page(request, error, _film(branch))
    except FileNotFoundError:
        logger.error("the file of %s is missing, so it is made again", found)
        Export.objects.filter(pk=found.pk, state=ExportState.STORED).make_again()
    except storage.StoreTrouble as error:
        logger.error("%s cannot be read: %s", found, error)
        return as_page(request, error, _film(branch))
    return redirect(_film(branch))


def _remembered(request: MemberRequest, branch: Branch) -> Choices:
    choices = remembered(request.session, branch)
    if not choices.is_valid():
        raise Http404
    return choices


def _shown(request: MemberRequest, offer: Offer, refusal: TooMany | None = None) -> HttpResponse:
    if request.htmx:
        return render(request, "archive/_export.html", {"offer": offer, "refusal": refusal, "polled": True})
    if refusal:
        return as_page(request, refusal, _film(offer.branch))
    return redirect(_film(offer.branch))


def _film(branch: Branch) -> str:
    """The address of the page that offers it."""
    clip = branch.here.clip
    address = reverse("film", args=[branch.here.task.pk, clip.index if clip else 0])
    return f"{address}#export"
