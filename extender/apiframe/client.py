"""The calls of APIFRAME that Extender needs. One attempt each; who may try again is for the caller to know."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from http.client import responses
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from extender.apiframe.errors import (
    ApiframeError,
    BadKey,
    Busy,
    KeptOut,
    Moved,
    NoCredits,
    NotFound,
    NotUploaded,
    Refused,
    Unknown,
)
from extender.apiframe.exchange import Answer, exchange
from extender.apiframe.payloads import (
    TaskUpdate,
    kept_of,
    parse_task,
    picture_url_in,
    reason_of,
    refusal_in,
    unwrapped,
    usable_clip_url,
    without_secrets,
)

# Two looks at the account and the submit between them: together under the 20 s that a web request may take.
SUBMIT_SECONDS = 17
ACCOUNT_SECONDS = 1.5
UPLOAD_SECONDS = 8
FETCH_SECONDS = 10
# 408 and 409 say nothing certain about whether the task was made.
UNCERTAIN = {408, 409}
# Answered without APIFRAME's words, these are about this server or this address, and not about a request.
AT_THE_DOOR = {403, 405, 407, 421, 451}
# By these nothing was done. A 302 may also be how a server answers what it has done, unless it leads elsewhere.
NOTHING_DONE = {301, 307, 308}
KEY_REFUSED = "APIFRAME does not accept this installation’s API key: set a working APIFRAME_API_KEY, and restart."
NO_CREDITS = "The account at APIFRAME has no credits left"
DOOR_SHUT = "APIFRAME’s front door refuses this server"
MAX_TOLD = 200
MAX_PICTURE_URL = 2000
# What fits into the database's integer.
MAX_CREDITS = 2**31
MAX_RETRY_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Account:
    """What APIFRAME says of the account."""

    credits: int | None


@dataclass(frozen=True)
class Client:
    """APIFRAME at `base_url` under `api_key`."""

    base_url: str
    api_key: str

    @classmethod
    def from_settings(cls) -> "Client":
        """The one that this installation is configured for."""
        return cls(settings.APIFRAME_BASE_URL, settings.APIFRAME_API_KEY)

    def extend(self, **fields: str) -> TaskUpdate:
        """`POST /imagine-video-extend`: spends money. `fields` are named as APIFRAME names them; "" is left out.

        Returns the accepted task. Raises `Refused`, `Standing`, `Busy`, or `Unknown`: it may be billed.
        """
        return self._accepted("/imagine-video-extend", fields)

    def video(self, **fields: str) -> TaskUpdate:
        """`POST /imagine-video`: spends money, like `extend`."""
        return self._accepted("/imagine-video", fields)

    def pictures(self, **fields: str) -> TaskUpdate:
        """`POST /imagine`: spends money, like `extend`."""
        return self._accepted("/imagine", fields)

    def upload(self, content: bytes) -> str:
        """`POST /upload`: gives APIFRAME a JPEG of at most 2 MB, and returns its address there. It is not billed.

        Raises `Refused`, `Standing`, `Busy`, or `NotUploaded` where no usable answer came.
        """
        files = {"image": ("picture.jpg", content, "image/jpeg")}
        try:
            answer = self._call("POST", "/upload", None, UPLOAD_SECONDS, files)
        except Unknown as error:
            raise NotUploaded(f"The picture could not be uploaded yet. {error}", raw=error.raw) from error
        if words := refusal_in(answer):
            raise Refused(words, raw=without_secrets(answer))
        url = picture_url_in(answer)
        if not url or len(url) > MAX_PICTURE_URL:
            raise NotUploaded("APIFRAME did not say where the picture lies.", raw=without_secrets(answer))
        return url

    def fetch(self, task_id: str) -> TaskUpdate:
        """`POST /fetch`: one task as it stands. Raises `NotFound` and the other errors of this room."""
        return self.parse(self._call("POST", "/fetch", {"task_id": task_id}, FETCH_SECONDS))

    def fetch_many(self, task_ids: list[str]) -> dict[str, TaskUpdate]:
        """Up to 20 tasks as they stand, by id; those that APIFRAME left out are missing here too."""
        if len(task_ids) == 1:
            return {task_ids[0]: self.fetch(task_ids[0])}
        answer = self._call("POST", "/fetch-many", {"task_ids": task_ids}, FETCH_SECONDS)
        updates = {}
        for body in answer["tasks"] if isinstance(answer.get("tasks"), list) else []:
            try:
                update = self.parse(body)
            except ApiframeError:
                continue
            updates[update.remote_id] = update
        return updates

    def account(self, *, patiently: bool = False) -> Account:
        """`GET /account`, if it answers within 1.5 s, or `patiently` within 10 s. Raises the errors of this room."""
        answer = self._call("GET", "/account", None, FETCH_SECONDS if patiently else ACCOUNT_SECONDS)
        held = answer.get("credits")
        if isinstance(held, bool) or not isinstance(held, int | float) or not abs(held) < MAX_CREDITS:
            return Account(None)
        return Account(int(held))

    def parse(self, body: Any) -> TaskUpdate:
        """Translates a task's JSON that came from this APIFRAME. Raises `Unknown` where it is none."""
        try:
            return parse_task(body, usable_clip_url(self.base_url if settings.SANDBOX else None))
        except ValueError as error:
            raise Unknown("APIFRAME gave an answer that is not about a task.", raw=without_secrets(body)) from error

    def _accepted(self, path: str, fields: dict[str, str]) -> TaskUpdate:
        body = {name: value for name, value in fields.items() if value}
        answer = self._call("POST", path, body, SUBMIT_SECONDS)
        if words := refusal_in(answer):
            raise Refused(words, raw=without_secrets(answer))
        return self.parse({"status": "pending", **(unwrapped(answer) or answer)})

    def _call(
        self, method: str, path: str, body: Any, seconds: float, files: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        url = self.base_url + path
        answer = exchange(method, url, {"Authorization": self.api_key}, body, seconds, files)
        body = _json(answer)
        if _is_success(answer) and isinstance(body, dict):
            return body
        raise _error(answer, body, url, f"HTTP {answer.status} {kept_of(answer.body, self.api_key)}")


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _json(answer: Answer) -> Any:
    """What the body says; None where it cannot be read."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _error(answer: Answer, body: Any, url: str, raw: str) -> ApiframeError:
    """The error that an answer to a request to `url` means; `body` is what it says, `raw` what is kept of it."""
    if _is_success(answer):
        return Unknown("APIFRAME gave an answer that cannot be read.", raw=raw)
    status = answer.status
    words = _words(status, body)
    if status == 401:
        return BadKey(KEY_REFUSED, raw=raw)
    if status == 402:
        return NoCredits(f"{NO_CREDITS}{f' ({words})' if words else ''}: add credits there.", raw=raw)
    if status == 429:
        return Busy("APIFRAME is taking no more requests for the moment.", _retry_after(answer), raw)
    if status in AT_THE_DOOR and not words:
        return KeptOut(f"{DOOR_SHUT} ({_told(status, raw)}): ask APIFRAME to let it in.", raw=raw)
    if address := _moved_to(answer, url):
        return Moved(f"APIFRAME has moved to {address}: set APIFRAME_BASE_URL.", raw=raw)
    if 400 <= status < 500 and status not in UNCERTAIN:
        # Without its words it is a wrong address that is not found, or a proxy that says so, and no task.
        kind = NotFound if status == 404 and words else Refused
        return kind(words or f"APIFRAME refused the request (HTTP {status}).", raw=raw)
    return Unknown(f"APIFRAME answered with an error of its own (HTTP {status}).", raw=raw)


def _words(status: int, body: Any) -> str:
    """What APIFRAME itself says in a refusal, "" where there is no more than the status has to say."""
    words, phrase = reason_of(body), responses.get(status, "")
    return "" if words.rstrip(".!").lower() == phrase.lower() else words


def _told(status: int, raw: str) -> str:
    """The status, and what came with it where that is a line of plain text."""
    line = raw.strip()
    return line if line.isprintable() and not re.search("[<{]", line) and len(line) <= MAX_TOLD else f"HTTP {status}"


def _moved_to(answer: Answer, url: str) -> str:
    """The other origin that a redirect of a request to `url` leads to, as far as nothing was done before; or ""."""
    location = answer.headers.get("Location", "")
    if answer.status not in (*NOTHING_DONE, 302) or not location:
        return ""
    here = urlsplit(url)
    try:
        there = urlsplit(urljoin(url, location))
        address = f"{there.scheme}://{there.hostname or ''}{f':{there.port}' if there.port else ''}"
    except ValueError:
        return ""
    elsewhere = there.netloc != here.netloc or there.scheme != here.scheme
    if not address.isprintable() or not (elsewhere or answer.status in NOTHING_DONE):
        return ""
    return address[:MAX_TOLD] if elsewhere else f"{address}{there.path}"[:MAX_TOLD]


def _retry_after(answer: Answer) -> timedelta:
    text = answer.headers.get("Retry-After", "")
    return min(timedelta(seconds=int(text[:6])) if text.isdecimal() else timedelta(seconds=10), MAX_RETRY_AFTER)
