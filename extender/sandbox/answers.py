"""Answers to requests, and how each fault spoils one."""

import gzip
import json
from dataclasses import dataclass, field, replace
from typing import Any

from extender.sandbox import wire

PLAIN, HANG_UP, DRIP, HUGE, GZIP_BOMB, CUT = "plain", "hang-up", "drip", "huge", "gzip-bomb", "cut"

MOVED_TO = "https://api.moved.example/v9"

_PAGE = "<!doctype html><title>{0}</title><h1>{0}</h1><p>The web server reported an error.</p>"


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


def _id_in(answer: Answer) -> str:
    return json.loads(answer.body)["task_id"]


def spoilt(answer: Answer, fault: str | None, stall: float) -> Answer:
    """The answer that is sent instead of `answer` under a fault. `stall`: seconds that a stall lasts."""
    match fault:
        case None:
            return answer
        case "400":
            return refused(400, "The request was refused")
        case "401":
            return of(401, {})
        case "402":
            return refused(402, "You do not have enough credits")
        case "403":
            return refused(403, "This prompt is against the rules")
        case "404":
            return refused(404, "Task not found")
        case "408":
            return refused(408, "Request timed out")
        case "429":
            return replace(refused(429, "Too many requests"), headers={"Retry-After": "2"})
        case "500" | "500-billed":
            return of(500, {})
        case "stall":
            return replace(answer, wait=stall)
        case "stall-unbilled":
            return replace(of(500, {}), wait=stall)
        case "hang-up" | "hang-up-billed":
            return replace(answer, delivery=HANG_UP)
        case "html":
            return Answer(200, _PAGE.format("One moment, please").encode(), "text/html; charset=utf-8")
        case "html-404":
            return Answer(404, _PAGE.format("404 Not Found").encode(), "text/html; charset=utf-8")
        case "html-502":
            return Answer(502, _PAGE.format("502 Bad Gateway").encode(), "text/html; charset=utf-8")
        case "empty":
            return Answer(200)
        case "no-task-id":
            return of(200, {})
        case "errors-200":
            return refused(200, "The prompt was refused")
        case "id-number":
            return of(200, {"task_id": int(_id_in(answer))})
        case "id-renamed":
            return of(200, {"data": {"taskId": _id_in(answer)}})
        case "id-elsewhere":
            return of(200, {"id": _id_in(answer)})
        case "door-1010":
            return Answer(403, b"error code: 1010", "text/plain")
        case "moved-301" | "moved-302" | "moved-307" | "moved-308":
            return Answer(int(fault[-3:]), headers={"Location": MOVED_TO})
        case _:
            return replace(answer, delivery=fault)  # drip, huge, gzip-bomb
