"""The files of clips."""

import uuid
from collections.abc import Iterator
from threading import BoundedSemaphore

from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from extender.access import MemberRequest, own_task
from extender.archive.remote import ClipStream, Unavailable
from extender.models import Clip

# A download holds one of the 8 threads as long as it lasts; with the 3 places for APIFRAME, 3 stay free for pages.
PLACES = BoundedSemaphore(2)


@require_safe
def download(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponseBase:
    """A clip as a file with a sensible name; where it cannot be passed on now, the clip's own address."""
    clip = own_task(request.user, pk).clip(index)
    if clip is None:
        raise Http404
    if not PLACES.acquire(blocking=False):
        return redirect(clip.url)
    try:
        stream = ClipStream(clip.url)
    except Unavailable:
        PLACES.release()
        return redirect(clip.url)
    return _file(clip, _Placed(stream))


class _Placed:
    """A stream that gives its place back when the response is closed, even where nothing was read from it."""

    def __init__(self, stream: ClipStream) -> None:
        self.stream = stream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.stream)

    def close(self) -> None:
        self.stream.close()
        PLACES.release()


def _file(clip: Clip, placed: _Placed) -> StreamingHttpResponse:
    name = f"{slugify(clip.task.title)[:60].strip('-') or 'clip'}-{clip.index}.mp4"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private"}
    if placed.stream.length:
        headers["Content-Length"] = placed.stream.length
    return StreamingHttpResponse(placed, content_type="video/mp4", headers=headers)
