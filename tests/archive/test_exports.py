"""Films to take away: asked for on the film's page, made by a worker's turn, downloaded whole."""

import io
import re
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import av
import numpy as np
import opentimelineio as otio
import pytest
import requests
from PIL import Image

from extender.archive import sweeping
from extender.archive.exports import exporting
from extender.archive.exports.models import Export
from extender.states import EXPORT_MOVES, EXPORT_WORDS, ExportState
from extender.tasks.models import Task
from extender.video.cutlist import CutList, Part
from tests import films
from tests.helpers import at_once, extend, make_clip, make_task

HTMX = {"HX-Request": "true"}
ONE = (["a" * 64], CutList((Part(0, 1000),)))


def test_each_state_has_its_words_and_its_moves():
    assert set(EXPORT_WORDS) == set(EXPORT_MOVES) == set(ExportState)


@pytest.mark.django_db
def test_an_export_moves_only_as_the_table_allows():
    for old in ExportState:
        for new in ExportState:
            export = Export.objects.create(cut_list=f"{old}-{new}", files=[], cuts="", state=old)
            assert Export.objects.filter(pk=export.pk).move(new) == (new in EXPORT_MOVES[old]), (old, new)


@pytest.mark.django_db
def test_the_same_cut_list_is_one_film_and_any_other_another(member):
    first = Export.objects.ask_for(member, *ONE)
    assert Export.objects.ask_for(member, *ONE) == first
    others = [
        (["b" * 64], ONE[1]),
        (ONE[0], CutList((Part(0, 999),))),
        (ONE[0], CutList(ONE[1].parts, shape="1:1")),
        (ONE[0], CutList(ONE[1].parts, shape="1:1", fit="crop")),
    ]
    assert len({first.pk, *(Export.objects.ask_for(member, *other).pk for other in others)}) == 5


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "then"), [("failed", "waiting"), ("cancelled", "waiting"), ("stored", "stored")])
def test_what_was_not_to_be_had_is_made_anew_when_somebody_asks_again(member, state, then):
    export = Export.objects.ask_for(member, *ONE)
    Export.objects.update(state=state, due_at=None, reason="so", asked_at="2020-01-01T00:00:00Z")
    again = Export.objects.ask_for(member, *ONE)
    assert (again.pk, again.state) == (export.pk, then)
    assert again.asked_at.year > 2020
    assert Export.objects.to_export().exists() == (then == "waiting")


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_one_row_and_two_workers_make_it_once(member):
    asked = at_once(*[lambda: Export.objects.ask_for(member, *ONE)] * 6)
    assert len({export.pk for export in asked}) == Export.objects.count() == 1
    claimed = at_once(*[lambda: Export.objects.claim(asked[0])] * 6)
    assert sorted(claimed) == [False] * 5 + [True]


@pytest.fixture(scope="module")
def bodies(tmp_path_factory) -> list[bytes]:
    """Two files of 12 pictures at 24 a second, of which the second begins with 6 of the first."""
    folder = tmp_path_factory.mktemp("clips")
    how: dict[str, Any] = {"options": {"preset": "ultrafast", "bf": "0", "g": "6"}}
    return [films.write(folder / f"{start}.mp4", films.pan(12, start), **how).read_bytes() for start in (0, 6)]


@pytest.fixture
def film(start, bodies) -> Task:
    """A branch of two steps whose files are here; its film has 18 pictures, and nothing needs to be encoded."""
    step = extend(start, prompt="a kite, and snow")
    make_clip(start, body=bodies[0], duration_ms=500, frame_rate=24.0)
    make_clip(step, body=bodies[1], duration_ms=500, frame_rate=24.0, contains_parent="yes", cut_ms=250)
    return step


def page_of(task: Task) -> str:
    return f"/tasks/{task.pk}/clips/1/film/"


def ask(web, task: Task, **choices: object) -> Export:
    """Presses the button beside these choices."""
    answer = web.post(f"{page_of(task)}export/", choices)
    assert (answer.status_code, answer["Location"]) == (302, f"{page_of(task)}#export")
    return Export.objects.latest("asked_at")


def part_of(web, task: Task) -> str:
    """What the film's page tells of the download."""
    shown = unescape(re.sub(r"\s+", " ", web.get(page_of(task)).content.decode()))
    return re.search(r'<section id="export".*?</section>', shown)[0]


def pictures(body: bytes) -> int:
    with av.open(io.BytesIO(body)) as container:
        return sum(1 for _ in container.decode(video=0))


