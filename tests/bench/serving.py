"""What a poll, a history and a webhook cost, as shares of a view that does nothing under the same server."""

import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

from django.db import connection
from django.test import Client
from django.utils import timezone

from extender.tasks import sending
from extender.tasks.models import Task
from extender.team.models import Member
from tests.bench.load import Ask, Cost, measure
from tests.paths import PROJECT
from tests.ports import free_port

WEBHOOKS = 2000
HTMX = ("HX-Request", "true")
# How often a page asks about a task that runs.
POLL = re.compile(r'hx-trigger="every (\d+)s"')


def rows(owner: Member, other: Member) -> Iterator[tuple[str, str]]:
    """The name of each row, and what was measured. `owner` has a history, and `other` is called back about."""
    client = Client()
    client.force_login(owner)
    cookie = ("Cookie", f"sessionid={client.cookies['sessionid'].value}")
    running = _running(owner)
    poll, webhooks = f"/tasks/{running.pk}/status/", [_webhook(_running(other)) for _ in range(WEBHOOKS)]
    with _server() as (port, pids, first):
        yield "the first pages of a fresh process", first
        bare = measure(port, pids, [Ask("/bare/")], 3000)
        yield "bare", _told(bare, bare)
        asked = {
            "poll without news": ([Ask(f"{poll}?v={running.version}", 204, headers=(cookie, HTMX))], 3000),
            "poll with news": ([Ask(f"{poll}?v=0", headers=(cookie, HTMX))], 1000),
            "poll of a stranger": ([Ask(f"{poll}?v=0", 302)], 1000),
            "history, 24 cards": ([Ask("/tasks/", headers=(cookie,))], 400),
            "webhook": (webhooks, WEBHOOKS),
        }
        for name, (asks, count) in asked.items():
            yield name, _told(measure(port, pids, asks, count), bare)
        cost = measure(port, [*pids, *_database_pids()], *asked["poll without news"])
        yield "members with a page open", _carried(cost)


def _carried(cost: Cost) -> str:
    """How many members' polls keep a processor busy. It goes by processor time, so that others matter less."""
    every = int(POLL.search((PROJECT / "templates/shared/_status.html").read_text())[1])
    members = 1000 * every / cost.cpu_ms
    return (
        f"{members:.0f} for each processor: a poll every {every} s at {cost.cpu_ms:.2f} ms of CPU, the database's too"
    )


def _database_pids() -> list[int]:
    """The server's processes that work for connections; none where the site itself does that."""
    if connection.vendor == "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return [pid for (pid,) in cursor.fetchall()]


def _told(cost: Cost, bare: Cost) -> str:
    share = f"{bare.cpu_ms / cost.cpu_ms:.2f} of bare"
    return (
        f"{share}, {cost.cpu_ms:.2f} ms of CPU, {cost.a_second:.0f} a second, p50 {cost.p50_ms:.0f} ms,"
        f" p99 {cost.p99_ms:.0f} ms"
    )


def _running(owner: Member) -> Task:
    """A task that APIFRAME renders, and that nobody has to ask about for an hour."""
    now = timezone.now()
    return Task.objects.create(
        owner=owner,
        prompt="A kite over a quiet beach",
        state="processing",
        remote_id=str(uuid.uuid4()),
        sent_at=now,
        due_at=now + timedelta(hours=1),
    )


def _webhook(task: Task) -> Ask:
    body = f'{{"task_id": "{task.remote_id}", "status": "processing", "percentage": "40"}}'.encode()
    headers = (("Content-Type", "application/json"), ("x-webhook-secret", sending.webhook_secret(task.webhook_nonce)))
    return Ask(f"/webhooks/apiframe/{task.webhook_nonce}/", 200, "POST", body, headers)


@contextmanager
def _server() -> Iterator[tuple[int, list[int], str]]:
    """gunicorn as it is configured: its port, its processes, and how quick its first pages were."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "tests.bench.site", f"--bind=127.0.0.1:{port}", "--log-level=error"]
    process = subprocess.Popen(command, cwd=PROJECT)
    try:
        connection = _connected(port)
        times = []
        for path in ("/login/", "/nowhere/", "/login/"):
            began = time.perf_counter()
            Ask(path, 404 if path == "/nowhere/" else 200).once(connection)
            times.append(f"{1000 * (time.perf_counter() - began):.0f} ms")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield port, [int(child) for child in children], ", ".join(times)
    finally:
        process.terminate()
        process.wait(60)


def _connected(port: int) -> HTTPConnection:
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            Ask("/healthz").once(connection)
        except OSError:
            time.sleep(0.05)
        else:
            return connection
