"""The calls of APIFRAME that Extender needs. One attempt each; who may try again is for the caller to know."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
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
    Standing,
    Unknown,
)
from extender.apiframe.exchange import Answer, exchange
from extender.apiframe.payloads import (
    TaskUpdate,
    names_a_task,
    objects_in,
    parse_task,
    parse_tasks,
    picture_url_in,
    reason_of,
    refusal_in,
    usable_clip_url,
)
from extender.apiframe.reading import read
from extender.apiframe.redaction import kept_of
from extender.network.addresses import origin_of
from extender.states import State

# Two looks at the account and the submit between them: together under the 20 s that a web request may take.
SUBMIT_SECONDS = 17
ACCOUNT_SECONDS = 1.5
UPLOAD_SECONDS = 8
FETCH_SECONDS = 10
# These say nothing certain about whether the task was made: the first two by their names, the others since whoever
# stands between gave up waiting.
UNCERTAIN = {408, 409, 425, 444, 460, 499}
# Answered without APIFRAME's words, these are about this server or this address, and not about a request.
AT_THE_DOOR = {403, 405, 407, 421, 451}
# Any others of 400 to 499 speak of one request only where they do it as APIFRAME does, by `errors`: front doors,
# routers and frameworks have a `message` for them, about an address, a plan, a server or a header.
OF_A_REQUEST = {400, 422}
NOTHING_THERE = {404, 410}
# By these nothing was done. The others may also be how a server answers what it has done, unless they lead elsewhere.
NOTHING_DONE = {301, 307, 308}
MAY_BE_DONE = {302, 303}
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
            said, kept = self._ask("/upload", {}, UPLOAD_SECONDS, files)
        except Unknown as error:
            raise NotUploaded(f"The picture could not be uploaded yet. {error}", raw=error.raw) from error
        url = picture_url_in(said)
        if not url or len(url) > MAX_PICTURE_URL:
            raise NotUploaded("APIFRAME did not say where the picture lies.", raw=kept)
        return url

    def fetch(self, task_id: str) -> TaskUpdate:
        """`POST /fetch`: one task as it stands. Raises `NotFound` and the other errors of this room."""
        said, kept = self._call("POST", "/fetch", {"task_id": task_id}, FETCH_SECONDS)
        return self.parse(said, kept, task_id)

    def fetch_many(self, task_ids: list[str]) -> tuple[dict[str, TaskUpdate], str]:
        """Up to 20 tasks as they stand, by id, and what is kept of the answer; APIFRAME may leave some out."""
        if len(task_ids) == 1:
            update = self.fetch(task_ids[0])
            return {update.remote_id: update}, update.raw
        said, kept = self._call("POST", "/fetch-many", {"task_ids": task_ids}, FETCH_SECONDS)
        updates = parse_tasks(said, self._usable, task_ids, *self._secrets)
        if not updates and said != {"tasks": []}:
            raise Unknown("APIFRAME gave an answer that is about none of the tasks.", raw=kept)
        return updates, kept

    def account(self, *, patiently: bool = False) -> Account:
        """`GET /account`, if it answers within 1.5 s, or `patiently` within 10 s. Raises the errors of this room."""
        said, _ = self._call("GET", "/account", None, FETCH_SECONDS if patiently else ACCOUNT_SECONDS)
        held = next((fields["credits"] for fields in objects_in(said) if "credits" in fields), None)
        if isinstance(held, bool) or not isinstance(held, int | float) or not abs(held) < MAX_CREDITS:
            return Account(None)
        return Account(int(held))

    def parse(self, said: Any, kept: str, known_id: str = "", **more: Any) -> TaskUpdate:
        """Translates a task's JSON that came from this APIFRAME; `kept` is what the record keeps of it.

        `known_id`: under which it knows the task, where that is known; `more` as `parse_task` takes it. Raises
        `Unknown` where it is about no task.
        """
        try:
            update = parse_task(said, self._usable, ids={known_id} - {""}, raw=kept, **more)
        except ValueError as error:
            raise Unknown("APIFRAME gave an answer that is not about a task.", raw=kept) from error
        return replace(update, reason=kept_of(update.reason, *self._secrets))

    @property
    def _secrets(self) -> tuple[str, ...]:
        """What no record may hold, should it be repeated to us."""
        return self.api_key, self.api_key.removeprefix("Bearer ")

    @property
    def _usable(self) -> Callable[[str], bool]:
        """Whether a clip may lie at an address."""
        return usable_clip_url(origin_of(self.base_url) if settings.SANDBOX else None)

    def _accepted(self, path: str, fields: dict[str, str]) -> TaskUpdate:
        body = {name: value for name, value in fields.items() if value}
        said, kept = self._ask(path, body, SUBMIT_SECONDS)
        update = self.parse(said, kept, but=fields.get("parent_task_id", ""), unsaid=State.PENDING)
        # Of a task that has just been taken, "success" says no more than that.
        return replace(update, state=State.PENDING, percentage=None, reason="") if update.is_unreadable else update

    def _ask(
        self, path: str, body: dict[str, str], seconds: float, files: dict[str, Any] | None = None
    ) -> tuple[Any, str]:
        """What is said, and kept, of a request without which no task can be. Raises `Refused` by APIFRAME's word."""
        said, kept = self._call("POST", path, body, seconds, pays=True, files=files)
        if words := refusal_in(said):
            raise Refused(kept_of(words, *self._secrets), raw=kept)
        return said, kept

    def _call(
        self,
        method: str,
        path: str,
        body: Any,
        seconds: float,
        *,
        pays: bool = False,
        files: dict[str, Any] | None = None,
    ) -> tuple[Any, str]:
        """What is said in answer, an object or a list, and what is kept of it."""
        url = self.base_url + path
        answer = exchange(method, url, {"Authorization": self.api_key}, body, seconds, files)
        read_body = read(answer.body, answer.headers.get("Content-Encoding"))
        kept = read_body.kept(*self._secrets)
        if _is_success(answer) and isinstance(read_body.said, dict | list):
            return read_body.said, kept
        raw = f"HTTP {answer.status} {kept}"
        if pays and names_a_task(read_body.said, but=body.get("parent_task_id", "")):
            raise Unknown(f"APIFRAME answered with an error, and named a task (HTTP {answer.status}).", raw=raw)
        if method == "GET" and _is_success(answer) and read_body.text.startswith("<"):
            # In the place of what the account holds: somebody stands before APIFRAME, whatever is asked for.
            raise KeptOut(f"{DOOR_SHUT} (it shows a page, HTTP {answer.status}): ask APIFRAME to let it in.", raw=raw)
        words = kept_of(_words(answer.status, read_body.said), *self._secrets)
        raise _error(answer, read_body.said, words, url, raw, pays=pays)


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _error(answer: Answer, body: Any, words: str, url: str, raw: str, *, pays: bool) -> ApiframeError:
    """The error that an answer to a request to `url` means; `body` is what it says, `raw` what is kept of it.

    `words`: those of APIFRAME in it, "" where there are none.

    `pays`: whether it is a task's one request, which ends by nobody's word but APIFRAME's own.
    """
    if _is_success(answer):
        return Unknown(answer.trouble or "APIFRAME gave an answer that cannot be read.", raw=raw)
    status = answer.status
    if status == 401:
        return BadKey(KEY_REFUSED, raw=raw)
    if status == 402:
        return NoCredits(f"{NO_CREDITS}{f' ({words})' if words else ''}: add credits there.", raw=raw)
    if status == 429:
        return Busy("APIFRAME is busy.", _retry_after(answer), raw)
    if status in AT_THE_DOOR and not words:
        return _turned_away(status, words, url, raw)
    address = _leads_to(answer, url)
    is_elsewhere = bool(address) and not address.startswith("/")
    if status in NOTHING_DONE or (status in MAY_BE_DONE and (is_elsewhere or not pays)):
        told = f"to {address}: set" if is_elsewhere else f"from {url}{f' to {address}' if address else ''}: check"
        return Moved(f"APIFRAME has moved {told} APIFRAME_BASE_URL.", raw=raw)
    if 400 <= status < 500 and status not in UNCERTAIN:
        is_own = _is_own(status, body, words)
        if pays and not is_own:
            return _turned_away(status, words, url, raw)
        kind = NotFound if status == 404 and is_own else Refused
        return kind(words or f"APIFRAME refused the request (HTTP {status}).", raw=raw)
    told = f": {words[:MAX_TOLD]}" if words else ""
    return Unknown(f"APIFRAME answered with an error of its own (HTTP {status}{told}).", raw=raw)


