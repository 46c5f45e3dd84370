"""A true answer, wrapped, renamed, retyped, packed, relabelled: it is never taken for worse than what APIFRAME said.

Nobody here has seen its wire, so these are the kinds of what may come by it. The sandbox answers with them over real
HTTP, and they are posted as webhooks. Whatever they are: no final bad state without APIFRAME's own word, no id or
clip that it did not name, what was not read stands in the task's record, without secrets, and nothing raises.
"""

import gzip
import json
import logging
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from extender.states import State
from extender.tasks.models import Event, Task
from extender.tasks.sending import webhook_secret
from extender.team.models import Member
from tests.faults.generated import generated
from tests.faults.rolled_back import RolledBack
from tests.faults.sizes import size
from tests.helpers import make_task
from tests.sandbox_process import Sandbox

PARENT, OTHER = "7d0c1d0e-3c2b-4b52-8f0d-0a4a8c7c1b22", "b6a3c9a0-6f0b-4a57-a0d6-31a0c6a1f0aa"
IDS = ["29f1a0c4-8f6e-4d55-9c02-6d2f9a4b7e13", "task_01KV52QK9ZX4", "1234567890123456"]
URLS = [f"https://cdn.example/{index}.mp4" for index in range(1, 5)]
WORDS = "Banned prompt"
KEPT = 1500  # of the 2,048 bytes that are kept: characters that are more than one byte may come
AROUND = "\0 \t\r\n\ufeff"


# --- what APIFRAME would say truly, of the task `id`


RUNNING = [
    {"task_id": "id", "task_type": "imagine-video-extend", "status": "processing", "percentage": "40"},
    {"task_id": "id", "status": "pending"},
    {"task_id": "id", "status": "polishing", "message": "Hurry up", "error": None, "errors": []},
]
FINISHED = [
    {"task_id": "id", "task_type": "imagine-video-extend", "video_urls": URLS},
    {"task_id": "id", "status": "finished", "percentage": 100, "video_urls": URLS, "message": ""},
    {"task_id": "id", "status": "finished", "video_urls": [{"url": url} for url in URLS]},
]
FAILED = [
    {"task_id": "id", "status": "failed", "message": WORDS},
    {"task_id": "id", "status": "error", "error": {"message": WORDS}},
]
ACCEPTED = [{"task_id": "id"}, {"task_id": "id", "status": "pending", "parent_task_id": PARENT}]
REFUSED = [{"errors": [{"msg": WORDS}]}]


# --- what becomes of it


NAMES = {
    "task_id": ["taskId", "TaskID", "id", "job_id", "uuid", "request_id", "ref"],
    "video_urls": ["videoUrls", "videos", "output", "clips"],
    "status": ["Status", "state"],
    "errors": ["error", "Errors", "problems"],
    "message": ["msg", "detail", "text"],
}
RENAMINGS = st.fixed_dictionaries({name: st.sampled_from([name] * 4 + alike) for name, alike in NAMES.items()})
WRAPS: list[Callable[[Any], Any]] = [
    *(lambda said, name=name: {name: said} for name in ("data", "result", "task", "tasks", "response", "body", "x")),
    lambda said: [said],
    lambda said: {"tasks": [said]},
    lambda said: {"status": "success", "code": 200, "message": "OK", "data": said},
    lambda said: {"request": {"parent_task_id": PARENT, "task_id": PARENT}, "data": said},
    lambda said: {"parent": {"task_id": PARENT, "status": "failed"}, "result": said},
    lambda said: {"prompt": "x" * 3000, "result": said},
    lambda said: {"data": said, "webhook_secret": "s3cr3t", "webhook_url": "https://here/webhooks/apiframe/s3cr3t/"},
    json.dumps,
]
BARE = -zlib.MAX_WBITS
PACKINGS: list[Callable[[bytes], bytes]] = [
    *[bytes] * 6,
    lambda plain: gzip.compress(plain, mtime=0),
    zlib.compress,
    lambda plain: zlib.compress(plain, wbits=BARE),
    lambda plain: gzip.compress(zlib.compress(plain), mtime=0),
    lambda plain: b"\x8b\x02\x80" + bytes(byte ^ 0xAA for byte in plain),
]
LABELS = [None, None, None, "gzip", "deflate", "br", "zstd", "identity", "gzip, br"]
TYPES = ["application/json"] * 3 + ["text/plain", "text/html; charset=latin-1", "image/png", "", "nonsense"]
ODD_ONES = ["", "\0", "{", "null", "7", "[]", "{}", "<!doctype html><h1>502 Bad Gateway</h1>", "error code: 1010"]


