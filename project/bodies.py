"""Bodies that come in chunks, with no length announced: to Django these would be empty."""

from collections.abc import Callable
from io import BytesIO

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse


class ChunkedBodyMiddleware:
    """Reads such a body first: 413 beyond `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes, 411 without an end, 400 if spoilt."""

    def __init__(self, get_response: Callable[[WSGIRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: WSGIRequest) -> HttpResponse:
        environ = request.environ
        if environ.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" not in environ:
            return self.get_response(request)
        if not environ.get("wsgi.input_terminated"):
            return _refusal(411, "This server needs a Content-Length: send the body whole, not in chunks.")
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            body = environ["wsgi.input"].read(most + 1)
        except Exception:
            # Each server has errors of its own for that.
            return _refusal(400, "The chunks of this body are spoilt, or break off.")
        if len(body) > most:
            return _refusal(413, f"A body may have {most} bytes at most.")
        return self.get_response(
            type(request)({**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        )


def _refusal(status: int, line: str) -> HttpResponse:
    return HttpResponse(f"{line}\n", status=status, content_type="text/plain")