def size_of(body: bytes, kind: str) -> tuple[int, int]:
    """Width and height of a film, which moves."""
    if kind.startswith("image/"):
        with Image.open(io.BytesIO(body)) as picture:
            assert picture.n_frames > 1
            return picture.size
    with av.open(io.BytesIO(body)) as container:
        return container.streams.video[0].width, container.streams.video[0].height


def test_a_film_is_asked_for_made_by_a_worker_and_downloaded_whole(web, film, settings):
    assert 'data-state="new"' in part_of(web, film)
    assert '<details class="extra">' in part_of(web, film)
    export = ask(web, film)
    assert 'data-state="waiting"' in part_of(web, film)
    assert exporting.export_next()
    assert not exporting.export_next()
    shown = part_of(web, film)
    assert 'data-state="stored"' in shown
    assert "<span>0.8 s</span>" in shown
    address = re.search(r'href="([^"]+)">Download the film', shown)[1]
    assert address == f"{page_of(film)}export/{export.pk}/"
    answer = web.get(address)
    body = answer.getvalue()
    assert pictures(body) == 18
    assert body.index(b"moov") < body.index(b"mdat")
    assert answer["Content-Disposition"] == 'attachment; filename="a-kite-and-snow-film.mp4"'
    assert answer["Content-Type"] == "video/mp4"
    Export.objects.update(asked_at="2020-01-01T00:00:00Z")
    some = web.get(address, headers={"Range": "bytes=4-11"})
    assert (some.status_code, some.getvalue()) == (206, body[4:12])
    assert not Export.objects.unwanted().exists(), "who takes it wants it"
    assert [path.name for path in (settings.MEDIA_ROOT / "tmp").iterdir()] == []
    # The same film is there at once.
    assert ask(web, film) == export
    assert not exporting.export_next()


def test_in_a_bucket_a_film_is_made_of_its_files_and_kept_beside_them(web, bucket, settings, request):
    settings.ARCHIVE_BUCKET = bucket.options
    film = request.getfixturevalue("film")
    export = ask(web, film)
    assert exporting.export_next()
    answer = web.get(f"{page_of(film)}export/{export.pk}/")
    assert answer.status_code == 302
    kept = requests.get(answer["Location"], timeout=120)
    assert (pictures(kept.content), kept.headers["Content-Type"]) == (18, "video/mp4")
    assert "a-kite-and-snow-film.mp4" in kept.headers["Content-Disposition"]
    assert not any(path.is_file() for path in settings.MEDIA_ROOT.rglob("*"))


def test_the_part_of_the_page_asks_for_itself_until_it_is_ready(web, film):
    address = f"{page_of(film)}export/"
    shown = web.post(address, headers=HTMX).content.decode()
    export = Export.objects.get()
    for percentage in (0, 40):
        Export.objects.update(percentage=percentage, state="exporting")
        shown = web.get(address, headers=HTMX).content.decode()
        assert (f"{percentage} %" in shown.replace("</span>", "")) or percentage == 0
        poll = unescape(re.search(r'hx-get="([^"]+)" hx-trigger="every 2s"', shown)[1])
        assert web.get(poll, headers=HTMX).status_code == 204
    Export.objects.update(state="failed", reason="It cannot be read.", due_at=None)
    shown = web.get(poll, headers=HTMX).content.decode()
    assert "hx-get" not in shown
    assert '<span class="quiet reason">It cannot be read.</span>' in shown
    assert "Download of the film: failed. It cannot be read." in shown
    assert web.get(address).status_code == 302, "without a script it is a page to reload"
    assert str(export.pk) not in shown


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"state": "waiting"}, "clip 1 of extension 1 (not copied yet)."),
        ({"state": "refused"}, "clip 1 of extension 1 (cannot be saved)."),
        ({"contains_parent": ""}, "clip 1 of extension 1 (not compared with the clip before yet)."),
    ],
)
def test_no_film_is_made_while_a_file_of_it_is_missing(web, film, how, words):
    film.clip_set.update(**how)
    web.post(f"{page_of(film)}export/")
    assert not Export.objects.exists()
    shown = part_of(web, film)
    assert 'data-state="missing"' in shown
    assert words in shown
    assert "disabled" in shown
    assert ("hx-get" in shown) == (how != {"state": "refused"})
    # What is here can be had.
    assert ask(web, film, first=0, last=0).files == [Task.objects.get(pk=film.parent_id).clip(1).sha256]


