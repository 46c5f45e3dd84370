"""A backup of the present release, for tests of those to come: `python -m tests.operations.release make <directory>`.

With `open` it is restored into the database that the environment names, whose tables are then brought up to date; the
answer of each page is printed. Until there is a release, make it anew whenever migrations are made anew:

    rm -r tests/operations/saved_release
    python -m tests.operations.release make tests/operations/saved_release
"""

import json
import os
import re
import sys
import tempfile

import django
from django.core.management import call_command

KEY = "of a release that was made for tests, and opens nothing else"


def make(directory: str) -> None:
    """Writes a backup with a row in each table."""
    from extender.states import State
    from extender.team.models import Member
    from tests.helpers import make_clip, make_task
    from tests.operations.test_backup import a_row_in_each_table

    call_command("migrate", verbosity=0)
    member = Member.objects.create_superuser("mira", password="a long enough one")
    task = make_task(member)
    make_clip(task, 1)
    a_row_in_each_table(task)
    for state in State:
        make_task(member, state, prompt=f"one that is {state}")
    call_command("backup", directory)


def open_pages(directory: str) -> dict[str, int]:
    """What each page answers after an upgrade."""
    from django.test import Client

    from extender.tasks.models import Task
    from extender.team.models import Member

    call_command("restore", directory, verbosity=0, stdout=sys.stderr)
    call_command("migrate_once", verbosity=0)
    browser, guest = Client(SERVER_NAME="127.0.0.1"), Client(SERVER_NAME="127.0.0.1")
    browser.force_login(Member.objects.get(username="mira"), "extender.team.sessions.MemberBackend")
    tasks = [task.get_absolute_url() for task in Task.objects.all()]
    shown = "".join(browser.get(task).content.decode() for task in tasks)
    clips = re.findall(r'/clips/[^"?]+\.(?:mp4|webp)', shown)
    pages = [*tasks, "/tasks/", "/tasks/new/", "/team/", "/team/archive/", "/team/links/", "/team/members/", clips[0]]
    links = re.findall(r"/s/[\w-]+/", shown)
    return {page: browser.get(page).status_code for page in pages} | {links[0]: guest.get(links[0]).status_code}


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
    os.environ["SECRET_KEY"] = KEY
    verb, directory = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["MEDIA_ROOT"] = f"{scratch}/media"
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{scratch}/release.sqlite3")
        django.setup()
        print(json.dumps({"make": make, "open": open_pages}[verb](directory)))