@dataclass(frozen=True)
class Case:
    """A body as it comes, and what it was made of."""

    id: str
    true: Any
    plain: str
    came: bytes
    label: str | None
    type: str
    cut: bool

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Encoding": self.label} if self.label else {}


def retyped(said: Any, is_loose: bool) -> Any:
    """Numbers as text, and text as numbers, where it is loose with them."""
    if isinstance(said, dict):
        return {name: retyped(value, is_loose) for name, value in said.items()}
    if isinstance(said, list):
        return [retyped(each, is_loose) for each in said]
    if not is_loose or isinstance(said, bool) or said is None:
        return said
    return int(said) if isinstance(said, str) and said.isdecimal() else str(said)


def renamed(said: Any, names: dict[str, str], remote_id: str) -> Any:
    if isinstance(said, dict):
        return {names.get(name, name): renamed(value, names, remote_id) for name, value in said.items()}
    if isinstance(said, list):
        return [renamed(each, names, remote_id) for each in said]
    return remote_id if said == "id" else said


@st.composite
def cases(draw: st.DrawFn, true: list[dict]) -> Case:
    remote_id, truth = draw(st.sampled_from(IDS)), draw(st.sampled_from(true))
    said = retyped(renamed(truth, draw(RENAMINGS), remote_id), draw(st.booleans()))
    for wrap in draw(st.lists(st.sampled_from(WRAPS), max_size=3)):
        said = wrap(said)
    plain = draw(st.sampled_from([json.dumps(said)] * 9 + ODD_ONES[:1])) or draw(st.sampled_from(ODD_ONES))
    padded = draw(st.text(AROUND, max_size=3)) + plain + draw(st.text(AROUND, max_size=3))
    came = draw(st.sampled_from(PACKINGS))(padded.encode())
    cut = draw(st.sampled_from([False] * 5 + [True]))
    came = came[: draw(st.integers(0, len(came)))] if cut else came
    return Case(remote_id, truth, plain, came, draw(st.sampled_from(LABELS)), draw(st.sampled_from(TYPES)), cut)


# --- what must be true of it


def kept(task: Task) -> list[str]:
    """What the record holds of bodies, without what we say about them."""
    bodies = Event.objects.filter(task=task).exclude(body="").values_list("body", flat=True)
    return [re.sub(r"^(HTTP \d+ )?(in a packing [^\n]*\n)?|\n\nIts headers: .*$", "", body) for body in bodies]


def stands_in_the_record(case: Case, task: Task) -> None:
    """Of a body with anything in it, the beginning is kept: unpacked where we can, else byte for byte.

    Of one that was cut, that is as much of it as could still be unpacked.
    """
    found = kept(task)
    for text in (case.plain, case.came.decode("utf-8", "backslashreplace")):
        start = text.strip(AROUND).replace("\0", "").partition("webhook_")[0][:KEPT]
        if any(start in body or (case.cut and body) for body in found):
            return
    assert not case.came.strip(AROUND.encode()), (case, found)


def no_worse(case: Case, task: Task, *, is_read: bool) -> Task:
    now = Task.objects.get(pk=task.pk)
    assert now.state != State.FAILED or case.true in (*FAILED, *REFUSED), (case, now.reason)
    assert now.remote_id in (task.remote_id, case.id), case
    assert now.state != State.FINISHED or [clip.source_url for clip in now.clips] == URLS, case
    assert "s3cr3t" not in "".join(kept(now))
    if not is_read:
        stands_in_the_record(case, task)
    return now