def test_lost_clips_are_left_out_as_on_the_page(web, film):
    film.clip_set.update(state="lost")
    assert len(ask(web, film).files) == 1
    film.parent.clip_set.update(state="lost")
    assert 'id="export"' not in web.get(page_of(film)).content.decode()


def test_a_step_that_adds_nothing_is_left_out(web, film, bodies):
    step = extend(film, prompt="and nothing more")
    make_clip(step, body=bodies[1], duration_ms=500, contains_parent="yes", cut_ms=500)
    export = ask(web, step)
    assert exporting.export_next()
    export.refresh_from_db()
    assert (export.state, export.frames) == ("stored", 18)
    assert 'and-nothing-more-film.mp4"' in web.get(f"{page_of(step)}export/{export.pk}/")["Content-Disposition"]
    web.post(f"{page_of(step)}export/", {"first": 2, "last": 2})
    shown = part_of(web, step)
    assert 'data-state="empty"' in shown
    assert "These clips add nothing to the film" in shown
    assert Export.objects.count() == 1


def test_the_choices_are_remembered_the_steps_for_this_film_alone(web, film):
    export = ask(web, film, first=1, last=1, shape="1:1 crop", even_colours="on")
    # One step alone has nothing to be evened.
    assert export.as_cut_list() == CutList((Part(250, 500),), "1:1", "crop", even_colours=False)
    shown = part_of(web, film)
    assert '<option value="1:1 crop" selected>' not in shown, "nothing is chosen while it is being made"
    Export.objects.cancel()
    shown = part_of(web, film)
    assert 'data-state="cancelled"' in shown
    assert '<option value="1:1 crop" selected>' in shown
    assert shown.count('<option value="1" selected>Extension 1') == 2
    other = part_of(web, film.parent)
    assert '<details class="extra" open>' in other, "what is remembered is not hidden"
    assert '<option value="1:1 crop" selected>' in other
    export = ask(web, film, first=1, last=0, shape="as it is", even_colours="on")
    assert export.as_cut_list() == CutList((Part(0, 500), Part(250, 500)), even_colours=True)
    Export.objects.cancel()
    assert '<input type="checkbox" name="even_colours" id="export-even_colours" checked>' in part_of(web, film)
    assert web.post(f"{page_of(film)}export/", {"shape": "4:3"}).status_code == 400


@pytest.mark.parametrize(
    ("choices", "name", "kind"),
    [
        ({"first": 1, "last": 1, "shape": "9:16 bars"}, "a-kite-and-snow-film-steps-1-1-9x16.mp4", "video/mp4"),
        ({"format": "gif"}, "a-kite-and-snow-film.gif", "image/gif"),
        ({"format": "webp", "even_colours": "on"}, "a-kite-and-snow-film-even-colours.webp", "image/webp"),
    ],
)
def test_what_was_chosen_is_made_and_named(web, film, choices, name, kind):
    export = ask(web, film, **choices)
    assert exporting.export_next()
    answer = web.get(f"{page_of(film)}export/{export.pk}/")
    assert f'filename="{name}"' in answer["Content-Disposition"]
    assert answer["Content-Type"] == kind
    export.refresh_from_db()
    size = size_of(answer.getvalue(), kind)
    assert size == (export.width, export.height)
    assert (size[0] < size[1]) == ("shape" in choices)


def test_who_waits_for_many_films_is_told_to_ask_later_and_others_are_not(web, stranger, film, shorten):
    shorten("extender.archive.exports.models.MOST_UNDER_WAY", 1)
    first = ask(web, film)
    assert ask(web, film) == first, "there is no more to do for it"
    address = f"{page_of(film)}export/"
    answer = web.post(address, {"last": 0})
    assert answer.status_code == 429
    page = answer.content.decode()
    assert "<p>1 films of yours are being made. Ask again when one of them is ready.</p>" in page
    assert f'href="{page_of(film)}#export">Back</a>' in page
    shown = web.post(address, {"last": 0}, headers={"HX-Request": "true"}).content.decode()
    assert shown.count("1 films of yours are being made.") == 2, "seen, and heard"
    assert Export.objects.count() == 1
    Export.objects.update(asked_by=stranger)
    assert ask(web, film, last=0) != first


