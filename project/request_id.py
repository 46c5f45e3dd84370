"""A short id for each request, in every log line it causes and on the page that says something broke."""

import logging
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIdMiddleware:
    """Names the request; never trusts a name that the visitor sends."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = secrets.token_hex(4)
        request_id.set(name)
        response = self.get_response(request)
        response["X-Request-ID"] = name
        # Proxies set the other one too. What lacks this comes from somebody else, and no script of ours swaps it in.
        response["X-Extender"] = "yes"
        return response


class RequestIdFilter(logging.Filter):
    """Gives each log record its `request_id`, "-" outside a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True
