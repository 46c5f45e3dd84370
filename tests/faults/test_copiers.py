"""Workers that copy: two of them, one that sleeps, one that is fed poison, one whose clips' host dawdles."""

import time
from pathlib import Path

import av
import numpy as np

from tests.faults.clips import (
    KINDS,
    Watcher,
    copies,
    fetches,
    film,
    leave_the_original_out,
    let_leases_lapse,
    missing,
    offer,
    parts,
)
from tests.faults.installation import Installation, Process, until
from tests.faults.sizes import TORTURE

IDLE_SECONDS = 1  # between two turns of a worker that found nothing to do
# Tasks to be sent while clips drip.
TASKS = 5
# How many are at two clips each meanwhile.
DRIPPED_ON = 2 if TORTURE else 1
# A clip that drips a byte a second and began so lately that it is not given up before a worker ends.
YOUNG = "received < 12"
TAKEN_OVER = "was taken over by another worker"


def alive(site: Installation) -> int:
    """How many workers have said that they are."""
    return site.rows("SELECT COUNT(*) FROM operations_heartbeat")[0][0]


def stored_by(worker: Process) -> int:
    """How many clips a worker says that it has stored."""
    return worker.log.count("is stored")


def test_two_workers_fetch_each_clip_exactly_once(tmp_path: Path, database_url: str, say) -> None:
    with Installation(tmp_path, database_url) as site:
        leave_the_original_out(site)
        workers = [site.start_copier() for _ in range(2)]
        until(site, lambda: alive(site) == 2, "both to be there")
        for worker in workers:
            site.freeze(worker)
        # Each takes so long that the other one gets its share.
        site.inside("finish", clips={site.sandbox.start_video("snow [clip-slow]"): 4})
        # Both look at the rows in the same moment.
        for worker in workers:
            worker.thaw()
        until(site, lambda: sum(map(stored_by, workers)) == 4, "all to be copied")
        asked, not_whole = fetches(site.sandbox), missing(site)
        shares = [stored_by(worker) for worker in workers]
        again = site.rows("SELECT id FROM tasks_clip WHERE attempts <> 1")
    say(f"{database_url.partition(':')[0]}: two workers copied {shares} of 4 clips, in {asked.total()} fetches")
    assert (len(asked), asked.total()) == (4, 4)
    assert again == not_whole == []
    assert min(shares) > 0


def test_a_worker_that_slept_past_its_lease_writes_nothing_over_anothers_copy(tmp_path: Path, database_url: str):
    with Installation(tmp_path, database_url) as site:
        leave_the_original_out(site)
        slow = site.sandbox.start_video("snow [clip-slow]")
        (site.sandbox.directory / "videos" / slow / "1.mp4").write_bytes(film(site.sandbox, 200_000))
        site.inside("finish", clips={slow: 1})
        first = site.start_copier()
        until(site, lambda: copies(site, "received > 0"), "the first bytes")
        site.freeze(first)
        site.inside("finish", clips={offer(site.sandbox, [film(site.sandbox, 5000)]): 1})
        second = site.start_copier()
        until(site, lambda: copies(site, "state = 'stored'") == 1, "the other clip")
        # It has the time to take this one too, if it is allowed to.
        two_turns = time.monotonic() + 2 * IDLE_SECONDS
        until(site, lambda: time.monotonic() > two_turns, "time to pass")
        assert copies(site, "state = 'copying' AND attempts = 1") == 1, "nobody takes it before its lease has ended"

        let_leases_lapse(site)
        until(site, lambda: copies(site, "attempts = 2 AND received > 0"), "it to be taken over")
        site.freeze(second)
        before = everything(site)
        first.thaw()
        until(site, lambda: TAKEN_OVER in first.log, "the first to notice that it is another's")
        assert everything(site) == before

        let_leases_lapse(site)
        until(site, lambda: copies(site, "state = 'stored'") == 2, "it to be copied")
        before = everything(site)
        second.thaw()
        until(site, lambda: TAKEN_OVER in second.log, "the second to notice that it is done")
        assert everything(site) == before
        assert copies(site, "state = 'stored' AND attempts = 3") == 1
        assert parts(tmp_path / "media") == [], "both have cleaned up"


