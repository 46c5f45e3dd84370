"""Answers to requests, and how each fault spoils one."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from extender.sandbox import wire

PLAIN, HANG_UP, DRIP, HUGE, GZIP_BOMB, CUT = "plain", "hang-up", "drip", "huge", "gzip-bomb", "cut"

MOVED_TO = "https://api.moved.example/v9"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delivery: str = PLAIN  # how the bytes are sent
    wait: float = 0.0  # seconds before they are sent


def of(status: int, body: Any, **headers: str) -> Answer:
    return Answer(
        status, wire.encoded(body), headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def refused(status: int, *messages: str) -> Answer:
    return of(status, wire.errors(*messages))


def packed(answer: Answer) -> Answer:
    """The same, compressed, though nobody asked for it."""
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return replace(answer, body=gzip.compress(answer.body), headers=headers)


def _page(status: int, title: str) -> Answer:
    page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>The web server reported an error.</p>"
    return Answer(status, page.encode(), "text/html; charset=utf-8")


# By a fault, the answer that is sent instead of the true one.
INSTEAD = {
    "400": refused(400, "The request was refused"),
    "401": of(401, {}),
    "402": refused(402, "You do not have enough credits"),
    "403": refused(403, "This prompt is against the rules"),
    "404": refused(404, "Task not found"),
    "408": refused(408, "Request timed out"),
    "429": replace(refused(429, "Too many requests"), headers={"Retry-After": "2"}),
    "500": of(500, {}),
    "500-billed": of(500, {}),
    "stall-unbilled": of(500, {}),
    "html": _page(200, "One moment, please"),
    "html-404": _page(404, "404 Not Found"),
    "html-502": _page(502, "502 Bad Gateway"),
    "empty": Answer(200),
    "no-task-id": of(200, {}),
    "errors-200": refused(200, "The prompt was refused"),
    "door-1010": Answer(403, b"error code: 1010", "text/plain"),
    **{f"moved-{status}": Answer(status, headers={"Location": MOVED_TO}) for status in (301, 302, 307, 308)},
}
# How the id of a task is said in place of `task_id`.
IDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "id-number": lambda task_id: {"task_id": int(task_id)},
    "id-renamed": lambda task_id: {"data": {"taskId": task_id}},
    "id-elsewhere": lambda task_id: {"id": task_id},
}
DELIVERIES = {
    "hang-up": HANG_UP,
    "hang-up-billed": HANG_UP,
    "drip": DRIP,
    "huge": HUGE,
    "gzip-bomb": GZIP_BOMB,
}
STALLS = {"stall", "stall-unbilled"}


def spoilt(answer: Answer, fault: str | None, stall: float) -> Answer:
    """The answer that is sent instead of `answer` under a fault. `stall`: seconds that a stall lasts."""
    if fault is None:
        return answer
    if fault in IDS:
        answer = of(200, IDS[fault](json.loads(answer.body)["task_id"]))
    return replace(
        INSTEAD.get(fault, answer), delivery=DELIVERIES.get(fault, PLAIN), wait=stall if fault in STALLS else 0.0
    )
