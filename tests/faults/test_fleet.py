"""Two web servers and three workers share one PostgreSQL; one of each dies halfway, and all is finished once."""

import time
from collections import Counter
from pathlib import Path

from tests.faults.books import Books
from tests.faults.house import House, until
from tests.faults.sizes import size

TASKS = size(40, 500)


def test_a_fleet_finishes_everything_once_though_a_web_server_and_a_worker_die(tmp_path: Path, postgres_url, say):
    with House(tmp_path, postgres_url, seconds=0.3) as house:
        # APIFRAME knows the first web server alone: it dies, so half of the webhooks find nobody.
        webs = [house.open_web() for _ in range(2)]
        house.inside("enqueue", count=TASKS, prompt="take")
        for web in webs:
            web.await_open_door()
        began = time.monotonic()
        workers = [house.hire_worker() for _ in range(3)]
        until(house, lambda: house.count("state <> 'queued'") >= TASKS // 2, "half of the sends")
        webs[0].end()
        workers[0].end()
        left_behind = house.count("state = 'sending'")
        until(house, lambda: house.count("state IN ('queued', 'pending', 'processing')") == 0, "the rest")
        # What the dead worker had in hand; the living ones have sent all that they took.
        until(house, lambda: house.count("state = 'sending'") <= 1, "the last sends")
        house.let_time_pass("sending")
        until(
            house,
            lambda: house.count("state IN ('queued', 'sending', 'pending', 'processing')") == 0,
            "the sweep",
        )
        took = time.monotonic() - began
        books = Books.of(house)
        answers = house.rows("SELECT task_id, COUNT(*) FROM tasks_event WHERE source = 'answer' GROUP BY task_id")
        complaints = house.complaints()
    states = Counter(row["state"] for row in books.rows)
    say(f"fleet: {books}; {left_behind} in hand when two processes were killed; {took:.0f} s")
    assert len(books.rows) == TASKS
    assert [row for row in books.rows if row["attempts"] != 1] == [], complaints
    assert [task for task, count in answers if count > 1] == []
    assert books.sent_twice() == set()
    assert books.submits_without_a_row() == set()
    assert books.hidden() == []
    # The one that the dead worker had in hand may have left, or not: nobody knows, and it says so.
    assert states["unconfirmed"] <= 1, complaints
    assert states["finished"] == TASKS - states["unconfirmed"], complaints
    assert len(books.submits) >= states["finished"]
