"""One frame of a clip: saved as a picture, or taken to begin a video with."""

import logging
import math
import tempfile
import uuid
from pathlib import Path
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from extender.archive import files, storage
from extender.archive.names import disposition
from extender.tasks import start_pictures
from extender.tasks.access import own_task, read_task
from extender.tasks.models import Clip
from extender.tasks.slots import LOOKS, Full
from extender.team.sign_in import MemberRequest
from extender.video import layout
from extender.video import process as looking
from extender.video.facts import FrameFacts, Unfit

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
def frame(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponse:
    """The frame at `at`, in ms from the clip's first; else the last: a PNG (GET), or the start of a video (POST)."""
    read = own_task if request.method == "POST" else read_task
    clip = read(request.user, pk).clip(index)
    if clip is None or clip.is_picture:
        raise Http404
    if not clip.is_stored:
        return _none(request, clip, "This clip is not copied yet. Try again once it is saved.")
    try:
        return _start(request, clip) if request.method == "POST" else _save(request, clip)
    except ValueError:
        return _none(request, clip, "This clip has no such moment. Go back and choose another.", status=400)
    except Full as error:
        return _none(request, clip, str(error))
    except Unfit as error:
        logger.error("no frame of %s can be had: %s", clip, error)
        return _none(request, clip, str(error), status=422)
    except (OSError, looking.ProbeFailed, storage.StoreTrouble) as error:
        logger.error("no frame of %s can be taken: %s", clip, error)
        return _none(request, clip, "The frame cannot be taken now. Try again in a moment.")


def take(clip: Clip, at_ms: float | None) -> tuple[FrameFacts, bytes]:
    """The frame that stands on the screen `at_ms` after the stored clip's first, or its last; with it comes its PNG.

    Raises `Full`, `NotAVideo`, `ProbeFailed`, `StoreTrouble`, OSError.
    """
    store = storage.current_store()
    with LOOKS.slot(), tempfile.TemporaryDirectory() as folder, store.local(files.name(clip)) as file:
        found = looking.frame(file, Path(folder), at_ms)
        return found, (Path(folder) / layout.FRAME).read_bytes()


def _save(request: MemberRequest, clip: Clip) -> HttpResponse:
    found, png = take(clip, _moment(request.GET.get("at", "")))
    seconds = f"{found.begins_ms / 1000:.3f}"
    name = f"{Path(clip.file_name).stem}-at-{seconds}s.png"
    headers = {"Cache-Control": "private", "Content-Disposition": disposition(name)}
    return HttpResponse(png, content_type="image/png", headers=headers)


def _start(request: MemberRequest, clip: Clip) -> HttpResponse:
    """Keeps the frame as a start picture, and goes to the form that begins a video with it."""
    at_ms = _moment(request.POST.get("at", ""))
    clip = _shown(clip, at_ms)
    found, png = take(clip, at_ms)
    with LOOKS.slot():
        picture = start_pictures.keep(request.user, [png])
    # Where the next frame would come the film leaves the clip, so that this one is the last that is seen of it.
    leaves = {} if found.ends_ms is None else {"out": round(found.ends_ms)}
    asked = {"parent": clip.task_id, "index": clip.index, "start": picture.pk, **leaves}
    return redirect(f"{reverse('begin')}?{urlencode(asked)}")


def _shown(clip: Clip, at_ms: float | None) -> Clip:
    """The clip whose footage stands there at that moment: one may begin with that of the clip which it continues."""
    while clip.repeats_parent and at_ms is not None and at_ms < (clip.cut_ms or 0):
        source = clip.task.source
        if not (source and source.is_stored):
            break
        clip = source
    return clip


def _moment(text: str) -> float | None:
    """The moment that was asked for, in ms; None for none. Raises ValueError."""
    if not text:
        return None
    moment = float(text)
    if not math.isfinite(moment):
        raise ValueError(text)
    return moment


def _none(request: MemberRequest, clip: Clip, sentence: str, status: int = 503) -> HttpResponse:
    """The page that says why there is no frame; by 503, not yet."""
    context = {"heading": f"No frame of clip {clip.index}", "sentence": sentence}
    context |= {"back": clip.task.get_absolute_url(), "label": "Back to the clip"}
    page = render(request, "shared/refusal.html", context, status=status)
    if status == 503:
        page["Retry-After"] = "10"
    return page
