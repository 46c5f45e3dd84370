"""Tables are brought up to date once, however many processes start together."""

import json
import os
import subprocess
import sys

from tests.faults.installation import PATIENCE, PROJECT


def test_of_those_that_start_together_one_migrates_and_the_others_wait_for_it(database_url):
    command = [sys.executable, "manage.py", "migrate_once"]
    together = [
        subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | {"DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=PATIENCE)[0] for process in together]
    assert [process.returncode for process in together] == [0, 0], said
    assert sorted("Applying team.0001_initial" in each for each in said) == [False, True]
    assert sorted("No migrations to apply" in each for each in said) == [False, True]


def test_what_the_last_release_has_saved_opens_in_this_one(database_url):
    command = [
        sys.executable,
        "-m",
        "tests.operations.release",
        "open",
        str(PROJECT / "tests/operations/saved_release"),
    ]
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ | {"DATABASE_URL": database_url}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    pages = json.loads(done.stdout.splitlines()[-1])
    assert set(pages.values()) == {200}, pages
    assert len(pages) > 15
