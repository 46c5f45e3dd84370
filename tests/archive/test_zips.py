"""Download all: one zip, stored as it is, made as it is sent, that gives its place back however it ends."""

import hashlib
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.test import Client

from extender.archive.storage import current_store, name
from extender.network.errors import Unavailable
from extender.states import State
from extender.tasks.models import Clip, Task
from extender.team.models import Member
from tests.archive.places import end, free
from tests.helpers import age, make_clip, make_task, queries

pytestmark = pytest.mark.usefixtures("places")


def store_four(member: Member) -> Task:
    """A task whose four clips are here."""
    task = make_task(member)
    for index in range(1, 5):
        make_clip(task, index, body=f"clip {index} ".encode() * 50_000)
    return task


@pytest.fixture
def stored(member) -> Task:
    return store_four(member)


def ask(browser, task: Task):
    return browser.get(f"/tasks/{task.pk}/download/")


def unpacked(response) -> dict[str, bytes]:
    """The files by name, every one read by another implementation, its checksum compared."""
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as zipped:
        assert {info.compress_type for info in zipped.infolist()} == {zipfile.ZIP_STORED}
        return {info.filename: zipped.read(info) for info in zipped.infolist()}


def test_every_clip_is_in_it_under_the_prompts_name_and_its_size_is_known(web, stored):
    response = ask(web, stored)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == 'attachment; filename="a-cat-dancing.zip"'
    assert "private" in response["Cache-Control"]
    # Else nginx would take 64 MB in advance, then nothing for as long as these are read, and be hung up on.
    assert response["X-Accel-Buffering"] == "no"
    body = b"".join(response.streaming_content)
    assert int(response["Content-Length"]) == len(body)
    with zipfile.ZipFile(io.BytesIO(body)) as zipped:
        assert zipped.testzip() is None
        assert {info.compress_type for info in zipped.infolist()} == {zipfile.ZIP_STORED}
        assert zipped.namelist() == [f"a-cat-dancing-{index}.mp4" for index in range(1, 5)]
        for index in range(1, 5):
            digest = hashlib.sha256(zipped.read(f"a-cat-dancing-{index}.mp4")).hexdigest()
            assert digest == stored.clip_set.get(index=index).sha256


def test_what_is_not_copied_yet_comes_from_apiframe(web, original):
    age(original, prompt="A cat, dancing!")
    make_clip(original, 1)
    response = ask(web, original)
    assert "Content-Length" not in response.headers
    found = unpacked(response)
    assert list(found) == [f"a-cat-dancing-{index}.mp4" for index in range(1, 5)]
    assert found["a-cat-dancing-2.mp4"] == requests.get(original.clip(2).source_url, timeout=120).content
    assert found["a-cat-dancing-1.mp4"].startswith(b"clip 1 of")


def test_a_lost_clip_and_one_that_never_came_are_left_out(web, member):
    task = make_task(member, urls=["https://clips.example/1.mp4", None, "https://clips.example/3.mp4"])
    make_clip(task, 1, "lost")
    make_clip(task, 3)
    response = ask(web, task)
    assert int(response["Content-Length"])
    assert list(unpacked(response)) == ["a-cat-dancing-3.mp4"]


def test_where_there_is_no_clip_there_is_no_zip(web, member):
    lost = make_task(member, urls=["https://clips.example/1.mp4"])
    make_clip(lost, 1, "lost")
    for task in (lost, make_task(member, State.PROCESSING, due_at=None), make_task(member, State.FAILED)):
        assert ask(web, task).status_code == 404


def test_its_names_are_in_the_prompts_own_script(web, stored):
    age(stored, prompt="雨が降る 🎬")
    names = {f"雨が降る-🎬-{index}.mp4" for index in range(1, 5)}
    assert unpacked(ask(web, stored)).keys() == names


def test_a_film_that_the_disk_has_lost_is_taken_from_apiframe(web, original):
    whole = requests.get(original.clip(1).source_url, timeout=120).content
    for clip in original.clips:
        make_clip(original, clip.index, body=requests.get(clip.source_url, timeout=120).content)
    current_store().delete(name(original.clip_set.get(index=1).sha256, "clip"))
    response = ask(web, original)
    found = unpacked(response)
    assert found[original.clip(1).file_name] == whole
    assert len(found) == 4


