"""APIFRAME's calls: what each does and answers."""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from extender.sandbox import answers, ledger, misbehaviour, uploads, videos, wire
from extender.sandbox.answers import Answer
from extender.sandbox.ledger import Entry
from extender.sandbox.life import FINISHED
from extender.sandbox.service import Service
from extender.sandbox.store import EXTEND, PICTURES, START, Task

PRICES = {START: 8, EXTEND: 8, PICTURES: 4}
MOST_EXTENSIONS = 4
MOST_WAITING = 30.0  # seconds that an answer waits for its own webhook


@dataclass
class Reply:
    """An answer, and what happens around it."""

    answer: Answer
    before: Callable[[], object] = lambda: None  # after the ledger's entry, before the answer
    after: Callable[[], object] = lambda: None  # once the answer is sent


def submit(service: Service, task_type: str, fields: dict[str, Any], entry: Entry) -> Reply:
    """Accepts and bills a task, or says why not."""
    entry.nonce = ledger.nonce(fields.get("webhook_url"))
    if isinstance(fields.get("parent_task_id"), str):
        entry.parent_task_id = fields["parent_task_id"]
    if problems := wire.submit_errors(task_type, fields):
        return Reply(answers.refused(400, *problems))
    words = misbehaviour.words_in(fields["prompt"]) + misbehaviour.lasting(service.options.misbehave)
    fault = entry.fault = misbehaviour.submit_fault(words)
    if fault and not misbehaviour.is_billed(fault):
        return Reply(answers.spoilt(answers.of(200, {}), fault, service.options.stall))
    parent, index = _continued(service, task_type, fields)
    if task_type == EXTEND and (problem := _parent_problem(service, parent, index)):
        return Reply(answers.refused(400, problem))
    task = _new_task(service, task_type, fields, words, (parent, index))
    price = PRICES[task_type]
    if not service.store.accept(task, price):
        return Reply(answers.refused(402, f"You do not have enough credits: this costs {price}"))
    entry.task_id, entry.billed = task.task_id, True
    service.render_queue.make(task, is_tiny=service.options.tiny)
    answer = answers.spoilt(answers.of(200, {"task_id": task.task_id}), fault, service.options.stall)
    return _with_webhooks(service, task, answer, is_spoilt=bool(fault))


def _continued(service: Service, task_type: str, fields: dict[str, Any]) -> tuple[Task | None, int]:
    """The task whose clip or picture is continued, and its index: a start video may begin with our own picture."""
    if task_type == EXTEND:
        return service.store.task(fields["parent_task_id"]), int(fields["index"])
    match = videos.PATH.fullmatch(_own_path(service, fields)) if task_type == START else None
    if not match or match[3] != "png" or match[2] not in "1234":
        return None, 0
    return service.store.task(match[1]), int(match[2])


def _own_path(service: Service, fields: dict[str, Any]) -> str:
    """The path of the start picture, where it is one of ours."""
    return fields.get("image_url", "").partition("?")[0].removeprefix(service.origin)


def _parent_problem(service: Service, parent: Task | None, index: int) -> str | None:
    if parent is None:
        return "The parent task was not found"
    if parent.task_type == PICTURES:
        return "The parent task is no video"
    if service.store.moment(parent).status != FINISHED:
        return "The parent task is not finished"
    if index > parent.takes:
        return f"The parent task has no video {index}"
    if parent.depth >= MOST_EXTENSIONS:
        return f"This video was extended {MOST_EXTENSIONS} times already and cannot be extended further"
    return None


def _new_task(
    service: Service,
    task_type: str,
    fields: dict[str, Any],
    words: tuple[str, ...],
    continued: tuple[Task | None, int],
) -> Task:
    parent, index = continued
    clips = 4 if task_type == PICTURES else wire.batch_size(fields["prompt"])
    return Task(
        task_id=_new_id(words),
        task_type=task_type,
        prompt=fields["prompt"],
        motion=fields.get("motion", "low"),
        started=time.time(),
        seconds=misbehaviour.life_seconds(words, service.options.seconds),
        takes=misbehaviour.takes(words, clips),
        ratio=wire.ratio(fields.get("aspect_ratio", "16:9")) or 16 / 9,
        parent_task_id=parent.task_id if parent else None,
        parent_index=index if parent else None,
        picture=uploads.name_of(service.uploads, _own_path(service, fields)) if task_type == START else None,
        depth=parent.depth + 1 if parent and task_type == EXTEND else 0,
        words=words,
        webhook_url=fields.get("webhook_url") or None,
        webhook_secret=fields.get("webhook_secret"),
    )


