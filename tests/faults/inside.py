"""What a test needs done inside the app, in processes of its own: `python -m tests.faults.inside <socket>`.

An installation has a database that the tests' own Django knows nothing of. Whoever connects to the socket, a number
that this process inherits, says a verb and its arguments as a line of JSON, and is told the answer as JSON. Each verb
is done by a fork, so that it costs no second of imports.
"""

import importlib
import io
import json
import os
import random
import socket
import socketserver
import sys
import time
import traceback
import uuid
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import django


def set_up(originals: list[str], members: int = 1) -> list[dict[str, str]]:
    """Makes members who are signed in and have a finished video each to continue."""
    from django.conf import settings
    from django.test import Client

    from extender.tasks.lookup import look_up
    from extender.team.models import Member

    made = []
    for number in range(members):
        member = Member.objects.create(username=f"member-{number}")
        browser = Client(SERVER_NAME="127.0.0.1")
        browser.force_login(member, backend="extender.team.sessions.MemberBackend")
        original = look_up(member, originals[0])
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        made.append({"name": member.username, "session": session, "original": str(original.pk)})
    return made


def enqueue(count: int, prompt: str, due_at: str = "") -> None:
    """Puts `count` tasks of the first member into the queue, due at once or at `due_at`, and sends none."""
    from django.db import transaction

    from extender.tasks.models import Task

    with transaction.atomic():
        for number in range(count):
            _enqueue_one(f"{prompt} {number}")
        if due_at:
            Task.objects.filter(state="queued", prompt__startswith=prompt).update(due_at=due_at)


def finish(clips: dict[str, int]) -> list[str]:
    """Makes tasks of the first member that have finished: by their ids at APIFRAME, how many clips they have."""
    from django.conf import settings

    from extender.states import State
    from extender.tasks.models import Clip, Task
    from extender.team.models import Member

    made = [
        Task(
            owner=Member.objects.get(username="member-0"),
            kind=Task.Kind.EXTENSION,
            state=State.FINISHED,
            remote_id=remote_id,
            prompt="take",
            index=1,
        )
        for remote_id in clips
    ]
    tasks = Task.objects.bulk_create(made)
    for task in tasks:
        where = f"{settings.APIFRAME_BASE_URL}/videos/{task.remote_id}"
        Clip.objects.bulk_create(
            Clip(task=task, index=n, source_url=f"{where}/{n}.mp4", contains_parent="unknown")
            for n in range(1, clips[task.remote_id] + 1)
        )
    return [str(task.pk) for task in tasks]


def race(cancels: bool, processes: int, meeting: str) -> list[str]:
    """Cancels, or sends, each queued task when all of `processes` have come to it: returns what is cancelled."""
    from extender.states import State
    from extender.tasks.models import Task
    from extender.tasks.sending import send
    from extender.tasks.submitting import cancel

    act = cancel if cancels else send
    cancelled = []
    # Read before any of them can have moved.
    tasks = list(Task.objects.filter(state=State.QUEUED).order_by("pk"))
    for task in tasks:
        _meet(Path(meeting) / str(task.pk), processes)
        # Long beside what either takes, so that now these come first and now those.
        time.sleep(random.random() / 10)
        if act(task) and cancels:
            cancelled.append(str(task.pk))
    return cancelled


def _meet(place: Path, processes: int) -> None:
    """Returns when as many `processes` as these have come to `place`."""
    with place.open("ab", buffering=0) as arrivals:
        arrivals.write(b".")
    while place.stat().st_size < processes:
        time.sleep(0.001)


def mix(seed: int, count: int) -> dict[str, Any]:
    """Does `count` things at random that members, workers and webhooks do; returns what went wrong and what ran."""
    dice = random.Random(seed)
    verbs = {
        "enqueue": _enqueue_one,
        "claim": _claim_one,
        "follow": _follow,
        "update": _hear_from_apiframe,
        "history": _open_history,
    }
    troubles, done, slowest = [], dict.fromkeys(verbs, 0), 0.0
    for _ in range(count):
        name = dice.choice(sorted(verbs))
        began = time.monotonic()
        try:
            verbs[name]()
            done[name] += 1
        except Exception:
            troubles.append(traceback.format_exc())
        slowest = max(slowest, time.monotonic() - began)
    return {"troubles": troubles, "done": done, "slowest": slowest}


def _enqueue_one(prompt: str = "and then it snows") -> None:
    from extender.tasks.models import Task
    from extender.tasks.submitting import enqueue as enqueue_form

    parent = Task.objects.filter(kind=Task.Kind.ORIGINAL).select_related("owner").order_by("pk").first()
    asked = {"parent_task_id": parent.remote_id, "index": 1, "prompt": prompt, "motion": "low", "image_url": ""}
    enqueue_form(parent.owner, uuid.uuid4(), parent, **asked)


def _claim_one() -> None:
    from extender.tasks.models import Task

    if task := Task.objects.to_send().order_by("due_at").first():
        Task.objects.claim_to_send(task.pk)


def _follow() -> None:
    """The worker's turn, with an APIFRAME that refuses the connection."""
    from extender.tasks.following import follow_due

    follow_due()


def _hear_from_apiframe() -> None:
    from extender.apiframe import TaskUpdate
    from extender.states import State
    from extender.tasks.models import Event, Task
    from extender.tasks.updates import apply_update

    if task := Task.objects.filter(state__in=[State.SENDING, State.PENDING, State.PROCESSING]).order_by("?").first():
        percentage = random.randint(1, 100)
        update = TaskUpdate(State.PROCESSING, task.remote_id or str(uuid.uuid4()), percentage)
        apply_update(task, update, Event.Source.WEBHOOK)
        # So that there is always something to follow.
        Task.objects.filter(pk=task.pk).update(due_at="2020-01-01T00:00:00Z")


def _open_history() -> None:
    response = _browser().get("/tasks/")
    assert response.status_code == 200, response.content


def _browser() -> Any:
    from django.test import Client

    from extender.team.models import Member

    if not _kept:
        browser = Client(SERVER_NAME="127.0.0.1")
        browser.force_login(Member.objects.get(username="member-0"), "extender.team.sessions.MemberBackend")
        _kept.append(browser)
    return _kept[0]


_kept: list[Any] = []


def manage(arguments: list[str]) -> tuple[int, str, str]:
    """Runs one command of `manage.py`; returns its exit code, what it printed, and what it complained of."""
    from django.core.management import execute_from_command_line

    code = 0
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as errors:
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as ended:
            code = ended.code
    return code, out.getvalue(), errors.getvalue()


VERBS = {"set_up": set_up, "enqueue": enqueue, "finish": finish, "race": race, "mix": mix, "manage": manage}


class _Asked(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        verb, arguments = json.loads(self.rfile.readline())
        try:
            answer = {"answer": VERBS[verb](**arguments)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        self.wfile.write(json.dumps(answer).encode())


class _Server(socketserver.ForkingMixIn, socketserver.TCPServer):
    def __init__(self, number: int) -> None:
        super().__init__(("", 0), _Asked, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=number)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    # What the verbs use, so that each fork has it.
    for module in ("django.test", "project.urls", "extender.operations.worker"):
        importlib.import_module(module)
    _Server(int(sys.argv[1])).serve_forever()
