"""`manage.py archive`, as a person or a cron job runs it: what it does, what it says, and its exit codes."""

import io
import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from extender.archive import copying, storage
from extender.tasks.models import Clip, Task
from extender.tasks.models.clips import ClipQuerySet
from tests.helpers import age, at_once, database_url, lie_at, make_clip, make_task, stripped
from tests.paths import PROJECT


def archive(*asked: str) -> tuple[int, str, str]:
    """The exit code of the command, what it printed, and what it complained of."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command("archive", *asked, stdout=out, stderr=err)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return code, out.getvalue(), err.getvalue()


def film(settings, copy: Clip, kind: str = "clip") -> Path:
    return settings.MEDIA_ROOT / storage.name(copy.sha256, kind)


@pytest.fixture
def two_clips(original) -> Task:
    """A finished task of two real clips, not copied yet."""
    lie_at(original, [clip.source_url for clip in original.clips[:2]])
    return original


def test_it_does_one_thing_at_a_time(db):
    for asked in ([], ["--missing", "--verify"]):
        with pytest.raises(CommandError):
            call_command("archive", *asked)


def test_an_empty_archive_is_well(db, sandbox):
    assert archive("--missing") == archive("--verify") == (0, "0 clips are stored.\n", "")
    assert archive("--prune-temp") == (0, "0 temporary files removed.\n", "")


def test_what_is_missing_is_copied_at_once_whatever_it_waits_for(two_clips):
    make_clip(two_clips, 1, "waiting", due_at="2100-01-01T00:00:00Z", misses=9, attempts=9)
    make_clip(two_clips, 2, "lost")
    assert archive("--missing") == (0, "2 clips are stored.\n", "")
    assert set(two_clips.clip_set.values_list("state", flat=True)) == {"stored"}


def test_what_cannot_be_had_is_named_without_its_prompt(two_clips, sandbox):
    lie_at(two_clips, [two_clips.clip(1).source_url, f"{sandbox.url}/videos/gone.mp4"])
    age(two_clips, prompt="their secret")
    Clip.objects.filter(index=2).update(gone_since="2026-01-01T00:00:00Z")
    Task.objects.filter(pk=two_clips.pk).update(remote_id="")
    code, out, err = archive("--missing")
    assert (code, out) == (1, "")
    assert f"task {two_clips.pk}, clip 2: no longer at APIFRAME. Its server no longer has it." in err
    assert "1 clips are missing." in err
    assert "clip 1" not in err
    assert "secret" not in err


@pytest.mark.parametrize("asked", ["--missing", "--verify"])
def test_a_store_in_trouble_is_another_matter_than_a_clip(two_clips, settings, tmp_path, asked):
    make_clip(make_task(two_clips.owner))
    (tmp_path / "a-file").write_text("")
    settings.MEDIA_ROOT = tmp_path / "a-file"
    code, out, err = archive(asked)
    assert (code, out) == (2, "")
    assert err.strip()


def test_a_full_disk_is_the_stores_trouble(two_clips, settings):
    settings.ARCHIVE_KEEP_FREE_MB = 10**9
    assert archive("--missing") == (2, "", "The disk is nearly full.")
    settings.ARCHIVE_KEEP_FREE_MB = 0
    assert archive("--missing")[0] == 0, "it is tried at once, whatever pause there was"


@pytest.mark.parametrize("harm", ["changed", "cut", "gone", "no poster"])
def test_what_is_damaged_is_named_shown_from_apiframe_and_copied_again(web, two_clips, settings, harm):
    bodies = [stripped(requests.get(clip.source_url, timeout=120).content) for clip in two_clips.clips]
    copy, other = (make_clip(two_clips, index, body=body) for index, body in enumerate(bodies, 1))
    assert archive("--verify") == (0, "2 clips are stored.\n", "")
    path = film(settings, copy)
    whole = path.read_bytes()
    if harm == "changed":
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif harm == "cut":
        path.write_bytes(whole[:-1])
    elif harm == "gone":
        path.unlink()
    else:
        film(settings, copy, "poster").unlink()
    code, out, err = archive("--verify")
    assert (code, out) == (1, "")
    assert err == (f"task {two_clips.pk}, clip 1: not copied yet. The copy was damaged.\n1 clips are damaged.")
    assert two_clips.clip(1).source_url in web.get(f"/tasks/{two_clips.pk}/").content.decode()
    assert Clip.objects.get(pk=other.pk).is_stored
    # Whether by the next turn of a worker or by this.
    assert copying.copy_next()
    assert archive("--verify")[0] == 0
    assert path.read_bytes() == whole
    assert film(settings, copy, "poster").exists()


def test_however_many_clips_there_are_a_page_of_them_is_read_at_once(member, settings, shorten):
    shorten("extender.paging.PAGE", 2)
    copies = [make_clip(make_task(member, urls=[]), body=f"film {number}".encode()) for number in range(5)]
    for copy in copies[::2]:
        film(settings, copy).unlink()
    with CaptureQueriesContext(connection) as captured:
        code, _, err = archive("--verify")
    assert (code, err.count("The copy was damaged.")) == (1, 3)
    read = [query["sql"] for query in captured.captured_queries if '"source_url"' in query["sql"]]
    assert len(read) in (3, 4)
    assert all("LIMIT 2" in sql for sql in read)


def test_a_film_that_is_whole_is_not_lost_with_its_pictures(two_clips, settings, sandbox):
    content = requests.get(two_clips.clip(1).source_url, timeout=120).content
    lie_at(two_clips, [f"{sandbox.url}/videos/gone.mp4"])
    copy = make_clip(two_clips, 1, body=content)
    age(two_clips, remote_id="")
    film(settings, copy, "poster").unlink()
    assert archive("--verify")[0] == 1
    assert archive("--missing") == (0, "1 clips are stored.\n", "")
    assert film(settings, copy, "poster").read_bytes()[8:12] == b"WEBP"
    # What is not whole is no film.
    film(settings, copy).write_bytes(b"not what it was")
    assert archive("--verify")[0] == archive("--missing")[0] == 1
    copy.refresh_from_db()
    assert (copy.state, copy.reason) == ("waiting", "Its server no longer has it.")


def test_strays_are_removed_and_what_is_being_written_is_not(db, settings):
    with storage.current_store().part() as young, storage.current_store().part() as old:
        ago = time.time() - 2 * 3600
        os.utime(old.path, (ago, ago))
        assert archive("--prune-temp") == (0, "1 temporary files removed.\n", "")
        assert young.path.exists()
        assert not old.path.exists()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_it_works_beside_workers(original, settings, sandbox):

    def work() -> None:
        while copying.copy_next():
            pass

    at_once(lambda: archive("--missing"), work, work)
    assert set(original.clip_set.values_list("state", flat=True)) == {"stored"}
    assert set(original.clip_set.values_list("attempts", flat=True)) == {1}


def test_what_a_worker_is_at_is_left_to_it(two_clips):
    make_clip(two_clips, 1, "copying", attempts=1, due_at="2100-01-01T00:00:00Z")
    make_clip(two_clips, 2)
    said = "1 clips are stored.\n1 more are just being copied by a worker.\n"
    assert archive("--missing") == (0, said, "")
    Clip.objects.filter(index=1).update(due_at="2020-01-01T00:00:00Z")
    assert archive("--missing") == (0, "2 clips are stored.\n", ""), "that worker has died"


def test_who_comes_second_to_a_clip_takes_the_next(two_clips, monkeypatch):
    real, lost = ClipQuerySet.claim, []

    def come_second(self, pk) -> bool:
        if not lost:
            lost.append(pk)
            assert real(self, pk), "another worker takes it"
        return real(self, pk)

    # Nobody else is quick enough between the look at the row and the claim.
    monkeypatch.setattr(ClipQuerySet, "claim", come_second)
    assert copying.copy_next()
    assert two_clips.clip_set.get(state="stored").pk != lost[0]


@pytest.mark.django_db(transaction=True)
def test_as_a_process_it_shows_its_progress_to_people_alone(two_clips, settings, sandbox, tmp_path):
    command = [sys.executable, "manage.py", "archive"]
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "APIFRAME_BASE_URL": sandbox.url,
        "APIFRAME_API_KEY": sandbox.key,
        "ARCHIVE_KEEP_FREE_MB": "0",
    }
    quiet = subprocess.run([*command, "--missing"], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert (quiet.returncode, quiet.stdout) == (0, "2 clips are stored.\n")
    assert "%" not in quiet.stderr
    film(settings, two_clips.clip_set.get(index=1)).unlink()
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    try:
        shown = subprocess.run(
            [*command, "--verify"], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=terminal
        )
        seen = os.read(screen, 100_000).decode()
    finally:
        os.close(screen)
        os.close(terminal)
    assert shown.returncode == 1
    assert "100%" in seen
    assert "1 clips are damaged." in seen
