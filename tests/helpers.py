"""Small things that many tests say."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import psycopg
import requests
from django.core.signals import request_finished
from django.db import close_old_connections, connection
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from extender.archive import stripping
from extender.archive.storage import KINDS, current_store, name
from extender.states import State
from extender.tasks import gate
from extender.tasks.models import Clip, Gate, Task
from extender.tasks.picks import pick
from extender.tasks.sending import webhook_secret
from extender.team.models import Member

URLS: list[str | None] = [f"https://clips.example/{index}.mp4" for index in range(1, 5)]


class _Form(HTMLParser):
    """The fields of the form with the attribute data-compose, or data-composer, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._inside = False
        self._text: str | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self._inside = bool({"data-compose", "data-composer"} & values.keys())
        if self._inside and tag == "option" and "selected" in values:
            self.fields[self._select] = values.get("value") or ""
        if not self._inside or "name" not in values:
            return
        name = str(values["name"])
        if tag == "textarea":
            self._text = name
            self.fields[name] = ""
        elif tag == "select":
            self._select = name
        elif (
            tag == "input" and values.get("type") != "file" and (values.get("type") != "radio" or "checked" in values)
        ):
            self.fields[name] = values.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text:
            self.fields[self._text] = self.fields[self._text].removeprefix("\n")
            self._text = None


def growth(work: Callable[[Any], object], small: Any, large: Any) -> float:
    """How many times the processor time of `small` the work on `large` takes, each at its best of three."""

    def cost(of: Any) -> float:
        began = time.process_time()
        work(of)
        return time.process_time() - began

    shortest, longest = (min(cost(of) for _ in range(3)) for of in (small, large))
    # What is done in no time has grown by nothing.
    return longest / max(shortest, 0.001)


def form_of(response: HttpResponse) -> dict[str, str]:
    """What the page's form would send if its button were pressed now."""
    parser = _Form()
    parser.feed(response.content.decode())
    parser.fields.pop("csrfmiddlewaretoken", None)
    return parser.fields


@contextmanager
def connections_kept() -> Iterator[None]:
    """For this time no response that is closed ends a connection, on which a test's transaction may be.

    Django's own test client leaves that out as well.
    """
    request_finished.disconnect(close_old_connections)
    try:
        yield
    finally:
        request_finished.connect(close_old_connections)


def queries(action: Callable[[], Any]) -> int:
    """How many statements `action` asks of the database, savepoints aside (a test's own transaction makes them)."""
    with CaptureQueriesContext(connection) as captured:
        action()
    return sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries)


def eventually(check: Callable[[], Any], seconds: float = 120) -> Any:
    """The first true answer of `check`, asked again and again; fails after `seconds`, enough for a busy machine."""
    ends = time.monotonic() + seconds
    while True:
        if answer := check():
            return answer
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each of `calls` returned; all begin in one moment, each in a thread with a connection of its own.

    Raises what the first of them raised, once all have ended.
    """
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def database_url() -> str:
    """Where another process finds the tests' database."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"postgresql://extender@127.0.0.1:{connection.settings_dict['PORT']}/{name}"


def lose_connection() -> None:
    """Has the server end this thread's connection, and waits until it has."""
    pid = connection.connection.info.backend_pid
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid]).fetchone()[0]


def make_task(
    owner: Member,
    state: State = State.FINISHED,
    urls: list[str | None] = URLS,
    *,
    picks: tuple[int, ...] = (),
    **fields: Any,
) -> Task:
    """A row as it would stand after a life that the test does not care about.

    A finished one has clips at `urls`, and those with an index in `picks` are picked.
    """
    defaults = {"prompt": "a cat dancing", "index": 1, "parent_task_id": "0" * 36, "remote_id": ""}
    task = Task.objects.create(owner=owner, state=state, **{**defaults, **fields})
    if state == State.FINISHED:
        _add_clips(task, urls)
        for index in picks:
            pick(task.clip(index), True)
    task.refresh_from_db()
    return task


def lie_at(task: Task, urls: list[str | None]) -> None:
    """Gives `task` clips at `urls`, in their places, and no others."""
    task.clip_set.all().delete()
    _add_clips(task, urls)
    task.refresh_from_db()


def _add_clips(task: Task, urls: list[str | None]) -> None:
    contains_parent = Clip.Contains.before_looking(task)
    Clip.objects.bulk_create(
        Clip(task=task, index=index, source_url=url, contains_parent=contains_parent)
        for index, url in enumerate(urls, 1)
        if url
    )


def extend(parent: Task, index: int = 1, state: State = State.FINISHED, **fields: Any) -> Task:
    """An extension of clip `index` of `parent` at which nobody looks again."""
    return make_task(parent.owner, state, parent=parent, index=index, **{"due_at": None, **fields})


def become_due(task: Task) -> Task:
    """Lets the time until the task's next look pass."""
    Task.objects.filter(pk=task.pk).update(due_at="2020-01-01T00:00:00Z")
    task.refresh_from_db()
    return task


def reached_again(task: Task) -> Task:
    """Lets the pause pass after which an APIFRAME that could not be reached is tried, and the task become due."""
    Gate.objects.update(closed_until="2020-01-01T00:00:00Z")
    gate.probe()
    return become_due(task)


def age(task: Task, **by: Any) -> None:
    """Sets columns that only time or a crash would set."""
    Task.objects.filter(pk=task.pk).update(**by)
    task.refresh_from_db()


def stripped(content: bytes) -> bytes:
    """A file as its host has it, without what it says beside its pictures: as it is stored."""
    with NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(content)
        stripping.strip(path)
        return path.read_bytes()


def make_clip(task: Task, index: int = 1, state: str = "stored", body: bytes = b"", **fields: Any) -> Clip:
    """Clip `index` as copying would leave it; where it is safe, with its files: `body`, and pictures."""
    found: dict[str, Any] = {"state": state}
    if state == "stored":
        body = body or f"clip {index} of {task.pk}".encode() * 20
        sha256 = hashlib.sha256(body).hexdigest()
        store = current_store()
        for kind in KINDS:
            with store.part() as part:
                part.write(body if kind == "clip" else f"{kind} {index}".encode())
                store.put(part, name(sha256, kind))
        found |= {"duration_ms": 5200, "width": 832, "height": 464, "bytes": len(body), "attempts": 1}
        found |= {"sha256": sha256, "due_at": None, "contains_parent": "unknown", "settled_at": Now()}
    clip, _ = Clip.objects.update_or_create(
        task=task,
        index=index,
        defaults=found | fields,
        create_defaults={"source_url": URLS[index - 1], **found, **fields},
    )
    return clip


def call_back(url: str, task: Task, **said: object) -> requests.Response:
    """A webhook about `task`, as APIFRAME sends it, to the site at `url`."""
    headers = {"x-webhook-secret": webhook_secret(task.webhook_nonce)}
    body = {"task_id": task.remote_id, **said}
    return requests.post(f"{url}/webhooks/apiframe/{task.webhook_nonce}/", json=body, headers=headers, timeout=120)