def test_an_export_is_for_who_may_see_its_branch_and_of_its_footage(web, browser_of, stranger, film):
    export = ask(web, film)
    address = f"{page_of(film)}export/{export.pk}/"
    other = extend(make_task(stranger, kind=Task.Kind.ORIGINAL, index=None))
    make_clip(other)
    theirs = browser_of(stranger)
    for path in (page_of(film) + "export/", address, address + "cancel/"):
        assert theirs.get(path).status_code in (404, 405)
        assert theirs.post(path).status_code in (404, 405)
    assert theirs.post(f"{page_of(other)}export/{export.pk}/cancel/").status_code == 404
    assert Export.objects.get().is_under_way
    assert web.get(address).status_code == 404, "it is not there yet"


def test_a_cancelled_export_is_not_made(web, film):
    export = ask(web, film)
    answer = web.post(f"{page_of(film)}export/{export.pk}/cancel/", headers=HTMX)
    assert 'data-state="cancelled"' in answer.content.decode()
    assert not exporting.export_next()


def test_who_is_exporting_sees_that_it_was_cancelled_and_keeps_nothing(web, film, monkeypatch, shorten, settings):
    export, real, heard = ask(web, film), exporting.probing.export, []

    def cancel_meanwhile(*how):
        *made_of, tell = how

        def hear(percentage: int) -> None:
            heard.append(percentage)
            web.post(f"{page_of(film)}export/{export.pk}/cancel/")
            tell(percentage)

        return real(*made_of, hear)

    # It is over too soon for anybody to come in between.
    monkeypatch.setattr(exporting.probing, "export", cancel_meanwhile)
    shorten("extender.tasks.models.leases.REPORT_SECONDS", 0)
    assert exporting.export_next()
    export.refresh_from_db()
    assert (export.state, len(heard)) == ("cancelled", 1)
    assert [path for path in settings.MEDIA_ROOT.rglob("*") if "film" in path.name or path.suffix == ".part"] == []


def test_a_worker_that_ends_leaves_what_it_is_at_to_the_next(web, film):
    export = ask(web, film)
    assert exporting.export_next(is_over=lambda: True)
    export.refresh_from_db()
    assert (export.state, export.attempts) == ("waiting", 1)
    assert Export.objects.to_export().exists()


def test_a_film_that_cannot_be_made_says_why_and_may_be_asked_for_again(web, film):
    make_clip(film, body=b"no film at all", duration_ms=500, contains_parent="no")
    export = ask(web, film)
    assert exporting.export_next()
    shown = part_of(web, film)
    assert 'data-state="failed"' in shown
    assert "Extension 1: This is not a video that browsers play." in shown
    assert ask(web, film) == export
    assert 'data-state="waiting"' in part_of(web, film)


def test_a_file_that_is_not_in_the_store_any_more_is_said(web, film, settings):
    export = ask(web, film)
    for path in settings.MEDIA_ROOT.glob("clips/*/*.mp4"):
        path.unlink()
    assert exporting.export_next()
    export.refresh_from_db()
    assert (export.state, export.reason) == ("failed", "The file of a clip is missing from the store.")


def test_a_full_disk_pauses_exports_says_why_and_passes(web, staff, film, settings):
    ask(web, film)
    settings.ARCHIVE_KEEP_FREE_MB = 10**9
    assert exporting.export_next()
    shown = part_of(web, film)
    assert 'data-state="blocked"' in shown
    assert "The disk is nearly full." in shown
    assert "Exporting is paused: The disk is nearly full." in staff.get("/team/archive/").content.decode()
    settings.ARCHIVE_KEEP_FREE_MB = 0
    assert not exporting.export_next(), "it is paused"
    Export.objects.update(due_at="2020-01-01T00:00:00Z")
    assert exporting.export_next()
    assert 'data-state="stored"' in part_of(web, film)


def test_a_worker_that_died_is_followed_by_another_and_one_that_slept_writes_nothing(web, film):
    export = ask(web, film)
    slept = exporting.Claim.take()
    assert exporting.Claim.take() is None, "nobody takes it before its lease has ended"
    Export.objects.update(due_at="2020-01-01T00:00:00Z")
    assert exporting.export_next()
    with pytest.raises(exporting.Overtaken):
        slept.settle(ExportState.FAILED, "late")
    export.refresh_from_db()
    assert (export.state, export.attempts) == ("stored", 2)


