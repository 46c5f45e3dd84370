"""Copies while the workers that make them are killed at random moments: none is truncated, none is lost."""

import hashlib
import os
import random
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import requests

from tests.faults.clips import Watcher, copies, film, let_leases_lapse, missing, offer, parts
from tests.faults.copier import DEADLY
from tests.faults.installation import Installation, Web, until
from tests.faults.sizes import TORTURE, size

TASKS = size(2, 49)
PLAYS = size(10, 50)
# Seconds between two of them.
PAUSE = 0.2 if TORTURE else 1
FILM_BYTES = 256 * 1024
# The claims of the dead are let lapse by so many at once: each time the living lose theirs too.
LAPSE_EVERY = 8


class Viewer:
    """A member who plays copies over and over, by HTTP, and holds each answer against the checksum in its ETag."""

    def __init__(self, site: Installation, web: Web) -> None:
        self.plays = 0
        self.broken: list[str] = []
        self._site, self._web = site, web
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play_on, daemon=True)
        self._thread.start()

    def _play_on(self) -> None:
        dice = random.Random()
        session = requests.Session()
        session.trust_env = False
        session.cookies.set("sessionid", self._site.members[0]["session"])
        while not self._over.wait(PAUSE):
            stored = self._site.rows("SELECT id FROM tasks_clip WHERE state = 'stored'")
            for (pk,) in dice.sample(stored, min(1, len(stored))):
                address = f"{self._web.url}/clips/{uuid.UUID(str(pk))}.mp4"
                answer = session.get(address, timeout=120, allow_redirects=False)
                self.plays += 1
                if answer.headers.get("ETag") != f'"{hashlib.sha256(answer.content).hexdigest()}"':
                    self.broken.append(f"{answer.status_code}, {len(answer.content)} bytes of {address}")

    def stop(self) -> None:
        """Ends it after the film that is on."""
        self._over.set()
        self._thread.join()


class Settled:
    """Sees to it that what is stored stays exactly as it was settled, whoever else was at it."""

    def __init__(self, site: Installation) -> None:
        self.changed: list[tuple] = []
        self._site = site
        self._known: dict[object, tuple] = {}

    def look(self) -> int:
        """Adds to `changed` what is not as before; returns how many clips are stored."""
        rows = self._site.rows("SELECT id, state, sha256, settled_at FROM tasks_clip WHERE settled_at IS NOT NULL")
        now = {pk: rest for pk, *rest in rows}
        self.changed += [(pk, was, now.get(pk)) for pk, was in self._known.items() if now.get(pk) != was]
        self._known = now
        return sum(state == "stored" for state, *_ in now.values())


def test_whatever_is_killed_no_truncated_file_is_ever_kept(tmp_path: Path, database_url: str, say) -> None:
    began, log, media = time.monotonic(), tmp_path / "deaths", tmp_path / "media"
    with Installation(tmp_path, database_url) as site:
        web = site.start_web()
        # Every fourth clip is the same: its file is stored again and again while somebody plays it.
        shared = film(site.sandbox, FILM_BYTES)
        offered = [
            offer(site.sandbox, [*(film(site.sandbox, FILM_BYTES) for _ in range(3)), shared]) for _ in range(TASKS)
        ]
        site.inside("finish", clips=dict.fromkeys(offered, 4))
        wanted, lapsed_at = 4 * (TASKS + 1), 0
        site.start_copier("-m", "tests.faults.copier", "2", str(log))
        files, rows = Watcher(media), Settled(site)
        web.await_listening()
        viewer = Viewer(site, web)

        def all_stored() -> bool:
            nonlocal lapsed_at
            time.sleep(0.2)  # each look takes something from the workers
            deaths = len(log.read_text().splitlines()) if log.exists() else 0
            waiting = copies(site, "state = 'waiting'")
            if deaths - lapsed_at >= LAPSE_EVERY or (deaths > lapsed_at and not waiting):
                lapsed_at = deaths
                # Before anybody may take up what the dead have left.
                files.look()
                let_leases_lapse(site)
            return rows.look() == wanted

        until(site, all_stored, "all to be copied")
        until(site, lambda: viewer.plays >= PLAYS, "somebody to have played enough of them")
        viewer.stop()
        files.look()
        attempts = site.rows("SELECT SUM(attempts) FROM tasks_clip")[0][0]
        left, not_whole, complaints = parts(media), missing(site), site.complaints()
        for process in site.processes:
            process.end()
        site.manage("archive", "--prune-temp")
        assert parts(media) == left, "what is young may be somebody's"
        for path in left:
            os.utime(path, (0, 0))
        swept = site.manage("archive", "--prune-temp")
    deaths = Counter(log.read_text().split())
    said = ", ".join(f"{count} at a {kind}" for kind, count in sorted(deaths.items()))
    say(
        f"{database_url.partition(':')[0]}: {wanted} copies in {attempts} attempts, {deaths.total()} workers killed"
        f" ({said}), {files.seen} files written, {len(files.torn)} truncated; {viewer.plays} plays,"
        f" {len(viewer.broken)} broken; {len(left)} stray files swept; {time.monotonic() - began:.0f} s"
    )
    assert files.torn == [], complaints
    assert viewer.broken == []
    assert rows.changed == []
    assert not_whole == []
    assert (swept.returncode, parts(media)) == (0, []), swept.stderr
    assert attempts > wanted, "a kill must have hit a copy"
    assert left, "a kill must have left something"
    assert set(deaths) == set(DEADLY), "every kind of moment must have seen a death"
