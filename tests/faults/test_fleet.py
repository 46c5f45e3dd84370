"""Two web servers and three workers share one PostgreSQL; one of each dies halfway, and all is finished once."""

import time
from collections import Counter
from pathlib import Path

from tests.faults.installation import Installation, until
from tests.faults.reconciliation import Reconciliation
from tests.faults.sizes import size

TASKS = size(40, 500)


def test_a_fleet_finishes_everything_once_though_a_web_server_and_a_worker_die(tmp_path: Path, postgres_url, say):
    with Installation(tmp_path, postgres_url, seconds=0.3) as site:
        # APIFRAME knows the first web server alone: it dies, so half of the webhooks find nobody.
        webs = [site.start_web() for _ in range(2)]
        site.inside("enqueue", count=TASKS, prompt="take")
        for web in webs:
            web.await_listening()
        began = time.monotonic()
        workers = [site.start_worker() for _ in range(3)]
        until(site, lambda: site.count("state <> 'queued'") >= TASKS // 2, "half of the sends")
        webs[0].end()
        workers[0].end()
        left_behind = site.count("state = 'sending'")
        until(site, lambda: site.count("state IN ('queued', 'pending', 'processing')") == 0, "the rest")
        # What the dead worker had in hand; the living ones have sent all that they took.
        until(site, lambda: site.count("state = 'sending'") <= 1, "the last sends")
        site.let_time_pass("sending")
        until(
            site,
            lambda: site.count("state IN ('queued', 'sending', 'pending', 'processing')") == 0,
            "the sweep",
        )
        took = time.monotonic() - began
        reconciliation = Reconciliation.of(site)
        answers = site.rows("SELECT task_id, COUNT(*) FROM tasks_event WHERE source = 'answer' GROUP BY task_id")
        complaints = site.complaints()
    states = Counter(row["state"] for row in reconciliation.rows)
    say(f"fleet: {reconciliation}; {left_behind} in hand when two processes were killed; {took:.0f} s")
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