def _new_id(words: tuple[str, ...]) -> str:
    made = uuid.uuid4()
    if "id-number" in words:
        return str(10**15 + made.int % 10**15)
    if "id-long" in words:
        return f"{made.hex:x<200}"
    return f"task_{made.hex[:26].upper()}" if "id-ulid" in words else str(made)


def _with_webhooks(service: Service, task: Task, answer: Answer, *, is_spoilt: bool) -> Reply:
    """Webhooks begin once the task is answered; at once if the answer is spoilt or is to be overtaken."""

    def begin() -> None:
        service.webhooks.watch(task)

    def be_overtaken() -> None:
        if watched := service.webhooks.watch(task):
            event = watched.result if "webhook-result-early" in task.words else watched.first
            event.wait(MOST_WAITING)

    if "webhook-early" in task.words or "webhook-result-early" in task.words:
        return Reply(answer, before=be_overtaken)
    return Reply(answer, before=begin) if is_spoilt else Reply(answer, after=begin)


def fetch(service: Service, fields: dict[str, Any], entry: Entry) -> Reply:
    task_id = fields.get("task_id")
    if not isinstance(task_id, str) or not task_id:
        return Reply(answers.refused(400, "task_id is required"))
    entry.task_id = task_id
    task = service.store.task(task_id)
    answer = answers.of(200, _body(service, task)) if task else answers.refused(404, "Task not found")
    return _fetched(service, answer, entry, task.words if task else ())


def fetch_many(service: Service, fields: dict[str, Any], entry: Entry) -> Reply:
    """The tasks that exist among the ids; an unknown id is passed over."""
    ids = fields.get("task_ids")
    if not isinstance(ids, list) or not 2 <= len(ids) <= 20 or not all(isinstance(each, str) for each in ids):
        return Reply(answers.refused(400, "task_ids must be a list of 2 to 20 task ids"))
    entry.task_ids = ids
    found = [task for task in map(service.store.task, dict.fromkeys(ids)) if task]
    bodies = [_body(service, task) for task in found]
    if "fetch-many-400" in service.options.misbehave:
        entry.fault = "fetch-many-400"
        return Reply(answers.refused(400, "One of the tasks cannot be shown"))
    if "fetch-partial" in service.options.misbehave:
        entry.fault = "fetch-partial"
        bodies = random.sample(bodies, (len(bodies) + 1) // 2)
    return _fetched(service, answers.of(200, {"tasks": bodies}), entry)


def upload(service: Service, raw: bytes, entry: Entry) -> Reply:
    """Keeps a picture and says where it is. Nothing is billed."""
    try:
        content = uploads.received(raw)
    except ValueError as error:
        return Reply(answers.refused(400, str(error)))
    answer = answers.of(200, {"imageURL": service.origin + uploads.keep(service.uploads, content)})
    fault = misbehaviour.upload_fault(service.options.misbehave)
    if fault:
        entry.fault = f"upload-{fault}"
    return Reply(answers.spoilt(answer, fault, service.options.stall))


def uploaded(service: Service, path: str) -> Answer:
    """An uploaded picture, to whoever has its address."""
    found = uploads.read(service.uploads, path)
    return Answer(200, *found) if found else answers.refused(404, "Image not found")


def account(service: Service, entry: Entry) -> Reply:
    body = {
        "email": "sandbox@example.com",
        "credits": service.store.credits(),
        "total_images": service.store.total_images(),
        "plan": "sandbox",
    }
    return _fetched(service, answers.of(200, body), entry)


def _body(service: Service, task: Task) -> dict[str, Any]:
    return service.memory.refreshed(service.body(task, service.store.moment(task)))


def _fetched(service: Service, answer: Answer, entry: Entry, words: tuple[str, ...] = ()) -> Reply:
    fault = misbehaviour.fetch_fault(service.options.misbehave + words)
    if fault:
        entry.fault = f"fetch-{fault}"
    return Reply(answers.spoilt(answer, fault, service.options.stall))
