"""A page costs the same whatever lies beside what it shows: counted in SQLite's own steps, and not in seconds."""

import pytest
from django.db import connection

from extender.tasks.models import Task
from tests.bench.filling import fill

STEPS_AT_ONCE = 100
FEW, MANY = 100, 20_000


def steps(ask) -> int:
    """How many instructions SQLite's machine carries out while `ask()` runs, in hundreds."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    connection.connection.set_progress_handler(tick, STEPS_AT_ONCE)
    try:
        ask()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return count


@pytest.fixture
def pages(web, member):
    """A page of each kind, as a request for it."""
    newest = Task.objects.owned_by(member).newest_first()

    def addresses():
        shown = list(newest[:24])
        task, clip = shown[0], shown[0].clips[0]
        return {
            "history": lambda: web.get("/tasks/"),
            "picked": lambda: web.get("/tasks/?picked=yes"),
            "running": lambda: web.get("/tasks/?state=running"),
            "pulse": lambda: web.post("/tasks/pulse/", {"open": [f"{one.pk}:{one.version}" for one in shown]}),
            "task": lambda: web.get(f"/tasks/{task.pk}/"),
            "status": lambda: web.get(f"/tasks/{task.pk}/status/"),
            "copies": lambda: web.get(f"/tasks/{task.pk}/copies/"),
            "tree": lambda: web.get(f"/tasks/{task.pk}/tree/"),
            "clip": lambda: web.get(f"/clips/{clip.pk}.mp4"),
            "pick": lambda: web.post(f"/tasks/{task.pk}/clips/1/pick/", {"picked": "yes"}),
            "new": lambda: web.get("/tasks/new/"),
            "look up": lambda: web.post("/tasks/look-up/", {"parent_task_id": task.remote_id}),
            "new video": lambda: web.get("/new/"),
        }

    return addresses


def test_no_page_reads_more_where_the_history_is_longer(pages, member, stranger):
    if connection.vendor != "sqlite":
        pytest.skip("counts by SQLite's own means")
    fill(member, stranger, FEW)
    few = {name: steps(page) for name, page in pages().items()}
    fill(member, stranger, MANY, first=FEW + 1)
    many = {name: steps(page) for name, page in pages().items()}
    # A history of 200 times as many rows: an index may be a level deeper.
    assert {name: (few[name], many[name]) for name in few if many[name] > 2 * few[name] + 20} == {}
