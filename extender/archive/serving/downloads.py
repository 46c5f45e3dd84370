"""Files for people's own disks: one clip from where it lies, every clip of a task in one zip, or those of a film."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from django.http import StreamingHttpResponse
from zipstream import ZIP_STORED, ZipStream

from extender.archive import files, storage
from extender.archive.fetching import open_clip
from extender.archive.names import disposition
from extender.archive.serving import readers
from extender.lineage.branches import Branch
from extender.tasks.models import Clip, Task
from extender.tasks.slots import DOWNLOADS
from extender.team.sign_in import MemberRequest

logger = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024


def one(request: MemberRequest, clip: Clip) -> StreamingHttpResponse:
    """A clip that is not copied yet, passed on from where it lies; by HEAD without its bytes.

    Raises `Full`, and `Unavailable` where its host does not give it now.
    """
    with _place(request) as held:
        stream = held.enter_context(open_clip(clip.source_url))
        return _answer(
            request,
            _Body(stream, held.pop_all()),
            clip.file_name,
            storage.content_type(clip.file_name),
            stream.length,
        )


def every(request: MemberRequest, task: Task) -> StreamingHttpResponse:
    """Every clip of `task` that can be had, in one zip that is made as it is sent. Raises `Full`."""
    return _zip(request, f"{task.slug}.zip", {clip.file_name: clip for clip in task.available_clips})


def for_editors(request: MemberRequest, branch: Branch) -> StreamingHttpResponse:
    """Every stored take of a film, and its cut list, in one zip that is made as it is sent. Raises `Full`."""
    # Its library takes long to load, and few processes need it.
    from extender.lineage.editors import FOLDER, CutList, documents

    cuts = CutList(branch)
    files = {FOLDER + take.name: take.clip for take in cuts.takes if take.clip.is_stored}
    return _zip(request, f"{branch.here.task.slug}-for-editors.zip", files, documents(cuts))


def _place(request: MemberRequest) -> ExitStack:
    """A thread for a download: one of each member's, and a few in all. Raises `Full`."""
    with ExitStack() as held:
        held.callback(readers.begin_download(request.user))
        held.enter_context(DOWNLOADS.slot())
        return held.pop_all()


def _zip(
    request: MemberRequest, name: str, clips: dict[str, Clip], texts: dict[str, bytes] | None = None
) -> StreamingHttpResponse:
    """A zip of `texts` and `clips` by their names in it. Raises `Full`.

    Videos do not shrink, so they are stored as they are; and where all are here, the zip's size is known beforehand.
    """
    sized = all(clip.is_stored for clip in clips.values())
    with _place(request) as held:
        zipped = ZipStream(compress_type=ZIP_STORED, sized=sized)
        for inner, text in (texts or {}).items():
            zipped.add(text, inner)
        for inner, clip in clips.items():
            zipped.add(_bytes_of(clip), inner, size=clip.bytes if sized else None)
        length = len(zipped) if sized else None
        made = iter(zipped)
        # What is open in the middle of it is closed by its own generator.
        held.callback(getattr(made, "close", lambda: None))
        return _answer(request, _Body(made, held.pop_all()), name, "application/zip", length)


class _Body:
    """The bytes of a download; what it holds is let go when the response is closed, even where nothing was read."""

    def __init__(self, chunks: Iterable[bytes], held: ExitStack) -> None:
        self._chunks = chunks
        self._held = held

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        self._held.close()


def _bytes_of(clip: Clip) -> Iterator[bytes]:
    """The bytes of a clip, from here or from where it lies; nothing is opened before the first is wanted."""
    if file := _open(clip):
        with file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    else:
        with open_clip(clip.source_url) as stream:
            yield from stream


def _open(clip: Clip) -> BinaryIO | None:
    """Our file of the clip; None where there is none, or the store has lost it."""
    if not clip.is_stored:
        return None
    try:
        return storage.current_store().open(files.name(clip))
    except (FileNotFoundError, storage.StoreTrouble) as error:
        logger.error("%s cannot be read: %s", clip, error)
        return None


def _answer(
    request: MemberRequest, body: _Body, name: str, content_type: str, length: int | None
) -> StreamingHttpResponse:
    # A proxy that takes much in advance takes nothing afterwards: it would be hung up on, as who has stopped.
    headers = {"Cache-Control": "private", "Content-Disposition": disposition(name), "X-Accel-Buffering": "no"}
    if length:
        headers["Content-Length"] = str(length)
    if request.method == "HEAD":
        # The server would throw every byte away, but read it first.
        body.close()
        return StreamingHttpResponse((), content_type=content_type, headers=headers)
    return StreamingHttpResponse(body, content_type=content_type, headers=headers)
