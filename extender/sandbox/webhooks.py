"""Posts what a task shows to its webhook_url, at each visible change, in order for each task."""

import gzip
import hmac
import os
import queue
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from extender.sandbox import ledger, log, wire
from extender.sandbox.life import FAILED, FINISHED, Moment, moment
from extender.sandbox.store import Store, Task

TIMEOUT = 5.0
PATIENCE = 0.5  # seconds that an end or a reset waits for posts on their way
LANES = 4  # threads for each receiver: a slow receiver holds nobody else
TICKS = (0.02, 0.25)  # seconds between two looks at the tasks, at least and at most


@dataclass
class Watched:
    task: Task
    said: str | None  # the last thing posted
    era: int  # a reset begins a new one; what belongs to an older era is dropped
    held: list["Message"] = field(default_factory=list)  # kept back by webhook-reorder
    first: threading.Event = field(default_factory=threading.Event)  # something was delivered
    result: threading.Event = field(default_factory=threading.Event)  # the result was delivered


class Message(NamedTuple):
    watched: Watched
    said: str
    moment: Moment

    @property
    def final(self) -> bool:
        return self.moment.status in (FINISHED, FAILED)


class Webhooks:
    """Watches the tasks that have a webhook_url, in one thread; posts from a few others."""

    def __init__(self, store: Store, body: Callable[[Task, Moment], dict[str, Any]]) -> None:
        self.store = store
        self.body = body  # what is posted about a task
        self._watched: dict[str, Watched] = {}
        self._queues: dict[tuple[str, int], queue.SimpleQueue[Message]] = {}
        self._lock = threading.Condition()
        self._posting = 0
        self._wake = threading.Event()
        self._era = 0

    def start(self) -> None:
        """Begins, with what became due while the sandbox was down: the current state of each task alone."""
        for task, said in self.store.unannounced():
            self.watch(task, said)
        threading.Thread(target=self._look_around, name="webhooks", daemon=True).start()

    def watch(self, task: Task, said: str | None = None) -> Watched | None:
        """Announces a task from now on. None if it has no webhook_url, or its webhooks are lost."""
        if not task.webhook_url:
            return None
        if "webhook-lost" in task.words:
            self.store.announced(task.task_id, "", final=True)
            ledger.webhook(self.store.database, task.task_id, "pending", "lost")
            return None
        with self._lock:
            watched = Watched(task, said, self._era)
            self._watched[task.task_id] = watched
        self._wake.set()
        return watched

    def forget(self) -> None:
        """Posts nothing more. What is on its way is noted first, or it would be posted again after the next start."""
        with self._lock:
            self._watched.clear()
            self._era += 1
            self._lock.wait_for(lambda: not self._posting, PATIENCE)

    def _look_around(self) -> None:
        while True:
            self._wake.wait()
            with self._lock:
                everybody = list(self._watched.values())
                if not everybody:
                    self._wake.clear()
                    continue
            for watched in everybody:
                self._look(watched)
            shortest = min(watched.task.seconds for watched in everybody)
            time.sleep(min(max(shortest / 40, TICKS[0]), TICKS[1]))

    def _look(self, watched: Watched) -> None:
        seen = self._moment(watched.task)
        said = f"{seen.status} {seen.percentage}"
        if said == watched.said:
            return
        watched.said = said
        message = Message(watched, said, seen)
        if message.final:
            with self._lock:
                self._watched.pop(watched.task.task_id, None)
        for each in _in_order(message):
            self._queue(watched.task).put(each)

    def _moment(self, task: Task) -> Moment:
        elapsed = time.time() - task.started
        if elapsed < task.seconds:  # no need to ask the database yet
            return moment(elapsed, task.seconds, task.words, painted=False)
        return self.store.moment(self.store.task(task.task_id) or task)

    def _queue(self, task: Task) -> "queue.SimpleQueue[Message]":
        """The queue of the task's receiver; the same one each time, so that a task's posts stay in order."""
        lane = (urlsplit(task.webhook_url or "").netloc, zlib.crc32(task.task_id.encode()) % LANES)
        if lane not in self._queues:
            self._queues[lane] = queue.SimpleQueue()
            threading.Thread(target=self._deliver, args=(self._queues[lane],), daemon=True).start()
        return self._queues[lane]

    def _deliver(self, messages: "queue.SimpleQueue[Message]") -> None:
        while True:
            message = messages.get()
            with self._lock:
                if message.watched.era != self._era:
                    continue
                self._posting += 1
            self._post(message)
            with self._lock:
                self._posting -= 1
                self._lock.notify_all()

    def _post(self, message: Message) -> None:
        watched, task = message.watched, message.watched.task
        answer = post(task, self.body(task, message.moment))
        ledger.webhook(self.store.database, task.task_id, message.moment.status, answer)
        log.line(f"webhook {task.task_id} {message.moment.status} -> {answer}")
        self.store.announced(task.task_id, message.said, final=message.final)
        watched.first.set()
        if message.final:
            watched.result.set()


def _in_order(message: Message) -> list[Message]:
    """The messages to post now: this one, unless the task's webhooks misbehave."""
    words, held = message.watched.task.words, message.watched.held
    if "webhook-double" in words:
        return [message, message]
    if "webhook-reorder" not in words:
        return [message]
    if message.final:
        return [message, *reversed(held)]
    held.append(message)
    if len(held) < 3:
        return []
    older, old, message.watched.held = held[0], held[1], held[2:]
    return [old, older]


def written(task: Task, body: dict[str, Any]) -> bytes:
    """What is posted about a task: its body, unless its webhooks misbehave."""
    if "webhook-wrapped" in task.words:
        body = {"data": {"taskId" if name == "task_id" else name: value for name, value in body.items()}}
    if "webhook-other-shape" in task.words:
        body = {"event": "updated", "object": {"ref": task.task_id, "said": body.get("status", FINISHED)}}
    raw = wire.encoded(body) + b"\0" * ("webhook-nul" in task.words)
    return gzip.compress(raw) if "webhook-gzip" in task.words else raw


def labels(task: Task, raw: bytes) -> dict[str, str | bytes]:
    """The headers of a post."""
    secret = (task.webhook_secret or "").encode()
    headers: dict[str, str | bytes] = {"Content-Type": "application/json", "x-webhook-secret": secret}
    if "webhook-wrong-secret" in task.words:
        headers["x-webhook-secret"] = b"not-" + secret
    if "webhook-signed" in task.words:
        del headers["x-webhook-secret"]
        headers["x-signature"] = "sha256=" + hmac.new(secret, raw, "sha256").hexdigest()
    if "webhook-text" in task.words:
        headers["Content-Type"] = "text/plain"
    if "webhook-untyped" in task.words:
        del headers["Content-Type"]
    return headers | ({"Content-Encoding": "gzip"} if "webhook-gzip" in task.words else {})


def post(task: Task, body: dict[str, Any]) -> str:
    """Posts once; returns the receiver's status code, or in a word or two what went wrong. Never raises."""
    raw = written(task, body)
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment must not see loopback addresses
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
            with session.post(
                task.webhook_url or "",
                data=iter((raw,)) if "webhook-chunked" in task.words else raw,
                headers=labels(task, raw),
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,  # the answer's body is of no interest, however long it is
            ) as response:
                return str(response.status_code)
    except requests.Timeout:
        return "timed out"
    except Exception as error:  # whatever it is, the posts behind this one must go on
        return f"failed: {type(error).__name__}"
