"""`manage.py export`: what belongs to one member is in it, whole; what is others', or a secret, is not."""

import json
from pathlib import Path

import pytest

from extender.sharing.models import Share
from extender.tasks.models import Picture
from tests.helpers import make_clip, make_task
from tests.operations.test_backup import lose_the_rows, run

pytestmark = pytest.mark.django_db(transaction=True)


def rows(directory: Path, label: str) -> list[dict]:
    (path,) = directory.glob(f"rows-*/{label}.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_member_takes_along_what_is_theirs_and_no_secret(member, stranger, tmp_path):
    mine, theirs = make_task(member, prompt="Schnee ❄"), make_task(stranger, prompt="none of yours")
    clips = [make_clip(task, 1) for task in (mine, theirs)]
    links = [Share.objects.create(task=task, title=f"of {task.owner}") for task in (mine, theirs)]
    pictures = [
        Picture.objects.create(owner=owner, sha256="0" * 64, width=1, height=1, content=b"\xff", preview=b"\xfe")
        for owner in (member, stranger)
    ]
    code, out, err = run("export", "mira", tmp_path / "mira")
    assert (code, err) == (0, "")
    assert "and 4 files of mira" in out
    found = {label: rows(tmp_path / "mira", label) for label in ("tasks.Task", "sharing.Share", "tasks.Picture")}
    assert {label: [row["id"] for row in each] for label, each in found.items()} == {
        "tasks.Task": [str(mine.pk)],
        "sharing.Share": [links[0].pk],
        "tasks.Picture": [str(pictures[0].pk)],
    }
    assert found["tasks.Task"][0]["prompt"] == "Schnee ❄"
    copied = next(row for row in rows(tmp_path / "mira", "tasks.Clip") if row["id"] == str(clips[0].pk))
    assert (tmp_path / "mira" / "files" / copied["file"]).stat().st_size == copied["bytes"]
    texts = "".join(path.read_text() for path in (tmp_path / "mira").rglob("*.json*"))
    secrets = [mine.webhook_nonce, links[0].token, member.password]
    of_others = [str(theirs.pk), "none of yours", "otto", clips[1].sha256]
    assert [word for word in [*secrets, *of_others] if word in texts] == []


def test_an_export_is_no_backup_nor_takes_the_place_of_one(member, tmp_path):
    assert run("export", "nobody", tmp_path / "of")[::2] == (2, "There is no member nobody.")
    run("export", "mira", tmp_path / "mira")
    code, _, err = run("backup", tmp_path / "mira")
    assert (code, "holds a backup of mira: name another one" in err) == (2, True)
    lose_the_rows()
    code, _, err = run("restore", tmp_path / "mira")
    assert (code, "holds what belongs to mira alone" in err) == (2, True)
