"""Backups while everything runs, restored on either database: rows and files are whole, nothing is billed twice."""

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.faults.clips import missing
from tests.faults.installation import Installation, Visitor, Web, until
from tests.faults.reconciliation import Reconciliation
from tests.faults.sizes import size

BACKUPS = size(1, 20)
# So many wait to be sent when a backup begins, and are sent as soon as it is made.
WAITING = 5
UNSENT = ("queued", "sending")
RESTORED = "restored from a backup"
# No limit of spending keeps anything back.
UNLIMITED = ("PAID_PER_MINUTE", "PAID_PER_DAY", "PAID_PER_MINUTE_MEMBER", "PAID_PER_DAY_MEMBER")


class Submitter:
    """A member who fills in one form after the other."""

    def __init__(self, web: Web, member: dict[str, str]) -> None:
        self.kept: list[str] = []
        """The nonces of the forms that were taken."""
        self._visitor = Visitor(web, member)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def _go_on(self) -> None:
        while not self._over.wait(0.5):
            form = self._visitor.form("and then it snows")
            self._visitor.press(form)
            self.kept.append(form["nonce"])

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


class Saved:
    """What stands in a backup."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tables = {path.stem: _rows(path) for path in directory.glob("rows-*/*.*.jsonl")}
        self.tasks, self.clips = self.tables["tasks.Task"], self.tables["tasks.Clip"]
        self.forms = {row["form_nonce"] for row in self.tasks.values()}
        self.unsent = {pk for pk, row in self.tasks.items() if row["state"] in UNSENT}
        self.rows = sum(map(len, self.tables.values()))

    def torn(self) -> list[str]:
        """Tasks that have finished without all of their clips, or the other way round: both come in one moment."""
        clips = Counter(clip["task_id"] for clip in self.clips.values())
        return [pk for pk, row in self.tasks.items() if (row["state"] == "finished") != (clips[pk] == 4)]

    def untouched(self) -> dict[str, dict]:
        """All rows but those that a restore changes: what was unsent, being copied, and what it says of that."""
        changed = {"tasks.Task": (*UNSENT, "unconfirmed"), "tasks.Clip": ("copying", "waiting")}
        return {
            label: {
                pk: row
                for pk, row in rows.items()
                if row.get("state") not in changed.get(label, ()) and RESTORED not in row.get("said", "")
            }
            for label, rows in self.tables.items()
        }


def _rows(path: Path) -> dict[object, dict]:
    return {row.get("id"): row for row in map(json.loads, path.read_text().splitlines())}


def back_up_under_load(site: Installation) -> list[tuple[Saved, set[str]]]:
    """Backups while a member submits and a worker sends and copies; each with the forms that were taken before it."""
    web = site.start_web()
    site.start_copier()
    web.await_listening()
    submitter, made = Submitter(web, site.members[0]), []
    until(site, lambda: site.rows("SELECT 1 FROM tasks_clip WHERE state = 'stored'"), "a copy")
    for number in range(BACKUPS):
        site.inside("enqueue", count=WAITING, prompt="wait", due_at="2100-01-01T00:00:00Z")
        promised, directory = set(submitter.kept), site.directory / f"backup-{number}"
        site.manage("backup", str(directory)).check_returncode()
        made.append((Saved(directory), promised))
        site.let_time_pass("queued")
    submitter.stop()
    until(site, lambda: site.count("state IN ('queued', 'sending')") == 0, "the last sends")
    for process in site.processes:
        process.end()
    return made


def live_on(house: Installation, saved: Saved) -> None:
    """Restores a backup, holds what is there against it, and lets a worker do what it finds to do."""
    house.manage("restore", str(saved.directory)).check_returncode()
    # Flipbooks are in no backup: they are made anew.
    assert [name for name in missing(house) if not name.endswith(".flipbook")] == []
    house.manage("backup", str(house.directory / "again")).check_returncode()
    again = Saved(house.directory / "again")
    assert again.untouched() == saved.untouched()
    assert (again.tasks.keys(), again.clips.keys()) == (saved.tasks.keys(), saved.clips.keys())
    assert {again.tasks[pk]["state"] for pk in saved.unsent} == {"unconfirmed"}
    # Whatever would still be queued there, is due.
    house.let_time_pass("queued")
    worker = house.start_worker()
    until(house, lambda: house.count("state IN ('queued', 'pending', 'processing')") == 0, "what was open")
    worker.end()
    shutil.rmtree(house.directory)


def test_backups_under_load_come_back_whole_and_bill_nothing_twice(
    tmp_path: Path, database_url: str, new_postgres: Callable[[], str], monkeypatch, say
) -> None:
    for limit in UNLIMITED:
        monkeypatch.setenv(limit, "0")
    began, kind = time.monotonic(), database_url.partition(":")[0]
    with Installation(tmp_path, database_url, seconds=0.3) as site:
        made = back_up_under_load(site)
        for number, (saved, promised) in enumerate(made):
            # By turns of the other kind and of the same one.
            is_sqlite = (kind == "sqlite") == bool(number % 2)
            url = f"sqlite:///{tmp_path / f'{number}.sqlite3'}" if is_sqlite else new_postgres()
            house = site.beside(f"house-{number}", url)
            assert promised <= saved.forms
            assert saved.torn() == []
            assert len(saved.unsent) >= WAITING
            live_on(house, saved)
        reconciliation = Reconciliation.of(site)
    rows, unsent = sum(saved.rows for saved, _ in made), sum(len(saved.unsent) for saved, _ in made)
    say(
        f"{kind}: {len(made)} backups under load restored, {rows} rows, of which {unsent} tasks were unsent;"
        f" {reconciliation}; {time.monotonic() - began:.0f} s"
    )
    assert reconciliation.sent_twice() == set()
    assert reconciliation.hidden() == []
