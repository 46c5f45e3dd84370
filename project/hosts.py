"""Whoever asks for this server by a name that is none of its own is told so in a line, and the log has no more."""

import logging
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

MAX_TOLD = 100


class KnownHostMiddleware:
    """Answers 400 where the Host header is rubbish, or not among `ALLOWED_HOSTS`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost:
            logger.warning("asked for by another name: %.*r", MAX_TOLD, request.META.get("HTTP_HOST"))
            line = "This server has another name. Where this one is right, add it to ALLOWED_HOSTS.\n"
            return HttpResponse(line, status=400, content_type="text/plain")
        return self.get_response(request)
