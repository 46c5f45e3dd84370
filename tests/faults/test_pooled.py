"""Behind a pgbouncer that gives each transaction any connection: nothing of ours hangs on a session."""

from pathlib import Path

from tests.faults.installation import Installation, until
from tests.faults.reconciliation import Reconciliation
from tests.faults.sizes import size

TASKS = size(6, 100)


def test_everything_works_behind_a_pooler_that_keeps_no_session(tmp_path: Path, pooled_url):
    with Installation(tmp_path, pooled_url, seconds=0.3) as site:
        workers = [site.start_worker() for _ in range(2)]
        site.inside("enqueue", count=TASKS, prompt="take")
        until(site, lambda: site.count("state = 'finished'") == TASKS, "all of them")
        reconciliation = Reconciliation.of(site)
        verified = site.manage("archive", "--verify")
        mixed = site.inside("mix", seed=1, count=20)
        complaints = site.complaints()
        assert [worker.is_alive for worker in workers] == [True, True]
    assert len(reconciliation.bills) == TASKS
    assert reconciliation.sent_twice() == set()
    assert (verified.returncode, verified.stderr) == (0, "")
    assert mixed["troubles"] == []
    assert complaints == ""
