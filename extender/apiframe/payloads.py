"""APIFRAME's JSON, translated at the door into our words.

Nothing beyond this module knows how APIFRAME spells a state, a percentage or a reason.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

from extender.network.addresses import may_be_fetched
from extender.states import State

# Any other word means: still open, and somebody is working on it.
STATES = {
    "pending": State.PENDING,
    "staged": State.PENDING,
    "retry": State.PENDING,
    "retrying": State.PENDING,
    "starting": State.PROCESSING,
    "processing": State.PROCESSING,
    "finished": State.FINISHED,
    "failed": State.FAILED,
    "error": State.FAILED,
    **dict.fromkeys(("completed", "complete", "success", "succeeded", "done"), State.FINISHED),
    **dict.fromkeys(("cancelled", "canceled", "timeout", "timed_out", "moderated", "rejected"), State.FAILED),
}
# Places in which look-alike services wrap what they say.
WRAPPINGS = ("data", "result", "task", "response")
MAX_REASON = 2000
MAX_RAW = 4000
MAX_ID = 64
# Of a number of at most 64 digits, with room; Python refuses to spell much longer ones.
MAX_BITS = 256
LIKELY_ID = re.compile(r'"(?:id|uuid|_id|job_?id|request_?id)"\s*:\s*"?([\w-]{6,64})(?![\w-])', re.IGNORECASE)
# At any depth, in any spelling: our webhook's address and secret, and the key, should APIFRAME repeat them.
# Names have a most length: one without an end would be read anew from each word in it.
SECRETS = re.compile(
    r"""((?:webhook|authorization|api[_-]?key)[\w-]{0,64}[\\"']*\s*[:=]\s*)([\\]*["'](?:[^"\\]|\\.)*|[^\s,;&}<]+)""",
    re.I,
)
OUR_ADDRESS = re.compile(r"""(/webhooks/apiframe\\?/)[^/\s"'\\]+""")
KEPT_BYTES = 2048
MAX_URL = 8192
UNREADABLE = "APIFRAME has finished this, and where its clips are cannot be read yet."


@dataclass(frozen=True)
class TaskUpdate:
    """What was said about a task, in our words."""

    state: State
    remote_id: str = ""
    percentage: int | None = None
    """0 to 100, or None where nothing sensible was said."""
    clip_urls: tuple[str | None, ...] = ()
    """A place for each clip by its index, None where that clip is missing or unusable."""
    has_pictures: bool = False
    """The clips are still pictures."""
    reason: str = ""
    retried: bool = False
    """APIFRAME put the task back into its queue: the percentage may fall, this once."""
    retry_in: timedelta | None = None
    """How long to wait before the next attempt, where somebody said so."""
    raw: str = field(default="", compare=False, repr=False)
    """As it came, cut to size and without secrets: for staff."""


def parse_task(body: Any, usable: Callable[[str], bool]) -> TaskUpdate:
    """Translates one task's JSON, from a status answer or a webhook.

    `usable` says whether a clip's address may be kept. Raises `ValueError` where the body is not about a task.
    """
    task = unwrapped(body)
    remote_id = id_in(task)
    if not remote_id:
        raise ValueError("not a task of APIFRAME")
    return replace(_translate(task, remote_id, usable), raw=without_secrets(body))


def unwrapped(body: Any) -> dict[str, Any]:
    """The object in `body` that names a task: itself, or what it wraps; {} where none does."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        return {}
    inner = (value for name in WRAPPINGS for value in [body.get(name)] if isinstance(value, dict))
    return next((found for found in (body, *inner) if id_in(found)), {})


def id_in(task: dict[str, Any]) -> str:
    """The id that `task` plainly names as one, however that is spelt, its digits as they stand; "" for none."""
    for name, value in task.items():
        if re.sub("[_-]", "", name).lower() == "taskid":
            found = str(value) if type(value) is int and value.bit_length() < MAX_BITS else _text(value)
            if found and len(found) <= MAX_ID:
                return found
    return ""


def picture_url_in(body: dict[str, Any]) -> str:
    """Where `body` says that an uploaded picture lies; "" where it does not."""
    inner = (value for name in WRAPPINGS for value in [body.get(name)] if isinstance(value, dict))
    for found in (body, *inner):
        for name, value in found.items():
            if re.sub("[_-]", "", name).lower() in ("imageurl", "url") and re.match("https?://", _text(value)):
                return _text(value)
    return ""


def likely_id_in(kept: str) -> str:
    """What may be a task's id in the text that was kept of an answer: a person has to say so. "" for none."""
    found = LIKELY_ID.search(kept)
    return found[1] if found else ""


def refusal_in(body: dict[str, Any]) -> str:
    """APIFRAME's words where it speaks of errors and of no task, whatever the HTTP status; "" for none."""
    if not any(body.get(name) for name in ("errors", "error", "error_messages")):
        return ""
    return "" if id_in(unwrapped(body)) else reason_of(body)


def _translate(body: dict[str, Any], remote_id: str, usable: Callable[[str], bool]) -> TaskUpdate:
    word = _text(body.get("status")).lower()
    state = STATES.get(word, State.PROCESSING)
    videos, pictures = body.get("video_urls"), body.get("image_urls")
    urls = _clip_urls(videos or pictures, usable)
    # The documented success has no status: the clips are what success looks like.
    if state != State.FAILED and any(urls):
        return TaskUpdate(State.FINISHED, remote_id, 100, urls, has_pictures=not videos)
    if state == State.FINISHED or (not word and not {"video_urls", "image_urls"}.isdisjoint(body)):
        return TaskUpdate(State.PROCESSING, remote_id, 100, reason=UNREADABLE)
    if state == State.FAILED:
        return TaskUpdate(State.FAILED, remote_id, reason=reason_of(body) or _reasonless(word))
    return TaskUpdate(state, remote_id, _percentage(body.get("percentage")), retried=word in ("retry", "retrying"))


def _reasonless(word: str) -> str:
    said = "" if word in ("failed", "error") else f" It says: {word}."
    return f"APIFRAME gave no reason.{said}"


def without_secrets(body: Any) -> str:
    """A body as text for the record: without what must not be read there, and cut to 4,000 characters."""
    try:
        text = json.dumps(body, ensure_ascii=False)
    except RecursionError:
        return ""
    return redacted(text)[:MAX_RAW]


def kept_of(body: bytes, *secrets: str) -> str:
    """The first 2 KiB of a body as it came, for the record: without `secrets`, and what must not be read there."""
    # Cut last: of half a secret nobody could tell what it is.
    return redacted(body.decode("utf-8", "replace"), *secrets).encode()[:KEPT_BYTES].decode("utf-8", "ignore")


def redacted(text: str, *secrets: str) -> str:
    """`text` for the record: without `secrets`, our webhook's address, what is named like a secret, and NUL."""
    for secret in secrets:
        text = text.replace(secret, "…")
    text = OUR_ADDRESS.sub(r"\1…", SECRETS.sub(r'\1"…', text))
    return _storable(text.replace("\\u0000", ""))


def reason_of(body: Any) -> str:
    """The first non-empty of the places where APIFRAME puts a reason; "" where there is none."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error")
    candidates = (
        body.get("message"),
        error,
        error.get("message") if isinstance(error, dict) else None,
        _first(body.get("errors"), key="msg"),
        _first(body.get("error_messages")),
        body.get("detail"),
        _first(body.get("detail"), key="msg"),
        body.get("reason"),
    )
    return next((text[:MAX_REASON] for text in map(_text, candidates) if text), "")


def _first(value: Any, key: str | None = None) -> Any:
    first = value[0] if isinstance(value, list) and value else None
    return first.get(key) if key and isinstance(first, dict) else first


def _text(value: Any) -> str:
    return _storable(value).strip() if isinstance(value, str) else ""


def _storable(text: str) -> str:
    """Without what no database stores: NUL, and halves of characters that were cut in two."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _percentage(value: Any) -> int | None:
    """0 to 100 from "40", 40, "40%" or 40.5; None from nonsense."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value.strip().removesuffix("%") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return min(100, max(0, int(number))) if math.isfinite(number) else None


def _clip_urls(value: Any, usable: Callable[[str], bool]) -> tuple[str | None, ...]:
    """The first four addresses in their places; an unusable or repeated one leaves its place empty."""
    places: list[str | None] = []
    for entry in value[:4] if isinstance(value, list) else []:
        url = _text(entry.get("url") if isinstance(entry, dict) else entry)
        found = (text for text in (url, re.sub("^http:", "https:", url)) if len(text) <= MAX_URL and usable(text))
        text = next(found, None)
        places.append(text if text not in places else None)
    return tuple(places)


def usable_clip_url(sandbox_origin: str | None) -> Callable[[str], bool]:
    """A rule for clips' addresses: public https, and anything of `sandbox_origin`, where there is one."""
    return partial(may_be_fetched, excepted_origin=sandbox_origin)
