"""How a stored file's bytes reach a browser: from us, from the proxy in front of us, or from the bucket."""

import os
from contextlib import ExitStack
from typing import BinaryIO

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, parse_http_date_safe

from extender.archive.names import disposition
from extender.archive.serving import readers
from extender.archive.serving.ranges import Slice, Unsatisfiable, content_range, parse_range
from extender.archive.storage import Store, content_type, current_store
from extender.archive.storage.base import ADDRESS_SECONDS

# A stored file never changes; but who may see it does, and a browser's copy cannot be taken back.
CACHED_SECONDS = 7 * 24 * 60 * 60
CHUNK_BYTES = 64 * 1024


def respond(
    request: HttpRequest,
    name: str,
    sha256: str,
    *,
    download_name: str | None = None,
    revocable: bool = False,
    link: str = "",
    store: Store | None = None,
) -> HttpResponseBase:
    """The answer to a GET or HEAD for the stored file `name`, whose checksum is `sha256`.

    With `download_name` the browser saves it under that name. A `revocable` answer is asked for again at each use,
    as a guest's `link` must be. Asks nothing of the database. FileNotFoundError where our own disk does not have
    the file, `StoreTrouble` where it cannot be read, `Full` where too many are being read.
    """
    store = store or current_store()
    method = "HEAD" if request.method == "HEAD" else "GET"
    address = store.address(name, method=method, download_name=download_name)
    if address:
        return _elsewhere(address, revocable)
    headers = _headers(name, download_name, revocable)
    if settings.X_ACCEL_PREFIX:
        # ETag, Last-Modified, ranges and conditions are the proxy's own, as it alone looks at the file.
        return HttpResponse(headers={**headers, "X-Accel-Redirect": settings.X_ACCEL_PREFIX + name})
    return _file(request, store.open(name), headers, f'"{sha256}"', link)


def _headers(name: str, download_name: str | None, revocable: bool) -> dict[str, str]:
    headers = {
        "Content-Type": content_type(name),
        "Cache-Control": "private, no-cache" if revocable else f"private, max-age={CACHED_SECONDS}, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    if download_name:
        headers["Content-Disposition"] = disposition(download_name)
    return headers


def _elsewhere(address: str, revocable: bool) -> HttpResponse:
    # Forgotten long before the address ends, so that a film that begins by it can also be finished.
    cached = "no-cache" if revocable else f"max-age={ADDRESS_SECONDS // 2}"
    return HttpResponse(status=302, headers={"Location": address, "Cache-Control": f"private, {cached}"})


def _file(request: HttpRequest, file: BinaryIO, headers: dict[str, str], etag: str, link: str) -> HttpResponseBase:
    """The answer from the open `file`, closed when the answer is, or at once where nothing of it is sent."""
    stat = os.fstat(file.fileno())
    size, modified = stat.st_size, int(stat.st_mtime)
    whole = HttpResponse(headers={**headers, "ETag": etag, "Last-Modified": http_date(modified)})
    answer = get_conditional_response(request, etag, modified, whole)
    if answer and answer is not whole:
        file.close()
        return _without_length(answer) if answer.status_code == 304 else answer
    try:
        asked = parse_range(request.headers.get("Range", ""), size) if _still(request, etag, modified) else None
    except Unsatisfiable:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    return _part(request, file, dict(whole.items()), asked, size, link)


def _part(
    request: HttpRequest, file: BinaryIO, headers: dict[str, str], asked: range | None, size: int, link: str
) -> HttpResponseBase:
    """The answer with the part of the file that is `asked` for, or with all of it."""
    sent = asked or range(size)
    with ExitStack() as held:
        held.callback(file.close)
        if request.method != "HEAD" and len(sent) > readers.COUNTED_BYTES:
            held.callback(readers.begin(request, link))
        body = Slice(file, sent, held.pop_all())
    headers |= {"Content-Range": content_range(asked, size)} if asked else {"Accept-Ranges": "bytes"}
    headers["Content-Length"] = str(len(sent))
    status = 206 if asked else 200
    if request.method == "HEAD":
        body.close()
        return HttpResponse(status=status, headers=headers)
    # It guesses a type, and puts it in the place of a header.
    return _SentFile(body, status=status, content_type=headers.pop("Content-Type"), headers=headers)


class _SentFile(FileResponse):
    # Django's 4 KiB are slow where the server does not know sendfile().
    block_size = CHUNK_BYTES


def _still(request: HttpRequest, etag: str, modified: int) -> bool:
    """Whether the file is still the one that the browser has a part of (If-Range)."""
    condition = request.headers.get("If-Range")
    if condition is None:
        return True
    return condition == etag if condition.endswith('"') else parse_http_date_safe(condition) == modified


def _without_length(answer: HttpResponse) -> HttpResponseBase:
    # A middleware says of every answer with content how long it is: "0" would be said of the file.
    bare = StreamingHttpResponse((), status=answer.status_code, headers=dict(answer.items()))
    del bare["Content-Type"]
    return bare