def test_what_nobody_expected_is_tried_three_times_and_then_said(web, film, monkeypatch):
    ask(web, film)
    # No fault that can be made for real is left unexpected.
    monkeypatch.setattr(exporting.probing, "export", lambda *_: 1 / 0)
    for state in ("waiting", "waiting", "failed"):
        Export.objects.update(due_at="2020-01-01T00:00:00Z")
        assert exporting.export_next()
        assert f'data-state="{state}"' in part_of(web, film)
    assert "the log of the worker says why" in part_of(web, film)


def test_a_film_whose_file_is_missing_is_made_again(web, film, settings):
    export = ask(web, film)
    Export.objects.update(state="stored", due_at=None, sha256="a" * 64)
    answer = web.get(f"{page_of(film)}export/{export.pk}/")
    assert answer["Location"] == f"{page_of(film)}#export"
    assert 'data-state="waiting"' in part_of(web, film)


def test_films_that_nobody_wants_any_more_are_swept_with_their_files(web, film, settings):
    old, cancelled, failed = ask(web, film), ask(web, film, last=0), ask(web, film, first=1)
    kept = ask(web, film, shape="1:1 bars")
    for export in (old, kept):
        path = settings.MEDIA_ROOT / export.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a film")
    Export.objects.filter(pk=cancelled.pk).cancel()
    Export.objects.filter(pk__in=(old.pk, kept.pk)).update(state="stored")
    Export.objects.filter(pk=failed.pk).update(state="failed")
    Export.objects.filter(pk__in=(old.pk, failed.pk)).update(asked_at="2020-01-01T00:00:00Z")
    assert sweeping.drop_unwanted_films() == 3
    assert list(Export.objects.all()) == [kept]
    assert [path.name for path in settings.MEDIA_ROOT.glob("films/*/*")] == [f"{kept.cut_list}.mp4"]


def test_films_that_find_no_room_go_beginning_with_what_was_asked_for_longest_ago(web, film, settings):
    settings.EXPORTS_MAX_MB = 3
    ask(web, film)
    before, last = ask(web, film, last=0), ask(web, film, first=1)
    Export.objects.update(state="stored", bytes=2 << 20)
    Export.objects.filter(pk=before.pk).update(bytes=1 << 20)
    assert sweeping.drop_unwanted_films() == 1
    assert set(Export.objects.all()) == {before, last}
    assert not sweeping.drop_unwanted_films()


def frames_of(folder: Path, body: bytes) -> list[np.ndarray]:
    (folder / "film.mp4").write_bytes(body)
    return films.read(folder / "film.mp4")


@pytest.mark.parametrize("steps", [2, 3])
def test_a_film_that_leaves_a_clip_early_shows_each_frame_of_its_sources_once(web, film, bodies, tmp_path, steps):
    other = films.write(tmp_path / "other.mp4", films.pan(12, seed=2)).read_bytes()
    # The film leaves the step with its ninth frame, of which the first six are those of the original.
    end = extend(film, kind="video", out_ms=375, prompt="a harbour")
    make_clip(end, body=other, duration_ms=500, frame_rate=24.0, contains_parent="no", cut_ms=0)
    first, second, third = (frames_of(tmp_path, body) for body in (*bodies, other))
    wanted = [*first, *second[6:9], *third]
    if steps == 3:
        end = extend(end, kind="video", out_ms=250, prompt="a ship")
        make_clip(end, body=bodies[0] + b" ", duration_ms=500, frame_rate=24.0, contains_parent="no", cut_ms=0)
        wanted = [*first, *second[6:9], *third[:6], *first]
    export = ask(web, end)
    assert exporting.export_next()
    shown = frames_of(tmp_path, web.get(f"{page_of(end)}export/{export.pk}/").getvalue())
    assert len(shown) == len(wanted)
    apart = [np.mean((one.astype(float) - other) ** 2) for one, other in zip(shown, wanted, strict=True)]
    assert max(apart) < 255**2 / 10**4, "40 dB"

    packed = io.BytesIO(b"".join(web.get(f"{page_of(end)}editors/").streaming_content))
    with zipfile.ZipFile(packed) as zipped:
        cuts = otio.adapters.read_from_string(zipped.read("film.otio").decode(), "otio_json")
        taken = []
        for shot in cuts.find_clips():
            frames = frames_of(tmp_path, zipped.read(shot.media_reference.target_url))
            begins, lasts = shot.source_range.start_time.value, shot.source_range.duration.value
            taken += frames[int(begins) : int(begins + lasts)]
    assert len(taken) == len(wanted)
    assert all(map(np.array_equal, taken, wanted))
