"""What pages cost in a long history against a short one."""

import time
from collections.abc import Callable, Iterator
from statistics import median

from django.db import connection
from django.test import Client
from django.utils.http import urlencode

from extender.tasks.models import Clip, Task
from extender.team.models import Member
from tests.bench.filling import fill

FEW = 1_000
TIMES = 7


def rows(owner: Member, other: Member, many: int) -> Iterator[tuple[str, str]]:
    """For each page, how long it takes with so many tasks, against a thousand."""
    fill(owner, other, FEW)
    few = {name: _milliseconds(ask) for name, ask in _pages(owner).items()}
    fill(owner, other, many - FEW, first=FEW + 1)
    if connection.vendor == "postgresql":
        # As it does by itself within a minute. SQLite has to do without.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    for name, ask in _pages(owner).items():
        took = _milliseconds(ask)
        yield name, f"{took:.1f} ms at {many:,} tasks, {few[name]:.1f} ms at {FEW:,}: {took / few[name]:.1f} times"


def _milliseconds(ask: Callable[[], object]) -> float:
    ask()
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


def _pages(owner: Member) -> dict[str, Callable[[], object]]:
    web = Client()
    web.force_login(owner)
    shown = list(Task.objects.owned_by(owner).newest_first()[:24])
    task, clip = shown[0], shown[0].clips[0]
    old = urlencode({"before": f"{task.created_at.isoformat()}_{task.pk}"})
    asked = [f"{one.pk}:{one.version}" for one in shown]

    def get(path: str, status: int = 200) -> Callable[[], object]:
        def ask() -> None:
            answer = web.get(path)
            assert answer.status_code == status, f"{path}: {answer.status_code}"

        return ask

    return {
        "history": get("/tasks/"),
        "history, the next page": get(f"/tasks/?{old}"),
        "history, what is picked": get("/tasks/?picked=yes"),
        "history's pulse": lambda: web.post("/tasks/pulse/", {"open": asked}),
        "task": get(f"/tasks/{task.pk}/"),
        "tree": get(f"/tasks/{task.pk}/tree/"),
        "a clip's file": get(f"/clips/{clip.pk}.mp4", 302),
        "a pick": lambda: web.post(f"/tasks/{task.pk}/clips/1/pick/", {"picked": "yes"}),
        "new": get("/tasks/new/"),
        "parent by APIFRAME's id": lambda: web.post("/tasks/look-up/", {"parent_task_id": task.remote_id}),
        "team": get("/team/"),
        "archive": get("/team/archive/"),
        "what the worker asks": lambda: [
            Clip.objects.is_something_due(),
            list(Task.objects.to_send()[:1]),
            list(Task.objects.to_follow()[:20]),
            list(Task.objects.abandoned()[:1]),
        ],
    }
