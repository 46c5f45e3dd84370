"""APIFRAME's documented bodies, and what it refuses."""

import json
import math
import re
from typing import Any
from urllib.parse import urlsplit

from extender.sandbox.life import FAILED, FINISHED, Moment
from extender.sandbox.store import EXTEND, PICTURES, START, Task

# The bytes of a signature, as they stand: whoever writes one of them another way has signed something else.
SIGNATURE = "Expires=1%2f2%2F3&Key=a%7Eb~c+d%20e%2B&Signature=%3D%3d=="

REQUIRED = {
    PICTURES: ("prompt",),
    START: ("prompt", "image_url"),
    EXTEND: ("parent_task_id", "index", "prompt"),
}

LONG = 2300  # characters of an address

_RATIO = re.compile(r"([1-9]\d?):([1-9]\d?)")
_BATCH = re.compile(r"--bs\s+([124])(?!\S)")


def errors(*messages: str) -> dict[str, Any]:
    return {"errors": [{"msg": message} for message in messages]}


def parsed(raw: bytes) -> dict[str, Any] | None:
    """A request's JSON object; None if it is anything else."""
    try:
        body = json.loads(raw)
        json.dumps(body, ensure_ascii=False).encode()  # refuses lone surrogates, which nothing can store
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def encoded(body: Any) -> bytes:
    """JSON. An infinite percentage is written as 1e999: valid JSON that many parsers read as infinity."""
    text = json.dumps(body)
    return text.replace(": Infinity", ": 1e999").encode() if _has_infinity(body) else text.encode()


def _has_infinity(body: Any) -> bool:
    if isinstance(body, dict):
        return any(map(_has_infinity, body.values()))
    return any(map(_has_infinity, body)) if isinstance(body, list) else body == math.inf


def submit_errors(task_type: str, fields: dict[str, Any]) -> list[str]:
    """Why a submit is refused, a sentence for each field at fault; empty if nothing is."""
    required = REQUIRED[task_type]
    found = [f"{name} is required" for name in required if _is_blank(fields.get(name))]
    texts = ("parent_task_id", "prompt", "image_url", "webhook_url", "webhook_secret")
    present = [name for name in fields if not (name in required and _is_blank(fields[name]))]
    found += [f"{name} must be a string" for name in texts if name in present and not _is_text(fields[name])]
    if task_type == EXTEND and "index" in present and fields["index"] not in ("1", "2", "3", "4"):
        found.append('index must be a string, one of "1", "2", "3", "4"')
    if fields.get("motion", "low") not in ("low", "high"):
        found.append("motion must be low or high")
    for name in ("image_url", "webhook_url"):
        if name in present and _is_text(fields[name]) and not _is_web_address(fields[name]):
            found.append(f"{name} must be an http or https address")
    if "aspect_ratio" in fields and ratio(fields["aspect_ratio"]) is None:
        found.append('aspect_ratio must be such as "16:9", from 1:3 to 3:1')
    if fields.get("process_mode", "fast") not in ("fast", "turbo"):
        found.append("process_mode must be fast or turbo")
    return found


def ratio(text: Any) -> float | None:
    """Width over height, as "16:9" says it; None if it says none, or one that is too narrow or too wide."""
    match = _RATIO.fullmatch(text) if _is_text(text) else None
    share = int(match[1]) / int(match[2]) if match else 0
    return share if 1 / 3 <= share <= 3 else None


def _is_blank(value: Any) -> bool:
    return value is None or (_is_text(value) and not value.strip())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def batch_size(prompt: str) -> int:
    """How many clips the prompt asks for: 1 or 2 with `--bs`, else 4."""
    match = _BATCH.search(prompt)
    return int(match[1]) if match else 4


def task_body(task: Task, moment: Moment, origin: str, *, has_status: bool) -> dict[str, Any]:
    """The task as /fetch and the webhooks show it; `has_status`: also when it is finished.

    The documented example of a finished task has no status, while APIFRAME's SDK waits for "finished".
    """
    body: dict[str, Any] = {"task_id": task.task_id, "task_type": task.task_type}
    if moment.status == FINISHED:
        status = {"status": "completed" if "completed" in task.words else FINISHED} if has_status else {}
        return body | status | _results(task, origin)
    if moment.status == FAILED:
        return body | _failure(task, moment.reason)
    body["status"] = moment.status
    if moment.percentage is not None:
        body["percentage"] = moment.percentage
    if "running-message" in task.words:
        body["message"] = "Your video is being rendered"
    return body


def _failure(task: Task, reason: str | None) -> dict[str, Any]:
    if "fail-error" in task.words:
        return {"status": FAILED, "error": {"message": reason}}
    for word in ("detail", "reason"):
        if f"fail-{word}" in task.words:
            return {"status": FAILED, word: reason}
    for word in ("cancelled", "timeout"):
        if word in task.words:
            return {"status": word}
    if "fail-list" in task.words:
        return {"status": "error", "error_messages": [reason]}
    return {"status": FAILED, "message": reason}


def _results(task: Task, origin: str) -> dict[str, Any]:
    if task.task_type == PICTURES:
        base = f"{origin}/images/{task.task_id}"
        return {"original_image_url": f"{base}/grid.png", "image_urls": _urls(task, base)}
    return {"video_urls": _urls(task, f"{origin}/videos/{task.task_id}")}


def _urls(task: Task, base: str) -> list[Any]:
    """The addresses of a finished task's clips or pictures, in order of their index."""
    urls: list[Any] = [f"{base}/{take}.{task.suffix}" for take in range(1, task.takes + 1)]
    if "clips-5" in task.words:
        return [*urls, f"{base}/5.{task.suffix}"]
    if "clips-doubled" in task.words:
        return [url for url in urls[:2] for _ in range(2)]
    if "clips-bad" in task.words:
        return ["javascript:alert(document.domain)", "http://192.0.2.1/2.mp4", 7, *urls[3:]]
    if "clips-signed" in task.words:
        return [f"{url}?{SIGNATURE}" for url in urls]
    if "clips-long" in task.words:
        return [f"{url}?token=".ljust(LONG, "x") for url in urls]
    if "clips-http" in task.words:
        return [f"http://clips.example/{take}.{task.suffix}" for take in range(1, task.takes + 1)]
    if "clips-objects" in task.words:
        return [{"url": url, "width": 832} for url in urls]
    if "clips-unreadable" in task.words:
        return [{"asset": take} for take in range(1, task.takes + 1)]
    if "clips-lost" in task.words:
        return [f"{base}/lost-{take}.{task.suffix}" for take in range(1, task.takes + 1)]
    return urls
