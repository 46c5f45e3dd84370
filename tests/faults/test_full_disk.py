"""A disk that is really full, at every step of a copy: copying pauses, says why, and goes on by itself."""

import math
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import DEVNULL, PIPE

import pytest
from django.db import connection
from django.test import Client

from extender.archive import comparing, copying
from extender.tasks.models import Clip, Task
from extender.team.models import Member
from tests.faults.clips import film, is_whole, offer, parts
from tests.faults.sizes import size
from tests.helpers import eventually, lie_at, make_task
from tests.paths import PROJECT

PAGE = 4096  # what a tmpfs counts in
FILM_PAGES = 10
# A folder for parts, the film, a folder for pictures, three of these, one to be kept, and two folders to keep it in.
INODES_LEFT = size((1,), (0, 1, 2, 3, 5, 6, 7, 8))


def mount(where: Path, options: str) -> None:
    """Mounts a tmpfs, or skips the test where nobody may."""
    where.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", where]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("LEFT OUT: a full disk and a read-only one: nobody here may mount them")


@pytest.fixture
def small_disk(tmp_path: Path, settings) -> Iterator[Path]:
    """The archive's disk, of 1 MiB and 64 files."""
    where = tmp_path / "disk"
    mount(where, f"size={256 * PAGE},nr_inodes=64")
    settings.MEDIA_ROOT = where / "media"
    settings.MEDIA_ROOT.mkdir()
    # No reserve, and less: like a quota, what ends here cannot be seen beforehand.
    settings.ARCHIVE_KEEP_FREE_MB = -1000
    yield where
    subprocess.run(["umount", "-l", where], check=True)


@pytest.fixture
def staff(db, browser_of) -> Client:
    return browser_of(Member.objects.create_user("ada", is_staff=True))


@pytest.fixture
def finish(member, sandbox):
    """Makes a finished task of so many clips."""

    def make(clips: int = 1) -> Task:
        remote_id = offer(sandbox, [film(sandbox, FILM_PAGES * PAGE) for _ in range(clips)])
        addresses = [f"{sandbox.url}/videos/{remote_id}/{index}.mp4" for index in range(1, clips + 1)]
        return make_task(member, remote_id=remote_id, urls=addresses)

    return make


def work() -> None:
    """What a worker's archive loop does, until it has nothing more to do at once."""
    while copying.copy_next() or comparing.compare_next():
        pass


def fill(disk: Path, pages: int | None = None, inodes: int | None = None) -> list[Path]:
    """Leaves so many pages or inodes; returns the files that take the others."""
    free = os.statvfs(disk)
    if pages is not None:
        filler = disk / "filler"
        filler.write_bytes(bytes(free.f_bavail * free.f_frsize - pages * PAGE))
        return [filler]
    fillers = [disk / f"filler-{number}" for number in range(free.f_ffree - inodes)]
    for filler in fillers:
        filler.touch()
    return fillers


def pages_left(disk: Path, finish) -> tuple[int, ...]:
    """How many pages are left when a copy begins: too few each time, and for another reason."""
    finish()
    work()
    poster, thumbnail, storyboard, flipbook = (
        math.ceil(path.stat().st_size / PAGE)
        for kind in ("poster.webp", "thumbnail.webp", "storyboard.webp", "flipbook")
        for path in disk.rglob(f"*.{kind}")
    )
    for path in (disk / "media").iterdir():
        shutil.rmtree(path)
    # The film, its pictures as they are made, and once more as they are stored, one after the other.
    made = FILM_PAGES + poster + thumbnail + storyboard + flipbook
    ends = (FILM_PAGES, made + poster, made + poster + thumbnail)
    return size(ends, tuple(range(made + poster + thumbnail + storyboard + flipbook)))


def let_the_pause_pass() -> None:
    assert Clip.objects.paused().update(due_at="2020-01-01T00:00:00Z") == 1


def states(task: Task) -> list[str]:
    return sorted(task.clip_set.values_list("state", flat=True))


def kept(disk: Path) -> list[Path]:
    return [path for path in (disk / "media" / "clips").rglob("*") if path.is_file()]


def assert_the_site_answers(web: Client, staff: Client, task: Task, cause: str) -> None:
    page = web.get(f"/tasks/{task.pk}/")
    assert page.status_code == 200
    assert task.clip(1).source_url in page.content.decode(), "it plays from APIFRAME"
    assert web.get("/tasks/").status_code == 200
    assert f"Copying is paused: {cause}" in staff.get("/team/archive/").content.decode()


def assert_it_goes_on_by_itself(task: Task, disk: Path) -> None:
    work()
    assert "stored" not in states(task), "it is paused"
    let_the_pause_pass()
    work()
    assert set(states(task)) == {"stored"}
    assert len(kept(disk)) == 5 * task.clip_set.count()
    assert all(is_whole(path) for path in kept(disk))
    assert parts(disk / "media") == []


