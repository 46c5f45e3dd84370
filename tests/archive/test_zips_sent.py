"""Downloads of all clips through the real server: memory, breaking off, and browsers that leave."""

import os
from pathlib import Path

import pytest
import requests
from django.conf import settings as configured

from extender.archive.storage import name
from extender.tasks.models import Clip, Task
from extender.team.models import Member
from tests.helpers import database_url, eventually, make_clip, make_task
from tests.servers import gunicorn, memory_peak, worker_of

pytestmark = pytest.mark.django_db(transaction=True)
FILM_BYTES = 60_000_000
# Two are downloaded at once at most, in each process.
PLACES = 2


@pytest.fixture(scope="module")
def media_root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, media_root, _sandbox):
    """The whole site in a process of its own, on the tests' database and a store of its own."""
    with django_db_blocker.unblock():
        database = database_url()
    more = {
        "DATABASE_URL": database,
        "SECRET_KEY": configured.SECRET_KEY,
        "APIFRAME_BASE_URL": _sandbox.url,
        "APIFRAME_API_KEY": _sandbox.key,
    }
    with gunicorn(media_root, media_root / "log", site="project.wsgi", **more) as server:
        yield server


@pytest.fixture
def ask(site, browser_of, sandbox, settings, media_root):
    """Asks the site for the zip of a task, as its owner's browser."""
    settings.MEDIA_ROOT = media_root

    def get(task: Task) -> requests.Response:
        cookies = {"sessionid": browser_of(task.owner).cookies["sessionid"].value}
        address = f"{site.url}/tasks/{task.pk}/download/"
        return requests.get(address, cookies=cookies, stream=True, timeout=60, allow_redirects=False)

    return get


def films(member: Member, settings, count: int = 4) -> Task:
    """A task whose clips are long: mostly holes on the disk, each byte of them on the wire."""
    task = make_task(member)
    for index in range(1, count + 1):
        copy = make_clip(task, index)
        os.truncate(settings.MEDIA_ROOT / name(copy.sha256, "clip"), FILM_BYTES)
    Clip.objects.update(bytes=FILM_BYTES)
    return task


def test_long_films_take_no_memory_to_pack(site, ask, member, settings, say):
    small, large = make_task(member), films(member, settings)
    make_clip(small)
    for index in (2, 3, 4):
        make_clip(small, index)
    assert ask(small).content
    before = memory_peak(worker_of(site))
    with ask(large) as response:
        sent = sum(map(len, response.iter_content(1 << 20)))
    grown = memory_peak(worker_of(site)) - before
    assert sent == int(response.headers["Content-Length"]) > 4 * FILM_BYTES
    say(f"{sent / 1e6:.0f} MB of clips in one zip: the worker's peak grew by {grown / 1024:.0f} KiB")
    assert grown < 16 * 1024 * 1024


def every_place(ask, tasks: list[Task]) -> list[requests.Response]:
    """A download of each; none where a place is taken."""
    answers = [ask(task) for task in tasks]
    if all(answer.status_code == 200 for answer in answers):
        return answers
    for answer in answers:
        answer.close()
    return []


def test_browsers_that_leave_give_their_places_back(ask, member, settings):
    members = [member, *(Member.objects.create_user(f"member{number}") for number in range(PLACES))]
    *tasks, late = [films(one, settings) for one in members]
    for _ in range(PLACES + 1):
        held = eventually(lambda: every_place(ask, tasks))
        full = ask(late)
        assert (full.status_code, full.headers["Retry-After"]) == (503, "10")
        assert b"Try again in a moment." in full.content
        for response in held:
            response.raw.read(1000)
            response.close()


def test_a_clip_that_breaks_off_breaks_the_download_and_not_the_server(ask, member, sandbox):
    for _ in range(PLACES + 1):
        task = make_task(member, urls=["https://clips.example/1.mp4", f"{sandbox.url}/videos/gone.mp4"])
        make_clip(task)
        response = ask(task)
        assert response.status_code == 200
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            b"".join(response.iter_content(1 << 16))
    whole = make_task(member, urls=["https://clips.example/1.mp4"])
    make_clip(whole)
    assert ask(whole).content.startswith(b"PK")
