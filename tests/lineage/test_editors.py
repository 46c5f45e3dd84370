"""A film as editors take it away: read back by its formats' own readers it is the film, to the frame."""

import csv
import io
import zipfile

import opentimelineio as otio
import pytest

from extender.states import State
from extender.tasks.models import Clip, Task
from extender.tasks.picks import pick
from tests.helpers import age, extend, make_clip, make_task, queries


def address(task: Task, index: int = 1) -> str:
    return f"/tasks/{task.pk}/clips/{index}/film/editors/"


def taken(web, task: Task, index: int = 1) -> dict[str, bytes]:
    """The files by name."""
    response = web.get(address(task, index))
    assert response.status_code == 200
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as zipped:
        return {info.filename: zipped.read(info) for info in zipped.infolist()}


def film(web, task: Task, index: int = 1) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(taken(web, task, index)["film.otio"].decode(), "otio_json")


def edl(web, task: Task, rate: float = 24) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(taken(web, task)["film.edl"].decode(), "cmx_3600", rate=rate)


def table(web, task: Task, index: int = 1) -> list[dict[str, str]]:
    text = taken(web, task, index)["film.csv"].decode()
    assert text.startswith("\ufeff"), "spreadsheets would not know UTF-8"
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def measured(task: Task, index: int = 1, frames: int = 96, rate: float = 24.0, new: int = 0, **fields) -> Clip:
    """A stored clip of `frames`, of which those before `new` are its parent's."""
    fields |= {"contains_parent": "yes", "cut_ms": round(1000 * new / rate)} if new else {}
    return make_clip(task, index, frame_rate=round(rate, 3), duration_ms=round(1000 * frames / rate), **fields)


def cuts(timeline: otio.schema.Timeline) -> list[tuple[str, int, int, int]]:
    """Of each shot its file, its first frame in it, how many it has, and where in the film it begins."""
    ranges = [(shot, shot.source_range, shot.range_in_parent()) for shot in timeline.find_clips()]
    return [
        (shot.media_reference.target_url, source.start_time.value, source.duration.value, place.start_time.value)
        for shot, source, place in ranges
    ]


@pytest.mark.parametrize("rate", [24000 / 1001, 24, 25, 30000 / 1001, 30])
def test_both_cut_lists_are_the_film_to_the_frame_also_where_a_result_repeats_its_parent(web, start, rate):
    first, second = extend(start, 1), None
    measured(start, frames=125, rate=rate)
    measured(first, frames=221, rate=rate, new=126)
    second = extend(first)
    measured(second, frames=97, rate=rate)
    expected = [
        ("clips/00-a-kite-1.mp4", 0, 125, 0),
        ("clips/01-a-cat-dancing-1.mp4", 126, 95, 125),
        ("clips/02-a-cat-dancing-1.mp4", 0, 97, 220),
    ]
    shots = film(web, second)
    assert cuts(shots) == expected
    assert {shot.source_range.duration.rate for shot in shots.find_clips()} == {rate}
    assert cuts(edl(web, second, rate)) == expected


def test_a_shot_of_another_rate_is_exact_in_otio_and_at_the_nearest_frame_in_the_edl(web, start):
    last = extend(start)
    measured(start, frames=125)
    measured(last, frames=100, rate=25, new=26)
    assert cuts(film(web, last))[1][1:3] == (26, 74)
    # 26 frames of 25 a second are 24.96 of 24, and 74 of them 71.04.
    assert cuts(edl(web, last))[1][1:] == (25, 71, 125)


def test_the_other_takes_are_alternative_media_of_the_shot_each_with_its_own_in_and_out(web, start):
    measured(start)
    last = extend(start)
    for index, frames in enumerate((221, 219, 220), 1):
        measured(last, index, frames, new=124 + index)
    pick(last.clip(3), True)
    shot = list(film(web, last, 2).find_clips())[1]
    assert shot.media_reference.target_url == "clips/01-a-cat-dancing-2.mp4"
    media = shot.media_references()
    assert sorted(media) == [shot.DEFAULT_MEDIA_KEY, "take 1", "take 3", "take 4"]
    assert media["take 3"].target_url == "clips/01-a-cat-dancing-3.mp4"
    assert media["take 3"].available_range.duration.value == 220
    told = media["take 3"].metadata["extender"]
    assert (told["in_frame"], told["out_frame"], told["picked"]) == (127, 220, True)
    assert isinstance(media["take 4"], otio.schema.MissingReference)


def test_prompts_are_notes_and_none_can_add_a_shot(web, start):
    forged = "rain\n003  AX       V     C        00:00:00:00 00:00:01:00 00:00:09:00 00:00:10:00\u2028雨"
    age(start, prompt=forged)
    measured(start)
    (shot,) = film(web, start).find_clips()
    assert shot.markers[0].comment == forged
    assert shot.markers[0].name == "rain"
    (event,) = edl(web, start).find_clips()
    assert list(event.metadata["cmx_3600"]["comments"]) == [f"PROMPT: {' '.join(forged.split())}"]


