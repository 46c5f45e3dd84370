"""Clips that are pictures: copied, looked into, stored and served as they came."""

import io
import uuid

import pytest
import requests
from PIL import Image

from extender.archive import copying, files, sweeping
from extender.states import State
from extender.tasks.models import Clip, Task
from tests.archive.places import end
from tests.helpers import make_task, stripped


@pytest.fixture
def pictures(member, sandbox):
    """Four pictures that the sandbox has made, or as many as `prompt` says, and what copying makes of them."""

    def imagine(prompt: str = "a lake [clips-1]") -> Task:
        asked = {"prompt": f"{prompt} [seconds-0]", "aspect_ratio": "16:9"}
        remote_id = sandbox.post("/imagine", asked).json()["task_id"]
        urls = sandbox.fetch(remote_id)["image_urls"]
        task = make_task(member, State.FINISHED, urls, kind=Task.Kind.PICTURES, index=None, remote_id=remote_id)
        while copying.copy_next():
            pass
        return task

    return imagine


def test_pictures_are_stored_with_all_their_pixels_and_served_with_their_type(pictures, web, settings):
    task = pictures()
    clip = task.clip_set.get()
    theirs = stripped(requests.get(clip.source_url, timeout=120).content)
    assert (clip.state, clip.codec, clip.width, clip.height) == ("stored", "png", 128, 72)
    assert (clip.contains_parent, clip.due_at, clip.duration_ms) == ("unknown", None, None)
    kept = settings.MEDIA_ROOT / files.name(clip)
    assert (kept.suffix, kept.read_bytes()) == (".png", theirs)
    shown = web.get(f"/clips/{clip.pk}.png")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert b"".join(shown.streaming_content) == theirs
    for still in ("poster", "thumbnail"):
        answer = web.get(f"/clips/{clip.pk}.{still}.webp")
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
        end(answer)
    assert web.get(f"/clips/{clip.pk}.mp4").status_code == 404
    assert web.get(f"/clips/{clip.pk}.storyboard.webp").status_code == 404
    saved = web.get(f"/tasks/{task.pk}/clips/1/download/")
    assert saved["Content-Disposition"] == 'attachment; filename="a-cat-dancing-1.png"'
    end(saved)


def test_what_is_no_picture_is_refused_in_words(pictures):
    clip = pictures("a lake [clips-1] [clip-not-video]").clip_set.get()
    assert (clip.state, clip.reason) == ("refused", "This is not a JPEG, PNG, WebP or HEIC picture.")


def test_a_damaged_picture_is_found_and_copied_again(pictures, settings):
    clip = pictures().clip_set.get()
    assert list(sweeping.verify(lambda done: None)) == []
    (settings.MEDIA_ROOT / files.name(clip)).write_bytes(b"spoilt")
    assert [found.pk for found in sweeping.verify(lambda done: None)] == [clip.pk]
    assert copying.copy_next()
    clip.refresh_from_db()
    assert clip.is_stored


def test_a_picture_that_is_not_here_yet_is_passed_on_under_its_type(web, member, sandbox):
    url = sandbox.fetch(sandbox.post("/imagine", {"prompt": "a lake [seconds-0]"}).json()["task_id"])["image_urls"][0]
    task = make_task(member, urls=[url], kind=Task.Kind.PICTURES)
    saved = web.get(f"/tasks/{task.pk}/clips/1/download/")
    assert (saved["Content-Type"], saved["Content-Disposition"][-5:-1]) == ("image/png", ".png")
    assert Image.open(io.BytesIO(b"".join(saved.streaming_content))).size == (128, 72)
    end(saved)


def test_the_kind_of_a_file_is_guessed_by_its_address_until_it_is_here(member):
    urls = ["https://x.example/1.JPG?a=b", "https://x.example/2.webp", "https://x.example/3", None]
    task = make_task(member, urls=urls, kind=Task.Kind.PICTURES, remote_id=str(uuid.uuid4()))
    assert [clip.file_name[-4:] for clip in Clip.objects.filter(task=task)] == [".jpg", "webp", ".png"]
