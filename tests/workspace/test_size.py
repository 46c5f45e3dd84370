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


def forget_statistics() -> None:
    """Lets the planner know nothing of the tables, as where nobody ever ran ANALYZE."""
    with connection.cursor() as cursor:
        for table in ("sqlite_stat1", "sqlite_stat4"):
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute("PRAGMA writable_schema = RESET")


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="counts by SQLite's own means")
def test_no_page_reads_more_where_the_history_is_longer(pages, member, stranger):
    forget_statistics()
    fill(member, stranger, FEW)
    few = {name: steps(page) for name, page in pages().items()}
    fill(member, stranger, MANY, first=FEW + 1)
    many = {name: steps(page) for name, page in pages().items()}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    analysed = {name: steps(page) for name, page in pages().items()}
    forget_statistics()
    # A history of 200 times as many rows: an index may be a level deeper.
    most = {name: max(many[name], analysed[name]) for name in few}
    assert {name: (few[name], most[name]) for name in few if most[name] > 2 * few[name] + 20} == {}
