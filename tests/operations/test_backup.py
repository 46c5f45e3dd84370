"""`manage.py backup` and `restore`, as a person runs them: what comes back, what they say, what they refuse."""

import io
from fcntl import LOCK_EX, flock
from pathlib import Path
from stat import S_IMODE

import pytest
from django.core.management import CommandError, call_command

from extender.tasks.models import Clip, Task
from tests.helpers import make_clip, make_task

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


def test_the_next_backup_copies_only_what_is_new_and_drops_what_is_gone(made, saved):
    run("backup", saved)
    saved.chmod(0o755)
    gone, new = made.clip(1), make_clip(make_task(made.owner), 1)
    Clip.objects.filter(pk=gone.pk).delete()
    assert "8 files are saved; 4 files were new." in run("backup", saved)[1]
    assert {path.name[:64] for path in saved.rglob("*.mp4")} == {made.clip_set.get().sha256, new.sha256}
    assert len(list(saved.glob("rows-*"))) == 1
    assert S_IMODE(saved.stat().st_mode) == 0o700


def test_a_directory_is_not_written_to_by_two_nor_where_something_else_is(db, saved, tmp_path):
    (tmp_path / "thesis.doc").touch()
    code, _, err = run("backup", tmp_path)
    assert (code, "holds something else than a backup: thesis.doc" in err) == (2, True)
    run("backup", saved)
    with (saved / "lock").open() as held:
        flock(held, LOCK_EX)
        assert "Another backup is just being written" in run("backup", saved)[2]
