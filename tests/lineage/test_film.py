"""The film of a branch as a page: what it plays, what it says of what it cannot play, who sees it, at what price."""

import re
import uuid
from html import unescape

from extender.states import State
from extender.tasks.models import Task
from tests.helpers import extend, make_clip, make_task, queries


def address(task: Task, index: int = 1) -> str:
    return f"/tasks/{task.pk}/clips/{index}/film/"


def page(web, task: Task, index: int = 1) -> str:
    response = web.get(address(task, index))
    assert response.status_code == 200
    return unescape(re.sub(r"\s+", " ", response.content.decode()))


def takes(shown: str) -> list[dict[str, str]]:
    """The attributes of every take's radio, in their order."""
    radios = re.findall(r'<input type="radio"(.*?)>', shown.partition("<main")[2])
    return [dict(re.findall(r'([a-z-]+)="(.*?)"', radio)) | {"checked": " checked" in radio} for radio in radios]


def chosen(shown: str) -> list[dict[str, str]]:
    return [take for take in takes(shown) if take["checked"]]


def test_the_film_plays_our_copies_from_where_each_leaves_its_parents_footage(web, start):
    first = extend(start, 3)
    copies = [
        make_clip(start, 3, duration_ms=5200, frame_rate=24.0),
        make_clip(first, 2, duration_ms=9300, frame_rate=25.0, contains_parent="yes", cut_ms=5208, codec="hevc"),
    ]
    played = chosen(page(web, first, 2))
    assert [take["data-src"] for take in played] == [f"/clips/{copy.pk}.mp4" for copy in copies]
    assert [(take["data-from"], take["data-to"], take["data-fps"]) for take in played] == [
        ("0.000", "5.200", "24.0"),
        ("5.208", "9.300", "25.0"),
    ]
    assert [take.get("data-codec") for take in played] == [None, "HEVC"]


def test_what_is_not_copied_plays_from_where_it_is_and_the_page_says_that_it_may_repeat(web, start):
    task = extend(start)
    shown = page(web, task)
    assert [take["data-src"] for take in chosen(shown)] == [start.clip(1).source_url, task.clip(1).source_url]
    assert chosen(shown)[1]["data-to"] == ""
    assert "Clip 1 of extension 1 plays in full: Extender cannot tell yet whether" in shown
    assert "of the original plays in full" not in shown
    make_clip(task, contains_parent="no", cut_ms=0)
    assert "plays in full" not in page(web, Task.objects.get(pk=task.pk))


def test_frames_that_do_not_come_evenly_are_told_to_the_player_and_to_the_reader(web, start):
    make_clip(start, facts={"moments_ms": [0.0, 41.7, 300.0]})
    shown = page(web, start)
    assert chosen(shown)[0]["data-moments"] == "0.0 41.7 300.0"
    assert "Clip 1 of the original has uneven frames: the film cuts it by time." in shown
    make_clip(start, facts={"moments_ms": None})
    shown = page(web, start)
    assert "data-moments" not in shown
    assert "uneven" not in shown


def test_a_lost_clip_is_said_to_be_missing_and_has_nothing_to_play(web, start):
    make_clip(start, state="lost")
    task = extend(start)
    shown = page(web, task)
    assert "Clip 1 of the original is missing" in shown
    lost = takes(shown)[0]
    assert lost["checked"]
    assert "data-src" not in lost
    assert "Clip 1, lost" in shown


def test_a_step_whose_continued_clip_did_not_come_is_named_and_passed_over(web, member):
    start = make_task(member, kind=Task.Kind.ORIGINAL, index=None, urls=["https://clips.example/1.mp4"])
    shown = page(web, extend(start, 4))
    assert "The clip of the original that was extended never came. The film skips it." in shown
    assert [take["name"] for take in chosen(shown)] == ["take-1"]


def test_every_step_offers_its_takes_with_the_film_and_the_extension_of_each(web, start):
    first = extend(start, 3)
    offered = takes(page(web, first, 2))
    assert [(take["name"], take["value"], take["checked"]) for take in offered] == [
        (f"take-{step}", str(index), index == {0: 3, 1: 2}[step]) for step in (0, 1) for index in (1, 2, 3, 4)
    ]
    assert offered[0]["data-film"] == address(start, 1)
    assert offered[0]["data-extend"] == f"/tasks/{start.pk}/?clip=1#composer_prompt"


def test_without_javascript_each_segment_is_a_video_and_each_take_a_link(web, start):
    first = extend(start, 3)
    without = " ".join(re.findall(r"<noscript>(.*?)</noscript>", page(web, first, 2)))
    assert [src.split("#")[0] for src in re.findall(r'<video[^>]* src="(.*?)"', without)] == [
        start.clip(3).source_url,
        first.clip(2).source_url,
    ]
    links = re.findall(r'<a href="(.*?)"', without)
    assert links == [address(task, index) for task in (start, first) for index in (1, 2, 3, 4)]


def test_the_strip_tells_the_drift_of_each_step(web, start):
    first = extend(start)
    make_clip(start)
    make_clip(first, drift_colour=3.6, drift_sharpness=-1)
    shown = page(web, first)
    assert "<span>colour ΔE 3.6</span><span>50 % softer</span>" in shown
    assert '<polyline class="colour" points="50,100 150,64"/>' in shown
    assert "not measured" in page(web, extend(first))


def test_the_head_tells_how_far_it_is_and_near_the_known_end_it_warns_and_offers_the_next_step_all_the_same(
    web, start
):
    task = start
    for number in range(5):
        shown = page(web, task)
        assert ("One more may be refused" in shown) == (number == 4)
        assert f'href="/tasks/{task.pk}/?clip=1#composer_prompt">Extend clip 1</a>' in shown
        task = extend(task)
    assert "Extension 4 of about 4 · 21 of about 21 s" in shown
    assert "<h1" in shown
    assert "a cat dancing</h1>" in shown


def test_a_branch_that_starts_elsewhere_says_so(web, member):
    assert "Everything before extension 1 was made elsewhere" in page(web, make_task(member, parent=None, index=2))


def test_editors_are_offered_its_files_as_soon_as_one_is_stored(web, start):
    link = f'href="{address(start)}editors/">For editors</a>'
    assert link not in page(web, start)
    make_clip(start, 3)
    assert link in page(web, start)


def test_there_is_no_film_of_a_clip_that_did_not_come_nor_of_somebody_elses(web, browser_of, start, stranger):
    task = extend(start, urls=["https://clips.example/1.mp4", None])
    assert web.get(address(task, 1)).status_code == 200
    for index in (0, 2, 3, 5):
        assert web.get(address(task, index)).status_code == 404
    assert web.get(address(extend(start, state=State.PROCESSING))).status_code == 404
    assert web.get(address(make_task(start.owner, kind=Task.Kind.PICTURES, index=None))).status_code == 404
    assert browser_of(stranger).get(address(task, 1)).status_code == 404
    assert web.get(f"/tasks/{uuid.uuid4()}/clips/1/film/").status_code == 404


def test_it_costs_the_same_number_of_queries_however_long_the_film_is(web, start):
    prices = []
    make_clip(start)
    task = extend(start)
    for _ in range(4):
        for index in range(1, 5):
            make_clip(task, index, contains_parent="no")
        prices.append(queries(lambda: page(web, task)))  # noqa: B023
        task = extend(task)
    assert set(prices) == {8}, "session, member, task, branch, all their copies, their export, and two for the bar"