def _is_own(status: int, body: Any, words: str) -> bool:
    """Whether APIFRAME itself has read the request and says no to it."""
    spoken = list(objects_in(body))
    return bool(spoken) if status in OF_A_REQUEST else bool(words) and any(map(_lists_errors, spoken))


def _lists_errors(fields: dict[str, Any]) -> bool:
    """Whether `fields` have errors as APIFRAME spells them, and not the numbered ones of a front door."""
    errors = fields.get("errors")
    return bool(errors) and not (isinstance(errors, list) and isinstance(errors[0], dict) and "code" in errors[0])


def _turned_away(status: int, words: str, url: str, raw: str) -> Standing:
    """What an answer means that nobody gave who had read the request: the next one would fare no better."""
    told = f"HTTP {status}: {words[:MAX_TOLD]}" if words else _told(status, raw)
    if status in NOTHING_THERE:
        return Moved(f"APIFRAME has nothing at {url} ({told}): check APIFRAME_BASE_URL.", raw=raw)
    return KeptOut(f"{DOOR_SHUT} ({told}): ask APIFRAME to let it in.", raw=raw)


def _words(status: int, body: Any) -> str:
    """What APIFRAME itself says in a refusal, "" where there is no more than the status has to say."""
    words, phrase = reason_of(body), responses.get(status, "")
    return "" if words.rstrip(".!").lower() == phrase.lower() else words


def _told(status: int, raw: str) -> str:
    """The status, and what came with it where that is a line of plain text."""
    line = raw.strip()
    return line if line.isprintable() and not re.search("[<{]", line) and len(line) <= MAX_TOLD else f"HTTP {status}"


def _leads_to(answer: Answer, url: str) -> str:
    """Where a redirect of a request to `url` leads: another origin, or a path of the same; "" if unclear."""
    here = urlsplit(url)
    try:
        there = urlsplit(urljoin(url, answer.headers.get("Location", "")))
        address = f"{there.scheme}://{there.hostname or ''}{f':{there.port}' if there.port else ''}"
    except ValueError:
        return ""
    address = address if (there.scheme, there.netloc) != (here.scheme, here.netloc) else there.path
    return address[:MAX_TOLD] if address.isprintable() and address != here.path else ""


def _retry_after(answer: Answer) -> timedelta:
    text = answer.headers.get("Retry-After", "")
    return min(timedelta(seconds=int(text[:6])) if text.isdecimal() else timedelta(seconds=10), MAX_RETRY_AFTER)
