"""Two web servers behind nginx and three workers share one PostgreSQL; one of each dies, and all is finished once.

They are set up as docs/deploy.md has several machines; in `make torture` with a bucket, into which workers copy.
"""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.installation import Installation, until
from tests.faults.reconciliation import Reconciliation
from tests.faults.sizes import TORTURE, size
from tests.ports import free_port
from tests.servers import find_nginx, nginx_as_deployed

TASKS = size(12, 500)
# What was on its way to the web server that dies: the sandbox posts four at once, nginx keeps sixteen connections.
MISSED = 20


@pytest.fixture
def fleet(tmp_path, postgres_url, monkeypatch, request) -> Iterator[Installation]:
    """An installation whose first two web servers stand behind nginx, where APIFRAME calls back."""
    port = free_port()
    site = Installation(tmp_path, postgres_url, public_url=f"https://127.0.0.1:{port}", seconds=0.3)
    with nginx_as_deployed(tmp_path / "nginx", site.addresses(2), tmp_path, port) as front:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(front.certificate))
        if TORTURE:
            options = request.getfixturevalue("bucket").options
            monkeypatch.setenv("S3_BUCKET", options["bucket_name"])
            monkeypatch.setenv("S3_ENDPOINT", options["endpoint_url"])
        with site:
            yield site


@pytest.mark.skipif(find_nginx() is None, reason="LEFT OUT: there is no nginx to stand before them")
def test_a_fleet_finishes_everything_once_though_a_web_server_and_a_worker_die(fleet, say):
    webs = [fleet.start_web() for _ in range(2)]
    fleet.inside("enqueue", count=TASKS, prompt="take --bs 1")
    for web in webs:
        web.await_listening()
    began = time.monotonic()
    workers = [fleet.start_copier() if TORTURE else fleet.start_worker() for _ in range(3)]
    until(fleet, lambda: fleet.count("state <> 'queued'") >= TASKS // 2, "half of the sends")
    webs[0].end()
    workers[0].end()
    left_behind = fleet.count("state = 'sending'")
    await_tasks(fleet)
    took = f"{time.monotonic() - began:.0f} s"
    if TORTURE:
        await_clips(fleet)
        took += f", and {time.monotonic() - began:.0f} s until {clips(fleet, 'stored')} clips were stored"
    reconciliation = Reconciliation.of(fleet)
    answers = fleet.rows("SELECT task_id, COUNT(*) FROM tasks_event WHERE source = 'answer' GROUP BY task_id")
    calls = Counter(post["answer"] for post in fleet.sandbox.ledger()["webhooks"])
    complaints = fleet.complaints()
    states = Counter(row["state"] for row in reconciliation.rows)
    say(
        f"fleet: {reconciliation}; {left_behind} in hand when two processes were killed; {took};"
        f" {calls[200]} webhooks were heard, and {calls[502]} found nobody"
    )
    assert calls[200] > 0
    assert calls[502] <= MISSED
    assert len(reconciliation.rows) == TASKS
    assert [row for row in reconciliation.rows if row["attempts"] != 1] == [], complaints
    assert [task for task, count in answers if count > 1] == []
    assert reconciliation.sent_twice() == set()
    assert reconciliation.submits_without_a_row() == set()
    assert reconciliation.hidden() == []
    # The one that the dead worker had in hand may have left, or not: nobody knows, and it says so.
    assert states["unconfirmed"] <= 1, complaints
    assert states["finished"] == TASKS - states["unconfirmed"], complaints
    assert len(reconciliation.submits) >= states["finished"]


def await_tasks(site: Installation) -> None:
    until(site, lambda: site.count("state IN ('queued', 'pending', 'processing')") == 0, "the rest")
    # What the dead worker had in hand; the living ones have sent all that they took.
    until(site, lambda: site.count("state = 'sending'") <= 1, "the last sends")
    site.let_time_pass("sending")
    still_open = "state IN ('queued', 'sending', 'pending', 'processing')"
    until(site, lambda: site.count(still_open) == 0, "the sweep")


def await_clips(site: Installation) -> None:
    # One may be the dead worker's.
    until(site, lambda: clips(site, "waiting") == 0 and clips(site, "copying") <= 1, "the copies")
    site.change("UPDATE tasks_clip SET due_at = '2020-01-01 00:00:00' WHERE state = 'copying'")
    until(site, lambda: clips(site, "copying") == 0, "the last copy")


def clips(site: Installation, state: str) -> int:
    """How many clips there are in this state."""
    return site.rows(f"SELECT COUNT(*) FROM tasks_clip WHERE state = '{state}'")[0][0]