def test_it_begins_before_the_last_clip_is_opened(web, stored, places):
    # Were the last one opened beforehand, it would be missed before the first byte.
    current_store().delete(name(stored.clip_set.get(index=4).sha256, "clip"))
    response = ask(web, stored)
    parts = iter(response.streaming_content)
    begun = b"".join(next(parts) for _ in range(3))
    assert begun.startswith(b"PK\x03\x04")
    assert b"clip 1 clip 1" in begun
    end(response)
    assert free(places) == 2


def test_it_breaks_off_where_a_clip_cannot_be_had(web, member, sandbox, places):
    task = make_task(member, urls=["https://clips.example/1.mp4", f"{sandbox.url}/videos/gone.mp4"])
    make_clip(task, 1)
    response = ask(web, task)
    came = []
    with pytest.raises(Unavailable):
        came.extend(response.streaming_content)
    assert b"clip 1 of" in b"".join(came)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(came)))
    end(response)
    assert free(places) == 2


def test_its_place_is_given_back_however_it_ends(web, stored, places):
    for _ in range(3):
        whole = ask(web, stored)
        assert free(places) == 1
        unpacked(whole)
        end(whole)
        end(ask(web, stored))
        begun = ask(web, stored)
        next(iter(begun.streaming_content))
        end(begun)
        end(begun)
        assert free(places) == 2


def test_head_keeps_no_place_and_reads_nothing(web, stored, original, places):
    whole = ask(web, stored)
    length = whole["Content-Length"]
    end(whole)
    response = web.head(f"/tasks/{stored.pk}/download/")
    assert (response["Content-Length"], response["Content-Type"]) == (length, "application/zip")
    assert free(places) == 2, "its bytes would be read only to be thrown away"
    for path in ("download/", "clips/1/download/"):
        response = web.head(f"/tasks/{original.pk}/{path}")
        assert response.status_code == 200
        assert response["Content-Disposition"]
        assert free(places) == 2


def test_where_no_place_is_free_it_says_so_and_when_to_come_again(web, stored, places):
    with places.slot(), places.slot():
        response = ask(web, stored)
    assert response.status_code == 503
    assert int(response["Retry-After"])
    page = response.content.decode()
    assert "<p>Too many downloads are running. Try again in a moment.</p>" in page
    assert f'href="/tasks/{stored.pk}/">Back</a>' in page
    assert list(unpacked(ask(web, stored)))


@pytest.mark.parametrize(("which", "offered_at"), [("download/", ""), ("clips/1/film/editors/", "clips/1/film/")])
def test_one_member_has_one_and_the_other_place_is_for_somebody_else(
    web, stored, browser_of, stranger, which, offered_at
):
    begun = ask(web, stored)
    second = web.get(f"/tasks/{stored.pk}/{which}")
    assert second.status_code == 429
    page = second.content.decode()
    assert "<p>A download of yours is still on its way. Let it end, then try again.</p>" in page
    assert f'href="/tasks/{stored.pk}/{offered_at}">Back</a>' in page
    assert int(second["Retry-After"])
    theirs = ask(browser_of(stranger), store_four(stranger))
    assert theirs.status_code == 200
    end(begun)
    again = web.get(f"/tasks/{stored.pk}/{which}")
    assert again.status_code == 200
    end(theirs)
    end(again)


def test_strangers_and_guests_get_none(browser_of, stranger, member, stored):
    assert ask(browser_of(stranger), stored).status_code == 404
    assert ask(Client(), stored)["Location"].startswith("/login/")
    member.is_staff = True
    member.save()
    theirs = make_task(stranger)
    assert ask(browser_of(member), theirs).status_code == 404


def test_it_costs_four_queries(web, stored):
    assert queries(lambda: end(ask(web, stored))) == 4


def test_two_at_once_are_whole(web, stored, browser_of, stranger):
    responses = [ask(web, stored), ask(browser_of(stranger), store_four(stranger))]
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(unpacked, responses))
    assert found[0] == found[1]
    assert Clip.objects.stored().count() == 8