def a_submit(web: Client, sandbox: Sandbox, member: Member, case: Case, status: int) -> None:
    sandbox.dictate(
        "/imagine-video-extend",
        case.came,
        status=status,
        cut=case.cut,
        headers={"Content-Type": case.type, **case.headers},
    )
    task = make_task(member, State.QUEUED, parent_task_id=PARENT)
    assert web.get(f"/tasks/{task.pk}/status/").status_code == 200
    now = no_worse(case, task, is_read=False)
    assert now.state in (State.PENDING, State.UNCONFIRMED, State.QUEUED, State.FAILED)
    # Sent again by itself is only what was certainly not taken.
    assert now.state != State.QUEUED or 400 <= status < 500


def a_fetch(web: Client, sandbox: Sandbox, member: Member, case: Case, status: int) -> None:
    sandbox.dictate(
        "/fetch", case.came, status=status, cut=case.cut, headers={"Content-Type": case.type, **case.headers}
    )
    task = make_task(member, State.PROCESSING, remote_id=case.id, percentage=30)
    assert web.get(f"/tasks/{task.pk}/status/").status_code == 200
    now = no_worse(case, task, is_read=False)
    assert now.state == State.PROCESSING or 200 <= status < 300


def a_fetch_of_many(web: Client, sandbox: Sandbox, member: Member, case: Case, status: int) -> None:
    sandbox.dictate(
        "/fetch-many", case.came, status=status, cut=case.cut, headers={"Content-Type": case.type, **case.headers}
    )
    Task.objects.update(due_at=None)
    task, other = (make_task(member, State.PROCESSING, remote_id=name, percentage=30) for name in (case.id, OTHER))
    opened = [f"{each.pk}:{each.version}" for each in (task, other)]
    assert web.post("/tasks/pulse/", {"open": opened}).status_code in (200, 204)
    now = no_worse(case, task, is_read=task.events.filter(source="poll").exists())
    assert now.state == State.PROCESSING or 200 <= status < 300
    assert Task.objects.get(pk=other.pk).version == other.version, "what is said of one concerns no other"


def a_webhook(_: Client, __: Sandbox, member: Member, case: Case, status: int) -> None:
    # By the number of the status: any way to choose.
    state = [State.SENDING, State.UNCONFIRMED, State.PROCESSING][status % 3]
    task = make_task(member, state, remote_id=case.id if state == State.PROCESSING else "", due_at=None)
    answer = Client().generic(
        "POST",
        f"/webhooks/apiframe/{task.webhook_nonce}/",
        case.came,
        case.type,
        headers={"x-webhook-secret": webhook_secret(task.webhook_nonce), **case.headers},
    )
    now = no_worse(case, task, is_read=False)
    assert answer.status_code in (200, 400, 404)
    assert answer.status_code == 200 or now.version == task.version


DOORS, ELSE = [403, 404, 405, 410], [201, 202, 302, 401, 402, 408, 429, 500, 502, 503, 520]
SUBMITS = st.one_of(
    *(
        st.tuples(st.just(a_submit), cases(true), st.sampled_from(statuses))
        for true, statuses in [
            (ACCEPTED, [200]),
            (ACCEPTED, DOORS),
            (ACCEPTED, ELSE),
            (REFUSED, [200, 400, 422]),
            (REFUSED, DOORS),
        ]
    )
)
LOOKS = st.one_of(
    *(
        st.tuples(st.just(look), cases([*RUNNING, *FINISHED, *FAILED]), st.sampled_from(statuses))
        for look in (a_fetch, a_fetch_of_many)
        for statuses in ([200], [200], DOORS, ELSE)
    )
)
CALLS = st.tuples(st.just(a_webhook), cases([*RUNNING, *FINISHED, *FAILED]), st.sampled_from([200, 201, 202]))


@pytest.fixture(autouse=True)
def _quietly():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("kinds", [SUBMITS, LOOKS, CALLS], ids=["submit", "look", "webhook"])
def test_what_comes_is_never_taken_for_worse_than_it_is(web, sandbox, member, kinds):
    @generated(size(20, 1_000))
    @given(kinds)
    def check(kind) -> None:
        check_one, case, status = kind
        with RolledBack():
            check_one(web, sandbox, member, case, status)

    check()
