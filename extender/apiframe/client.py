"""The calls of APIFRAME that Extender needs. One attempt each; who may try again is for the caller to know."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from extender.apiframe.errors import ApiframeError, BadKey, Busy, NotFound, Refused, Unknown
from extender.apiframe.exchange import Answer, exchange
from extender.apiframe.payloads import TaskUpdate, parse_task, reason_of, usable_clip_url, without_secrets

# Two looks at the account and the submit between them: together under the 20 s that a web request may take.
SUBMIT_SECONDS = 17
ACCOUNT_SECONDS = 1.5
FETCH_SECONDS = 10
# 408 and 409 say nothing certain about whether the task was made.
UNCERTAIN = {408, 409}
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

        Returns the accepted task. Raises `Refused`, `NotSent`, `BadKey`, `Busy`, or `Unknown`: it may be billed.
        """
        return self._accepted("/imagine-video-extend", fields)

    def video(self, **fields: str) -> TaskUpdate:
        """`POST /imagine-video`: spends money, like `extend`."""
        return self._accepted("/imagine-video", fields)

    def pictures(self, **fields: str) -> TaskUpdate:
        """`POST /imagine`: spends money, like `extend`."""
        return self._accepted("/imagine", fields)

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

    def account(self) -> Account:
        """`GET /account`, if it answers within 1.5 s. Raises the errors of this room."""
        answer = self._call("GET", "/account", None, ACCOUNT_SECONDS)
        held = answer.get("credits")
        if isinstance(held, bool) or not isinstance(held, int | float) or not abs(held) < MAX_CREDITS:
            return Account(None)
        return Account(int(held))

    def parse(self, body: Any) -> TaskUpdate:
        """Translates a task's JSON that came from this APIFRAME. Raises `Unknown` where it is none."""
        try:
            return parse_task(body, usable_clip_url(self.base_url if settings.SANDBOX else None))
        except ValueError as error:
            raise Unknown("APIFRAME gave an answer that is not about a task.") from error

    def _accepted(self, path: str, fields: dict[str, str]) -> TaskUpdate:
        body = {name: value for name, value in fields.items() if value}
        return self.parse({"status": "pending", **self._call("POST", path, body, SUBMIT_SECONDS)})

    def _call(self, method: str, path: str, body: Any, seconds: float) -> dict[str, Any]:
        answer = exchange(method, self.base_url + path, {"Authorization": self.api_key}, body, seconds)
        if 200 <= answer.status < 300:
            return _json(answer)
        raise _error(answer)


def _json(answer: Answer) -> dict[str, Any]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise Unknown("APIFRAME gave an answer that cannot be read.") from error
    if not isinstance(body, dict):
        raise Unknown("APIFRAME gave an answer that cannot be read.")
    return body


def _error(answer: Answer) -> ApiframeError:
    """The error that an answer other than 200 means."""
    try:
        body: Any = _json(answer)
    except Unknown:
        body = {}
    raw = f"HTTP {answer.status} {without_secrets(body)}"
    if answer.status == 401:
        return BadKey("APIFRAME does not accept this installation's API key.", timedelta(seconds=1), raw)
    if answer.status == 429:
        return Busy("APIFRAME is taking no more requests for the moment.", _retry_after(answer), raw)
    if 400 <= answer.status < 500 and answer.status not in UNCERTAIN:
        kind = NotFound if answer.status == 404 else Refused
        return kind(reason_of(body) or f"APIFRAME refused the request (HTTP {answer.status}).", raw=raw)
    return Unknown(f"APIFRAME answered with an error of its own (HTTP {answer.status}).", raw=raw)


def _retry_after(answer: Answer) -> timedelta:
    text = answer.headers.get("Retry-After", "")
    return min(timedelta(seconds=int(text[:6])) if text.isdecimal() else timedelta(seconds=10), MAX_RETRY_AFTER)
