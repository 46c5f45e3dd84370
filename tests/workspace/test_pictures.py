"""A task that made pictures: its wall holds stills, and nothing on its page plays, cuts or extends."""

import re

import pytest

from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Task
from tests.helpers import make_clip, make_task

URLS: list[str | None] = [f"https://pictures.example/{index}.png" for index in (1, 2, 3, 4)]


@pytest.fixture
def pictures(member) -> Task:
    """Four pictures that are not copied yet."""
    kind = Task.Kind.PICTURES
    return make_task(
        member, State.FINISHED, URLS, kind=kind, index=None, parent_task_id="", prompt="a lake", aspect_ratio="9:16"
    )


def images(page: str) -> list[str]:
    return re.findall(r'<img class="still" src="([^"]+)"', page)


def test_the_wall_shows_stills_from_where_they_lie(web, pictures, member, guest):
    share = Share.objects.create(task=pictures)
    for page in (web.get(f"/tasks/{pictures.pk}/"), guest.get(f"/s/{share.token}/")):
        text = page.content.decode()
        assert images(text) == URLS
        assert 'data-shape="tall"' in text
        assert "<video" not in text
    assert "Shared with you" in text
    page = web.get(f"/tasks/{pictures.pk}/").content.decode()
    assert "Play the film" not in page
    assert 'aria-label="Pick clip 1"' in page
    assert "Shows only the pictures." in page
    assert "can see these pictures and your name without" in page
    assert web.get(f"/tasks/{pictures.pk}/clips/1/film/").status_code == 404


def test_stored_pictures_are_shown_from_here_and_open_at_full_size(web, pictures):
    clips = [make_clip(pictures, index, codec="png", duration_ms=None, width=896, height=1344) for index in (1, 2)]
    page = web.get(f"/tasks/{pictures.pk}/").content.decode()
    assert images(page) == [*(f"/clips/{clip.pk}.poster.webp" for clip in clips), *URLS[2:]]
    assert f'href="/clips/{clips[0].pk}.png"' in page
    assert "<span>896 × 1344</span>" in page
    copies = web.get(f"/tasks/{pictures.pk}/copies/").content.decode()
    assert "data-film" not in copies


def test_while_they_are_made_the_wall_has_their_shape(web, member):
    task = make_task(
        member, State.PROCESSING, kind=Task.Kind.PICTURES, aspect_ratio="1:1", percentage=40, due_at=None
    )
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert 'data-shape="square"' in page
    assert page.count('class="fill"') == 4


def test_the_history_shows_them_and_the_form_offers_no_extension_of_them(web, pictures):
    page = web.get("/tasks/").content.decode()
    assert images(page) == URLS
    assert "<span>Pictures</span>" in page
    assert f"?parent={pictures.pk}" not in web.get("/tasks/new/").content.decode()
