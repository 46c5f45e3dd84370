"""`manage.py backup` and `restore`, as a person runs them: what comes back, what they say, what they refuse."""

import io
import os
import shutil
import subprocess
import sys
from fcntl import LOCK_EX, flock
from pathlib import Path
from stat import S_IMODE

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from extender.archive import storage
from extender.archive.exports.models import Export
from extender.operations.backup.rows import MADE_BY_DJANGO, kept_models, read
from extender.operations.models import Heartbeat
from extender.sharing.models import Share
from extender.tasks.models import Clip, Event, Picture, Task
from extender.team.models import Member
from tests.helpers import database_url, make_clip, make_task
from tests.paths import PROJECT
from tests.sizes import size

# A backup and a restore have some 150 steps each.
EVERY = size(50, 7)

pytestmark = pytest.mark.django_db(transaction=True)


def run(*asked: object) -> tuple[int, str, str]:
    """The exit code of the command, what it printed, and what it complained of."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command(*map(str, asked), stdout=out, stderr=err)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return code, out.getvalue(), err.getvalue()


def rows() -> dict[str, list[dict]]:
    """All that is kept."""
    return {label: list(read(model._base_manager.all())) for label, model in kept_models(apps).items()}


def lose_everything(settings) -> None:
    """The disk is gone; what stands in its place has tables, and no row."""
    lose_the_rows()
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


@transaction.atomic
def lose_the_rows() -> None:
    for label, model in kept_models(apps).items():
        if label not in MADE_BY_DJANGO:
            model._base_manager.all()._raw_delete("default")


@pytest.fixture
def saved(tmp_path) -> Path:
    """Where the backup lies."""
    return tmp_path / "saved"


@pytest.fixture
def made(member) -> Task:
    """A finished task with two stored clips, of which one has no like."""
    task = make_task(member, urls=["https://clips.example/1.mp4", "https://clips.example/2.mp4"])
    make_clip(task, 1)
    make_clip(task, 2)
    return task


def files(settings) -> dict[str, bytes]:
    """What the archive holds."""
    root = settings.MEDIA_ROOT
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("clips/*/*")}


def a_row_in_each_table(task: Task) -> None:
    member = task.owner
    group = Group.objects.create(name="editors")
    group.permissions.add(Permission.objects.get(codename="view_task"))
    member.groups.add(group)
    member.user_permissions.add(Permission.objects.get(codename="view_clip"))
    picture = Picture.objects.create(
        owner=member, sha256="0" * 64, width=1, height=1, content=b"\0\xff\x89", preview=b"\xfe"
    )
    clip = task.clip(1)
    Clip.objects.filter(pk=clip.pk).update(facts={"moments_ms": [0, 41.7], "name": "été"}, cut_delta_e=0.1)
    later = make_task(member, kind="video", parent=task, picture=picture, start_clip=clip, prompt="“Schnee”\n❄")
    Event.objects.create(task=later, source="poll", said="finished", changed=True, body='{"a": 1}')
    Share.objects.create(task=task, title="For Otto", show_prompt=True)
    Export.objects.create(cut_list="1" * 64, files=["2" * 64], cuts="{}", state="stored")
    LogEntry.objects.create(user=member, content_type=ContentType.objects.get_for_model(Task), action_flag=1)


def test_all_that_is_kept_comes_back(made, saved, settings):
    a_row_in_each_table(made)
    before, stored = rows(), files(settings)
    assert [label for label, found in before.items() if not found] == []
    code, out, err = run("backup", saved)
    assert (code, err) == (0, "")
    assert out == f"{sum(map(len, before.values()))} rows and 8 files are saved; 8 files were new.\n"
    lose_everything(settings)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    code, out, err = run("restore", saved)
    assert (code, err) == (0, "")
    assert "8 files of" in out
    assert (rows(), files(settings)) == (before, stored)
    # Numbers go on behind those that came.
    Event.objects.create(task=made, source="poll", said="again", changed=False)


def test_the_planner_knows_what_came_back(made, saved, settings):
    run("backup", saved)
    lose_everything(settings)
    assert run("restore", saved)[0] == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT tbl FROM sqlite_stat1")
        assert "tasks_task" in {table for (table,) in cursor.fetchall()}


def test_what_may_have_been_sent_since_is_not_sent_again(made, saved, settings, browser_of):
    unsent = [make_task(made.owner, state) for state in ("queued", "sending")]
    run("backup", saved)
    lose_everything(settings)
    code, out, _ = run("restore", saved)
    assert (code, "unconfirmed now: 2." in out) == (0, True)
    assert not Task.objects.to_send().exists()
    assert not Task.objects.abandoned().exists()
    for before in unsent:
        task = Task.objects.get(pk=before.pk)
        assert (task.state, task.due_at, task.version) == ("unconfirmed", None, before.version + 1)
        assert "restored from a backup" in task.events.get().said
        page = browser_of(made.owner).get(task.get_absolute_url()).content.decode()
        assert "It may have been sent since" in page


def test_nobody_is_at_anything_that_comes_back(made, saved, settings, web):
    copying = make_clip(make_task(made.owner), 1, "copying", due_at="2100-01-01T00:00:00Z", received=9)
    Export.objects.create(
        cut_list="1" * 64, files=[], cuts="{}", state="exporting", percentage=7, due_at="2100-01-01T00:00:00Z"
    )
    Heartbeat.objects.beat("worker")
    assert web.get("/tasks/").status_code == 200
    run("backup", saved)
    assert {path.name for path in saved.glob("rows-*/*")} & {
        "sessions.Session.jsonl",
        "operations.Heartbeat.jsonl",
    } == set()
    lose_everything(settings)
    run("restore", saved)
    assert Clip.objects.to_copy().filter(pk=copying.pk, received=0).exists()
    assert Export.objects.to_export().filter(percentage=0).exists()


def test_the_next_backup_copies_only_what_is_new_and_drops_what_is_gone(made, saved):
    run("backup", saved)
    saved.chmod(0o755)
    gone, new = made.clip(1), make_clip(make_task(made.owner), 1)
    Clip.objects.filter(pk=gone.pk).delete()
    assert "8 files are saved; 4 files were new." in run("backup", saved)[1]
    assert {path.name[:64] for path in saved.rglob("*.mp4")} == {made.clip_set.get().sha256, new.sha256}
    assert len(list(saved.glob("rows-*"))) == 1
    assert S_IMODE(saved.stat().st_mode) == 0o700


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def turn_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_backup_says_which_file_and_restores_nothing(made, saved, settings):
    run("backup", saved)
    lose_everything(settings)
    for pattern in ("manifest.json", "rows-*/tasks.Clip.jsonl", "rows-*/files.jsonl", "files/*/*/*.mp4"):
        path = sorted(saved.glob(pattern))[0]
        whole = path.read_bytes()
        for damage in (truncate, turn_a_bit, Path.unlink):
            damage(path)
            code, out, err = run("restore", saved)
            lost = (pattern, damage) == ("manifest.json", Path.unlink)
            said = f"This backup is damaged: {path.relative_to(saved)}."
            assert run("backup", saved, "--verify") == (code, out, err)
            assert (code, out, err) == (
                (2, "", f"{saved} holds no backup, or none that was finished.") if lost else (1, "", said)
            )
        path.write_bytes(whole)
    assert run("backup", saved, "--verify") == (0, "The backup is whole.\n", "")
    assert not Member.objects.exists()
    assert run("restore", saved)[0] == 0


def test_damaged_files_can_be_left_to_be_copied_again(made, saved, settings):
    run("backup", saved)
    truncate(saved / "files" / storage.name(made.clip(1).sha256, "poster"))
    lose_everything(settings)
    code, out, _ = run("restore", saved, "--damaged-too")
    assert (code, "to be copied again: 1." in out) == (0, True)
    assert [clip.state for clip in Task.objects.get(pk=made.pk).clips] == ["waiting", "stored"]


def test_what_is_damaged_in_the_archive_is_named_and_copied_again_after_a_restore(made, saved, settings):
    name = storage.name(made.clip(1).sha256, "clip")
    turn_a_bit(settings.MEDIA_ROOT / name)
    code, _, err = run("backup", saved)
    assert (code, name in err) == (1, True)
    lose_everything(settings)
    assert run("restore", saved)[0] == 0
    assert [clip.state for clip in Task.objects.get(pk=made.pk).clips] == ["waiting", "stored"]


def test_a_restore_goes_on_with_the_files_that_are_there(made, saved, settings):
    run("backup", saved)
    stored = files(settings)
    lose_the_rows()
    there, short = sorted(settings.MEDIA_ROOT.rglob("*.mp4"))
    written = there.stat().st_mtime_ns
    truncate(short)
    assert run("restore", saved)[0] == 0
    assert there.stat().st_mtime_ns == written
    assert files(settings) == stored


def test_a_restore_refuses_rows_tables_of_another_time_and_what_is_no_backup(made, saved, settings, tmp_path):
    assert run("restore", tmp_path)[::2] == (2, f"{tmp_path} holds no backup, or none that was finished.")
    run("backup", saved)
    code, _, err = run("restore", saved)
    assert (code, "This installation is not empty" in err) == (2, True)
    lose_everything(settings)
    recorder = MigrationRecorder(connection)
    recorder.record_applied("tasks", "9999_later")
    try:
        code, _, err = run("restore", saved)
    finally:
        recorder.record_unapplied("tasks", "9999_later")
    assert (code, "tasks.9999_later" in err) == (2, True)


def test_a_directory_is_not_written_to_by_two_nor_where_something_else_is(db, saved, tmp_path):
    (tmp_path / "thesis.doc").touch()
    code, _, err = run("backup", tmp_path)
    assert (code, "holds something else than a backup: thesis.doc" in err) == (2, True)
    assert "Not a directory" in run("backup", tmp_path / "thesis.doc" / "saved")[2]
    run("backup", saved)
    with (saved / "lock").open() as held:
        flock(held, LOCK_EX)
        assert "Another backup is just being written" in run("backup", saved)[2]


def test_another_secret_key_is_told(member, saved, settings):
    run("backup", saved)
    lose_everything(settings)
    settings.SECRET_KEY = "a new one"
    code, _, err = run("restore", saved)
    assert (code, "SECRET_KEY is not the one" in err) == (0, True)


def test_a_bucket_is_backed_up_and_restored(bucket, made, saved, settings):
    settings.ARCHIVE_BUCKET = bucket.options
    other = make_clip(make_task(made.owner), 1)
    code, out, _ = run("backup", saved)
    assert code == 1, "the two on the disk are not in the bucket"
    assert "4 files are saved; 4 files were new" in out
    lose_everything(settings)
    settings.ARCHIVE_BUCKET = {}
    assert run("restore", saved)[0] == 0
    assert storage.current_store().checksum(storage.name(other.sha256, "clip")) == other.sha256


def killed(media: Path, *asked: object) -> int:
    """Runs a command to its end, after it was killed at every so many of its steps; returns how often."""
    place = media.parents[1]
    command = [sys.executable, "-m", "tests.faults.killed", *map(str, (EVERY, place, *asked))]
    environment = os.environ | {"DATABASE_URL": database_url(), "MEDIA_ROOT": str(media)}
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout.splitlines()[-1])


def test_whatever_is_killed_the_next_try_goes_on(made, saved, settings, say):
    a_row_in_each_table(made)
    backups = killed(settings.MEDIA_ROOT, "backup", saved)
    before, stored = rows(), files(settings)
    lose_everything(settings)
    restores = killed(settings.MEDIA_ROOT, "restore", saved)
    say(f"killed: a backup {backups} times, a restore {restores} times")
    assert min(backups, restores) > 1
    assert (rows(), files(settings)) == (before, stored)
