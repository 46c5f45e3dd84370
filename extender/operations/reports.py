"""What browsers say that a page of ours was kept from: counted for staff.

Anybody may send such a report. So few are read, of each no more than what it is about, and few kinds are kept.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from extender.operations.models import Violation

MAX_BYTES = 16 * 1024
MAX_READ = 10  # of one body
A_MINUTE = 30  # bodies that a process reads
DIRECTIVE = re.compile(
    r"(script|style|img|media|connect|frame|font|worker|object|manifest|child|default)-src(-elem|-attr)?"
)
OTHER_DIRECTIVES = {"form-action", "base-uri", "frame-ancestors", "require-trusted-types-for", "trusted-types"}
WORD = re.compile(r"[a-z-]{1,30}")


class Allowance:
    """So many in each minute, and no more."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute, self._lock = a_minute, Lock()
        self._minute, self._taken = -1, 0

    def take(self) -> bool:
        """Whether one more is allowed now."""
        with self._lock:
            minute = int(time.monotonic() // 60)
            if minute != self._minute:
                self._minute, self._taken = minute, 0
            self._taken += 1
            return self._taken <= self._a_minute


BODIES = Allowance(A_MINUTE)


@csrf_exempt
@login_not_required
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Counts what a browser reports. 204, whatever it is: who sends it learns nothing."""
    if BODIES.take() and len(body := request.read(MAX_BYTES + 1)) <= MAX_BYTES:
        with suppress(DatabaseError):
            for violation in _read(body):
                Violation.objects.count_one(**violation)
    return HttpResponse(status=204)


def _read(body: bytes) -> Iterator[dict[str, str]]:
    """What each report in it is about, in either of the two forms that browsers use."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return
    for report in (found if isinstance(found, list) else [found])[:MAX_READ]:
        about = report.get("csp-report", report.get("body")) if isinstance(report, dict) else None
        if isinstance(about, dict) and (directive := _directive(about)):
            yield {
                "directive": directive,
                "blocked": _blocked(about.get("blockedURL", about.get("blocked-uri"))),
                "page": _page(about.get("documentURL", about.get("document-uri"))),
            }


def _directive(about: dict[str, Any]) -> str:
    said = about.get("effectiveDirective", about.get("effective-directive", about.get("violated-directive")))
    name = str(said).partition(" ")[0]
    return name if DIRECTIVE.fullmatch(name) or name in OTHER_DIRECTIVES else ""


def _blocked(said: object) -> str:
    """The origin of what was kept out, or what it is in a word. What follows the host may be a secret."""
    # A half of a character, which JSON can name, no database takes.
    text = str(said).encode(errors="replace").decode()
    with suppress(ValueError):
        parts = urlsplit(text)
        if parts.scheme and parts.hostname:
            return f"{parts.scheme}://{parts.hostname}"[:100]
        if WORD.fullmatch(parts.scheme or text):
            return parts.scheme or text
    return "unreadable"


def _page(said: object) -> str:
    """The route of the page: "s/<str:token>/", with no token in it."""
    with suppress(ValueError, Resolver404):
        return str(resolve(urlsplit(str(said)).path).route)[:100]
    return "elsewhere"
