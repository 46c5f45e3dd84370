"""Files for people's own disks: one clip from where it lies, or every clip of a task in one zip."""

import logging
from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import BinaryIO, Protocol

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from zipstream import ZIP_STORED, ZipStream

from extender.archive import storage
from extender.archive.fetching import open_clip
from extender.models import Clip, Task
from extender.network.errors import Unavailable

logger = logging.getLogger(__name__)

# A download holds one of the 8 threads as long as it lasts; with the 3 places for APIFRAME, 3 stay free for pages.
PLACES = BoundedSemaphore(2)
CHUNK_BYTES = 64 * 1024


class NotNow(Exception):
    """It cannot be passed on just now. `str()` is a sentence for whoever asked."""


class Source(Protocol):
    """Bytes as they come, from something that wants to be closed."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


def one(clip: Clip, method: str | None = "GET") -> StreamingHttpResponse:
    """A clip that is not copied yet, passed on from where it lies; by HEAD without its bytes. Raises `NotNow`."""
    with _Place() as place:
        try:
            stream = open_clip(clip.url)
        except Unavailable as error:
            raise NotNow(str(error)) from error
        return _file(method, place.lent_to(stream), clip.file_name, "video/mp4", stream.length)


def every(task: Task, method: str | None = "GET") -> StreamingHttpResponse:
    """Every clip of `task` that can be had, in one zip that is made as it is sent. Raises `NotNow`.

    Videos do not shrink, so they are stored as they are; and where all are here, the zip's size is known beforehand.
    """
    clips = task.available_clips
    sized = all(clip.is_safe for clip in clips)
    with _Place() as place:
        zipped = ZipStream(compress_type=ZIP_STORED, sized=sized)
        for clip in clips:
            size = clip.copy.bytes if clip.copy and sized else None
            zipped.add(_bytes_of(clip), clip.file_name, size=size)
        length = len(zipped) if sized else None
        return _file(method, place.lent_to(_Zip(zipped)), f"{task.slug}.zip", "application/zip", length)


class _Zip:
    """A zip that is being made."""

    def __init__(self, zipped: ZipStream) -> None:
        self.zipped = zipped
        self.made = iter(zipped)

    def __iter__(self) -> Iterator[bytes]:
        return self.made

    def close(self) -> None:
        # What is open in the middle of it is let go by its own generator.
        getattr(self.made, "close", lambda: None)()


def _bytes_of(clip: Clip) -> Iterator[bytes]:
    """The bytes of a clip, from here or from where it lies; nothing is opened before the first is wanted."""
    if file := _open(clip):
        with file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    else:
        with open_clip(clip.url) as stream:
            yield from stream


def _open(clip: Clip) -> BinaryIO | None:
    """Our copy of the clip; None where there is none, or the store has lost it."""
    if not (clip.copy and clip.copy.is_safe):
        return None
    try:
        return storage.current_store().open(storage.name(clip.copy.sha256, "clip"))
    except (FileNotFoundError, storage.StoreTrouble) as error:
        logger.error("%s cannot be read: %s", clip.copy, error)
        return None


class _Place:
    """One of the places for downloads: given back at the end of the block, unless it was lent to a response."""

    def __enter__(self) -> "_Place":
        if not PLACES.acquire(blocking=False):
            raise NotNow("Too many downloads are running just now. Try again in a moment.")
        self._lent = False
        return self

    def lent_to(self, source: Source) -> "_Lent":
        self._lent = True
        return _Lent(source)

    def __exit__(self, *_: object) -> None:
        if not self._lent:
            PLACES.release()


class _Lent:
    """A source that gives its place back when the response is closed, even where nothing was read from it."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.source)

    def close(self) -> None:
        try:
            self.source.close()
        finally:
            PLACES.release()


def _file(
    method: str | None, source: _Lent, name: str, content_type: str, length: int | None
) -> StreamingHttpResponse:
    headers = {"Cache-Control": "private"}
    if disposition := content_disposition_header(as_attachment=True, filename=name):
        headers["Content-Disposition"] = disposition
    if length:
        headers["Content-Length"] = str(length)
    if method == "HEAD":
        # The server would throw every byte away, but read it first.
        source.close()
        return StreamingHttpResponse((), content_type=content_type, headers=headers)
    return StreamingHttpResponse(source, content_type=content_type, headers=headers)