def test_wherever_a_disk_ends_nothing_is_half_kept_and_copying_goes_on_once_there_is_room(
    small_disk, finish, web, staff, say
):
    left = [{"pages": pages} for pages in pages_left(small_disk, finish)]
    left += [{"inodes": inodes} for inodes in INODES_LEFT]
    pictures = Counter()
    for room in left:
        task = finish()
        fillers = fill(small_disk, **room)
        work()
        assert states(task) == ["blocked"], (room, task.clip_set.get().reason)
        assert not [path for path in kept(small_disk) if path.suffix == ".mp4" or not is_whole(path)], room
        assert parts(small_disk / "media") == [], room
        assert_the_site_answers(web, staff, task, "The disk is full.")
        pictures[len(kept(small_disk))] += 1
        for filler in fillers:
            filler.unlink()
        assert_it_goes_on_by_itself(task, small_disk)
        for path in (small_disk / "media").iterdir():
            shutil.rmtree(path)
    before = ", ".join(f"{times} with {count} pictures kept" for count, times in sorted(pictures.items()))
    say(f"full disk: {len(left)} times, {before}; 0 half-kept, {len(left)} copied once there was room")
    assert set(pictures) >= {0, 1, 2}, "it must have ended at the pictures too"


def test_a_read_only_disk_pauses_what_is_new_and_still_shows_what_is_kept(small_disk, finish, web, staff):
    before = finish()
    work()
    # For a moment longer the system holds what was just removed, and then it says that the disk is busy.
    eventually(lambda: not subprocess.run(["mount", "-o", "remount,ro", small_disk], capture_output=True).returncode)
    task = finish(3)
    work()
    assert states(task) == ["blocked", "waiting", "waiting"]
    assert_the_site_answers(web, staff, task, "The disk is read-only.")
    assert web.get(f"/clips/{before.clip_set.get().pk}.mp4").status_code == 200
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    let_the_pause_pass()
    work()
    assert states(task) == ["stored"] * 3


@pytest.mark.parametrize("announced", [True, False])
def test_copying_pauses_before_a_database_on_the_same_disk_would_stop(
    small_disk, finish, sandbox, web, staff, settings, announced
):
    settings.ARCHIVE_KEEP_FREE_MB = 1
    subprocess.run(["mount", "-o", f"remount,size={256 * PAGE + 20 * PAGE}", small_disk], check=True)
    task = finish() if announced else endless(sandbox, finish)
    fill(small_disk, pages=256 + (FILM_PAGES - 1 if announced else 12))
    work()
    assert states(task) == ["blocked"]
    assert_the_site_answers(web, staff, task, "The disk is nearly full.")
    assert parts(small_disk / "media") == []
    with closing(sqlite3.connect(small_disk / "database")) as database, database:
        database.execute("CREATE TABLE works AS SELECT 1")


ASKS = """
import sys
import django
django.setup()
from django.test import Client
for line in sys.stdin:
    print(Client(SERVER_NAME="localhost").get("/readyz").status_code, flush=True)
"""


def test_a_site_whose_database_has_no_room_is_not_ready_until_there_is_some(db, tmp_path):
    disk = tmp_path / "disk"
    mount(disk, "size=16m")
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{disk / 'site.sqlite3'}"}
    environment |= {"DJANGO_SETTINGS_MODULE": "project.settings"}
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as tables:
        tables.execute("VACUUM INTO ?", [str(disk / "site.sqlite3")])
    with subprocess.Popen(
        [sys.executable, "-c", ASKS], cwd=PROJECT, env=environment, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True
    ) as asked:

        def is_ready() -> int:
            print("?", file=asked.stdin, flush=True)
            return int(asked.stdout.readline())

        assert is_ready() == 200
        fillers = fill(disk, pages=2)
        assert is_ready() == 503
        for filler in fillers:
            filler.unlink()
        assert is_ready() == 200
        asked.stdin.close()
    subprocess.run(["umount", "-l", disk], check=True)


def endless(sandbox, finish) -> Task:
    """A task whose clip comes without an end, and without its length beforehand."""
    task = finish()
    remote_id = sandbox.start_video("a film without end [clip-endless]")
    lie_at(task, [f"{sandbox.url}/videos/{remote_id}/1.mp4"])
    return task


def test_a_full_directory_for_temporary_files_stops_no_copy(tmp_path, settings, finish, monkeypatch):
    settings.MEDIA_ROOT, settings.ARCHIVE_KEEP_FREE_MB = tmp_path / "media", 0
    full = tmp_path / "full"
    mount(full, f"size={PAGE}")
    try:
        monkeypatch.setenv("TMPDIR", str(full))
        monkeypatch.setattr(tempfile, "tempdir", None)
        # It is chosen once, as by a worker that has been there longer than the trouble.
        assert tempfile.gettempdir() == str(full)
        (full / "filler").write_bytes(bytes(PAGE))
        task = finish()
        work()
        assert states(task) == ["stored"]
    finally:
        subprocess.run(["umount", "-l", full], check=True)
