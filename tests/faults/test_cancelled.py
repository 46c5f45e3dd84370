"""Eight processes at each row at once: half of them cancel it, half of them send it."""

import uuid
from collections import Counter
from pathlib import Path

from tests.faults.installation import Installation, answer_of
from tests.faults.reconciliation import SHOWN, Reconciliation, nonce_of
from tests.faults.sizes import TORTURE, size

PROCESSES = 8 if TORTURE else 2
ROWS = size(12, 100)


def test_a_row_is_cancelled_and_never_sent_or_sent_once_and_said_so(tmp_path: Path, database_url: str, say) -> None:
    with Installation(tmp_path, database_url) as site:
        site.inside("enqueue", count=ROWS, prompt="take")
        (meeting := tmp_path / "meeting").mkdir()
        crowd = [
            site.begin_inside("race", cancels=bool(number % 2), processes=PROCESSES, meeting=str(meeting))
            for number in range(PROCESSES)
        ]
        told = [answer_of(process) for process in crowd]
        found = Reconciliation.of(site)
    said_cancelled = Counter(pk for each in told for pk in each)
    cancelled = {str(uuid.UUID(str(row["id"]))) for row in found.rows if row["state"] == "cancelled"}
    sent = {nonce_of(row) for row in found.rows if row["state"] in SHOWN}
    say(f"{database_url.partition(':')[0]}: {PROCESSES} processes at {ROWS} rows: {found}")
    assert len(found.rows) == len(cancelled) + len(sent) == ROWS
    assert said_cancelled == dict.fromkeys(cancelled, PROCESSES // 2), "each who pressed is told what became of it"
    assert Counter(submit["nonce"] for submit in found.submits) == dict.fromkeys(sent, 1)
