"""Many processes on one SQLite file: each waits its turn, and nobody is told that the database is locked."""

import time
from collections import Counter
from pathlib import Path

from tests.faults.installation import Installation, answer_of
from tests.faults.sizes import TORTURE, size

PROCESSES = 8 if TORTURE else 3
TRANSACTIONS = size(180, 2000)


def test_nobody_is_told_that_the_database_is_locked(tmp_path: Path, say):
    with Installation(tmp_path, f"sqlite:///{tmp_path / 'site.sqlite3'}") as site:
        site.inside("enqueue", count=50, prompt="take")
        began = time.monotonic()
        # This is about the database.
        site.sandbox.kill()
        crowd = [
            site.begin_inside("mix", seed=number, count=TRANSACTIONS // PROCESSES) for number in range(PROCESSES)
        ]
        reports = [answer_of(process) for process in crowd]
        took = time.monotonic() - began
        rows = site.count("TRUE")
    done = sum((Counter(report["done"]) for report in reports), Counter())
    troubles = [trouble for report in reports for trouble in report["troubles"]]
    slowest = max(report["slowest"] for report in reports)
    said = ", ".join(f"{count} {verb}" for verb, count in sorted(done.items()))
    say(f"contention: {said}; {len(troubles)} troubles; the slowest took {slowest:.1f} s; {took:.0f} s")
    assert troubles == []
    assert done.total() == TRANSACTIONS
    assert min(done.values()) > TRANSACTIONS // 10, "every kind must have run"
    assert rows == 50 + done["enqueue"], "what was saved must be there"
