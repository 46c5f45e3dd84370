"""A frame of a clip, by whoever may read it: saved, or taken to begin a video with."""

import io

import numpy as np
import pytest
from django.db.models.functions import Now
from PIL import Image

from extender.archive import comparing
from extender.archive.storage import current_store, name
from extender.tasks.models import Picture
from tests import films
from tests.helpers import extend, make_clip, make_task
from tests.video.looks import examine

LEVELS = [40, 90, 140, 190]


@pytest.fixture
def clip(start, tmp_path):
    """A clip of four flat pictures, a 24th of a second each."""
    film = films.write(tmp_path / "clip.mp4", [films.flat([level] * 3) for level in LEVELS])
    return make_clip(start, 2, body=film.read_bytes(), duration_ms=167, width=films.WIDTH, height=films.HEIGHT)


def address(clip) -> str:
    return f"/tasks/{clip.task_id}/clips/{clip.index}/frame/"


@pytest.mark.parametrize(("at", "number"), [("83.4", 2), ("", 3)])
def test_the_frame_at_a_moment_or_the_last_is_saved_under_a_good_name(web, clip, at, number):
    saved = web.get(address(clip), {"at": at})
    assert saved["Content-Type"] == "image/png"
    assert saved["Content-Disposition"] == f'attachment; filename="a-kite-2-at-{number / 24:.3f}s.png"'
    with Image.open(io.BytesIO(saved.content)) as picture:
        assert picture.size == (films.WIDTH, films.HEIGHT)
        assert abs(np.asarray(picture).mean() - LEVELS[number]) < 3


def test_a_frame_begins_a_video(web, clip, member):
    answer = web.post(address(clip), {"at": "50"}, follow=True)
    picture = Picture.objects.get(owner=member)
    assert (picture.width, picture.height) == (films.WIDTH, films.HEIGHT)
    assert answer.redirect_chain[0][0].endswith(f"?parent={clip.task_id}&index=2&start={picture.pk}&out=83")
    page = answer.content.decode()
    assert f'name="picture" value="{picture.pk}"' in page
    assert f'src="/pictures/{picture.pk}.webp"' in page


def test_a_frame_that_is_too_small_to_begin_a_video_says_so(web, start, tmp_path):
    film = films.write(tmp_path / "small.mp4", [films.flat([90] * 3)[:40] for _ in range(3)])
    small = make_clip(start, 1, body=film.read_bytes(), duration_ms=125)
    assert web.get(address(small)).status_code == 200
    refused = web.post(address(small))
    assert refused.status_code == 422
    assert f"It is too small ({films.WIDTH} × 40): each side needs 64 pixels." in refused.content.decode()


def test_a_frame_that_a_clip_repeats_is_its_parents(web, clip, start):
    longer = extend(start, 2)
    with current_store().open(name(clip.sha256, "clip")) as file:
        make_clip(longer, 1, body=file.read() + b" ", contains_parent="yes", cut_ms=125)
    page = f"/tasks/{longer.pk}/clips/1/frame/"
    assert f"?parent={start.pk}&index=2&" in web.post(page, {"at": "100"})["Location"]
    last = web.post(page)["Location"]
    assert f"?parent={longer.pk}&index=1&" in last
    assert "out=" not in last, "the film plays it to its end"


def test_there_is_no_frame_where_there_is_no_such_clip_or_moment(web, clip, member, browser_of, stranger):
    pictures = make_task(member, kind="pictures")
    for ask in (web.get, web.post):
        assert ask(f"/tasks/{clip.task_id}/clips/5/frame/").status_code == 404
        assert ask(f"/tasks/{pictures.pk}/clips/1/frame/").status_code == 404
        assert ask(address(clip), {"at": "nan"}).status_code == 400
        later = ask(address(clip.task.clip(1)))
        assert (later.status_code, later["Retry-After"]) == (503, "10")
        page = later.content.decode()
        assert "This clip is not copied yet." in page
        assert f'href="/tasks/{clip.task_id}/">Back to the clip</a>' in page
    for ask in (browser_of(stranger).get, browser_of(stranger).post):
        assert ask(address(clip)).status_code == 404
    assert not Picture.objects.exists()


def test_pages_offer_both_beside_the_clips_other_actions(web, clip):
    task = web.get(f"/tasks/{clip.task_id}/").content.decode()
    film = web.get(f"/tasks/{clip.task_id}/clips/2/film/").content.decode()
    for page in (task, film):
        assert f'<form action="{address(clip)}">' in page
        assert f'<form method="post" action="{address(clip)}"' in page
        assert 'data-do="save"' in page


def test_a_new_shot_is_compared_with_where_its_parent_is_left_and_with_the_films_original(start, tmp_path):
    def film_of(task, index, level, **fields):
        film = films.write(tmp_path / "film.mp4", [films.flat([level + number] * 3) for number in range(12)])
        facts = examine(film, tmp_path).as_json()
        return make_clip(task, index, body=film.read_bytes(), facts=facts, duration_ms=500, **fields)

    film_of(start, 1, 20)
    step = extend(start, 1)
    film_of(step, 2, 100)
    shot = film_of(extend(step, 2, kind="video", out_ms=250), 1, 106, contains_parent="", due_at=Now())
    assert comparing.compare_next()
    shot.refresh_from_db()
    assert (shot.contains_parent, shot.cut_ms, shot.due_at) == ("no", 0, None)
    assert shot.cut_delta_e < 1, "it goes on from the sixth picture, not from the last"
    assert shot.drift_colour > 20, "from the end of the original"
