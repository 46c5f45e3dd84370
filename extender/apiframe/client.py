"""The calls of APIFRAME that Extender needs. One attempt each; who may try again is for the caller to know."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from extender.apiframe.addresses import picture_url_in, usable_clip_url
from extender.apiframe.errors import (
    KeptOut,
    NotUploaded,
    Refused,
    Unknown,
)
from extender.apiframe.exchange import exchange
from extender.apiframe.finding import names_a_task, objects_in, of_bare_id
from extender.apiframe.payloads import TaskUpdate, parse_task, parse_tasks
from extender.apiframe.reading import read
from extender.apiframe.reasons import refusal_in
from extender.apiframe.redaction import kept_of
from extender.apiframe.statuses import DOOR_SHUT, error_of, in_truth, is_success, words_of
from extender.network.addresses import origin_of
from extender.states import State

# Two looks at the account and the submit between them: together under the 20 s that a web request may take.
SUBMIT_SECONDS = 17
ACCOUNT_SECONDS = 1.5
UPLOAD_SECONDS = 8
FETCH_SECONDS = 10
MAX_PICTURE_URL = 2000
OF_ACCOUNT = ("email", "credits", "total_images", "plan")
# What fits into the database's integer.
MAX_CREDITS = 2**31


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
        said, kept = self._call("GET", "/account", None, FETCH_SECONDS if patiently else ACCOUNT_SECONDS)
        found = [fields for fields in objects_in(said) if not fields.keys().isdisjoint(OF_ACCOUNT)]
        if not found:
            raise Unknown("APIFRAME gave an answer that is not about the account.", raw=kept)
        held = next((fields["credits"] for fields in found if "credits" in fields), None)
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
        said = of_bare_id(read_body.text) if pays and not isinstance(read_body.said, dict | list) else read_body.said
        raw = f"HTTP {answer.status} {kept}"
        answer = in_truth(answer, said, asked="\n".join(map(str, (body or {}).values())))
        if is_success(answer) and isinstance(said, dict | list):
            return said, kept
        if pays and names_a_task(read_body.said, but=body.get("parent_task_id", "")):
            raise Unknown(f"APIFRAME answered with an error, and named a task (HTTP {answer.status}).", raw=raw)
        if method == "GET" and is_success(answer) and read_body.text.startswith("<"):
            # In the place of what the account holds: somebody stands before APIFRAME, whatever is asked for.
            raise KeptOut(f"{DOOR_SHUT} (it shows a page, HTTP {answer.status}): ask APIFRAME to let it in.", raw=raw)
        words = kept_of(words_of(answer.status, read_body.said), *self._secrets)
        raise error_of(answer, read_body.said, words, url, raw, pays=pays)