def everything(site: Installation) -> tuple:
    """All that is known of copies, and their files; each write to a copy moves its task's version."""
    files = [path for path in (site.directory / "media" / "clips").rglob("*") if path.is_file()]
    stats = sorted((path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in files)
    rows = site.rows("SELECT * FROM tasks_clip ORDER BY id")
    return rows, site.rows("SELECT version FROM tasks_task ORDER BY id"), stats


def paint(path: Path, width: int, height: int, pictures: int) -> bytes:
    """A film of grey pictures, a thousand a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1000, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 99, np.uint8), "yuv420p")
        for number in range(pictures):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def test_hostile_files_are_kept_out_with_their_reasons_and_the_next_clip_is_copied(tmp_path: Path) -> None:
    with Installation(tmp_path, f"sqlite:///{tmp_path / 'site.sqlite3'}") as site:
        leave_the_original_out(site)
        good = film(site.sandbox, 5000)
        films = [
            paint(tmp_path / "canvas.mp4", 8192, 2048, 2),
            good[:1500],
            good,
        ]
        site.inside("finish", clips={offer(site.sandbox, films): 3})
        worker = site.start_copier()
        until(
            site,
            lambda: copies(site, "state IN ('refused', 'stored')") == 3,
            "all three to be looked into",
        )
        rows = site.rows('SELECT state, reason, due_at FROM tasks_clip ORDER BY "index"')
        watcher = Watcher(tmp_path / "media")
        watcher.look()
        assert worker.is_alive
        assert missing(site) == []
    assert rows[0] == ("refused", "Its pictures are too large (8192 × 2048).", None)
    assert rows[1][0] == "refused"
    assert rows[1][1]
    assert rows[2][:2] == ("stored", "")
    assert (watcher.seen, watcher.torn) == (len(KINDS), []), "nothing of the others is there"


def test_a_clips_host_that_dawdles_keeps_neither_sends_nor_polls_nor_the_end_waiting(tmp_path: Path, say) -> None:
    """A byte a second is given up after half a minute, and then the next clip of that host begins."""
    with Installation(tmp_path, f"sqlite:///{tmp_path / 'site.sqlite3'}") as site:
        leave_the_original_out(site)
        site.inside("finish", clips={site.sandbox.start_video("snow [clip-drip]"): 4 for _ in range(2)})
        workers = [site.start_copier(COPIES_AT_ONCE="2") for _ in range(DRIPPED_ON)]
        begun = 2 * DRIPPED_ON
        until(site, lambda: copies(site, "state = 'copying'") == begun, "each to copy two clips")
        began = time.monotonic()
        site.inside("enqueue", count=TASKS, prompt="take [webhook-lost]")
        finished = "prompt LIKE 'take %' AND state = 'finished'"
        until(site, lambda: site.count(finished) == TASKS, "the tasks to be sent and followed")
        took = time.monotonic() - began
        # Were there one loop for all, each turn that sends would wait for a clip.
        assert copies(site, "state = 'waiting' AND attempts > 0") < TASKS, "the host's clips came first"
        until(site, lambda: copies(site, f"state = 'copying' AND {YOUNG}") == begun, "each to be at two clips")
        began = time.monotonic()
        for worker in workers:
            worker.terminate()
        codes = [worker.code() for worker in workers]
        ended = time.monotonic() - began
        assert copies(site, "state = 'copying'") == begun, "they waited for no clip to end"
    say(f"dawdling host: {TASKS} tasks sent and finished in {took:.1f} s; all workers ended within {ended:.1f} s")
    assert codes == [0] * DRIPPED_ON
    assert all("worker stopped" in worker.log for worker in workers)
