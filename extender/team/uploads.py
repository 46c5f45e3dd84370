"""What comes in with a form: no file, save where the view says so, and nothing larger than it may be is even read."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.uploadhandler import (
    FileUploadHandler,
    MemoryFileUploadHandler,
    SkipFile,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render

# A file that is too large by less than this is told of beside its field, with all that was typed.
TOLD_BYTES = 2 << 20

View = TypeVar("View", bound=Callable[..., HttpResponse])


def takes_file(most: int) -> Callable[[View], View]:
    """Marks a view whose form brings a file, of `most` bytes. No other view gets any."""

    def mark(view: View) -> View:
        marked: Any = view
        marked.most_file_bytes = most
        return view

    return mark


class UploadMiddleware:
    """Answers 413 to a body that is larger than the view may get, and lets files in where they may come.

    It stands before whatever reads forms: Django's care for forgery does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        """The refusal, if it is one."""
        most = getattr(view, "most_file_bytes", 0)
        room = most + TOLD_BYTES if most else 0
        if _announced(request) > room + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return render(request, "project/413.html", status=413)
        if most:
            request.upload_handlers = _handlers(request, most)  # type: ignore[assignment]  # any handlers will do
        return None


class NoFile(FileUploadHandler):
    """Refuses a form that brings a file: 400."""

    def new_file(self, *_: Any, **__: Any) -> None:
        """Ends the reading."""
        raise MultiPartParserError("This form takes no file.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never comes to that."""

    def file_complete(self, file_size: int) -> None:
        """Never comes to that."""


class _Dropped(NoFile):
    """Reads past a file: of who was signed out meanwhile the words are kept."""

    def new_file(self, *_: Any, **__: Any) -> None:
        raise SkipFile


class _Bounded(FileUploadHandler):
    """Keeps of a file no more than the piece in which it grows larger than `most` bytes, and is then refused."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self._most = most

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """The chunk for the handlers that follow, or None."""
        return raw_data if start <= self._most else None

    def file_complete(self, file_size: int) -> None:
        """Leaves the file to them."""


def _handlers(request: HttpRequest, most: int) -> list[FileUploadHandler]:
    if not request.user.is_authenticated:
        return [_Dropped(request)]
    return [_Bounded(request, most), MemoryFileUploadHandler(request), TemporaryFileUploadHandler(request)]


def _announced(request: HttpRequest) -> int:
    """How many bytes are to come, as Django itself reads it."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