def test_the_table_tells_where_each_second_came_from(web, start):
    copy = measured(start, frames=125)
    last = extend(start, prompt="it snows,\n“softly”", motion="high", remote_id="id-2", parent_task_id="id-1")
    age(last, credits_before=40, credits_after=32)
    measured(last, 1, frames=221, new=125, width=832, height=464, codec="h264")
    measured(last, 2, frames=221, new=125)
    pick(last.clip(2), True)
    rows = table(web, last)
    assert [(row["step"], row["take"], row["in_film"], row["picked"]) for row in rows] == [
        *(("0", str(index), "yes" if index == 1 else "no", "no") for index in range(1, 5)),
        *(("1", str(index), "yes" if index == 1 else "no", "yes" if index == 2 else "no") for index in range(1, 5)),
    ]
    assert (rows[0]["sha256"], rows[0]["motion"], rows[0]["apiframe_id"]) == (copy.sha256, "", start.remote_id)
    told = {
        "film_in_s": "5.208",
        "film_out_s": "9.208",
        "file": "01-it-snows-1.mp4",
        "state": "saved",
        "words": "it snows,\n“softly”",
        "motion": "high",
        "apiframe_id": "id-2",
        "continues_apiframe_id": "id-1",
        "continues_take": "1",
        "in_frame": "125",
        "out_frame": "221",
        "frame_rate": "24.0",
        "in_s": "5.208",
        "out_s": "9.208",
        "account_credits_before": "40",
        "account_credits_after": "32",
    }
    assert rows[4] | told == rows[4]
    assert (rows[5]["film_in_s"], rows[5]["in_frame"]) == ("", "125")


@pytest.mark.parametrize("sign", "=+-@＝")
def test_no_cell_of_the_table_runs_as_a_formula(web, start, sign):
    age(start, prompt=f'{sign}1;{sign}2\n {sign}3, {sign}4;"{sign}6;', remote_id=f"{sign}5")
    measured(start)
    row = table(web, start)[0]
    assert row["words"] == f"""'{sign}1;'{sign}2\n '{sign}3, {sign}4;"'{sign}6;"""
    assert row["apiframe_id"] == f"'{sign}5"


def test_what_is_missing_is_said_and_keeps_its_place_in_the_film(web, start):
    first = extend(start, 2, urls=["https://clips.example/1.mp4", None])
    second = extend(first, 3)
    third = extend(second)
    measured(start, 2, frames=125)
    make_clip(second, 1, "lost")
    files = taken(web, third)
    assert {name for name in files if name.startswith("clips/")} == {"clips/00-a-kite-2.mp4"}
    said = files["MISSING.txt"].decode()
    for line in (
        "Extension 1: the clip that was extended never came. The film skips it.",
        "00-a-kite-1.mp4: not copied yet.",
        "02-a-cat-dancing-1.mp4: no longer at APIFRAME. The film skips it.",
        "03-a-cat-dancing-1.mp4: not copied yet. The film plays it: in the cut list it has about 4 s, by guess.",
        "03-a-cat-dancing-2.mp4: not copied yet.",
    ):
        assert f"\n{line}\r\n" in said
    assert [cut[1:] for cut in cuts(edl(web, third))] == [(0, 125, 0), (0, 96, 125)]
    offline = list(film(web, third).find_clips())[1]
    assert offline.name == "03-a-cat-dancing-1.mp4"
    assert offline.media_reference.is_missing_reference


def test_a_film_whose_shots_are_all_lost_has_its_takes_and_no_cut_list(web, start):
    make_clip(start, 1, "lost")
    measured(start, 2)
    files = taken(web, start)
    assert set(files) == {"film.csv", "MISSING.txt", "clips/00-a-kite-2.mp4"}
    assert "00-a-kite-1.mp4: no longer at APIFRAME. The film skips it." in files["MISSING.txt"].decode()


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("雨が降る 🎬", "00-clip-1.mp4"),
        ("Café / CON: *?\\..", "00-cafe-con-1.mp4"),
        ("w" * 300, f"00-{'w' * 40}-1.mp4"),
    ],
)
def test_its_names_are_safe_on_every_system(web, start, prompt, name):
    age(start, prompt=prompt)
    copy = measured(start)
    files = taken(web, start)
    assert [inner for inner in files if inner.startswith("clips/")] == [f"clips/{name}"]
    assert files[f"clips/{name}"].startswith(f"clip {copy.index} of".encode())


def test_there_is_none_of_a_clip_that_did_not_come_nor_before_any_is_stored_nor_of_somebody_elses(
    web, browser_of, start, stranger
):
    assert web.get(address(start)).status_code == 404
    measured(start, 2)
    assert taken(web, start)
    assert web.get(address(start, 5)).status_code == 404
    assert web.get(address(make_task(start.owner, State.PROCESSING, due_at=None))).status_code == 404
    assert browser_of(stranger).get(address(start)).status_code == 404


def test_it_costs_the_same_number_of_queries_however_long_the_film_is(web, start):
    prices, task = [], start
    for _ in range(3):
        measured(task)
        prices.append(queries(lambda: taken(web, task)))  # noqa: B023
        task = extend(task)
    assert set(prices) == {5}, "session, member, task, branch, all their copies"
