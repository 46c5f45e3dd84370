"""The sandbox's demo under a real key: nothing starts, until it is removed."""

import os
import subprocess
import sys

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command

from extender.operations.demo import FORM, NAME, PASSWORD, REFUSAL, check
from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Task
from extender.team.models import Member
from tests.helpers import database_url, extend, make_task
from tests.paths import PROJECT

REAL = {"APIFRAME_API_KEY": "a-real-key", "SECRET_KEY": "q8V-" + "xK2m9TzRw4Yb7Nc1LpHs" * 3}
OPEN = {"APIFRAME_BASE_URL": "https://api.apiframe.invalid"}

pytestmark = pytest.mark.django_db(transaction=True)


def started(*command: str, **environment: str) -> subprocess.CompletedProcess:
    own = {**os.environ, **REAL, **OPEN, "DATABASE_URL": database_url(), **environment}
    return subprocess.run(
        [sys.executable, *command], cwd=PROJECT, env=own, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "command",
    [["manage.py", "worker"], ["-m", "gunicorn", "project.wsgi", "--bind=127.0.0.1:0"]],
    ids=" ".join,
)
def test_a_database_of_the_sandbox_refuses_a_real_key(command, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    Member.objects.create(username=NAME, password=make_password(PASSWORD))
    ended = started(*command)
    assert ended.returncode != 0
    assert REFUSAL in ended.stderr
    assert "manage.py remove_demo" in ended.stderr


def test_it_takes_one_after_the_demo_was_removed(member, settings, capsys):
    settings.SANDBOX = False
    demo = Member.objects.create_user(NAME, password="another one")
    parent = make_task(demo, kind=Task.Kind.ORIGINAL, remote_id="r1")
    task = extend(parent, state=State.QUEUED, form_nonce=FORM)
    Share.objects.create(task=extend(extend(parent)))
    others = make_task(member, State.QUEUED)
    assert [error.msg for error in check()] == [REFUSAL]
    call_command("remove_demo")
    assert capsys.readouterr().out.splitlines() == [
        "The demo is removed.",
        "Queued tasks of others that will be sent, and paid for: 1.",
    ]
    assert list(Task.objects.all()) == [others]
    assert not Member.objects.filter(pk=task.owner_id).exists()
    assert check() == []


def test_whoever_is_only_called_that_may_stay(settings, capsys):
    settings.SANDBOX = False
    make_task(Member.objects.create_user(NAME, password="another one"), State.QUEUED)
    assert check() == []
    call_command("remove_demo")
    assert "There is no demo here" in capsys.readouterr().out
    assert Task.objects.exists()


def test_a_check_makes_no_database(tmp_path):
    assert started("manage.py", "check", DATABASE_URL=f"sqlite:///{tmp_path}/none.sqlite3").returncode == 0
    assert list(tmp_path.iterdir()) == []
