"""The branch beside a task: its steps, their drift, how long the film is, and at what price in queries."""

import html
import re

import pytest

from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Clip, Task
from extender.tasks.picks import pick
from tests.helpers import extend, make_clip, make_task, queries


def grow(task: Task, steps: int) -> Task:
    for _ in range(steps):
        task = extend(task)
    return task


def strip(web, task: Task, path: str = "") -> str:
    """The element that shows the branch."""
    page = web.get(f"/tasks/{task.pk}/{path}").content.decode()
    return " ".join(html.unescape(re.search(r'<section class="branch".*?</section>', page, re.DOTALL)[0]).split())


def words(shown: str) -> list[str]:
    """What each step says, as read."""
    steps = re.findall(r'<li class="step.*?</li>', shown, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", step).split()) for step in steps]


def test_the_steps_lead_from_the_original_to_here(web, start):
    first = extend(start, 3, prompt="it rises")
    second = extend(first, 2, prompt="it falls")
    shown = strip(web, second)
    assert words(shown) == ["Clip 3 of “a kite”", "Clip 2 of “it rises”", "Here"]
    links = re.findall(r'<a class="source" href="([^"]*)"', shown)
    assert links == [f"/tasks/{start.pk}/", f"/tasks/{first.pk}/"]
    assert "Extension 2 of about 4 · 13 of about 21 s" in shown
    assert re.findall(r'<video src="([^#]*)', shown) == [start.clip(3).source_url, first.clip(2).source_url]
    assert words(strip(web, start)) == []
    assert "The original · 5 of about 21 s" in strip(web, start)


def test_a_video_made_elsewhere_stands_at_the_beginning(web, member):
    shown = strip(web, extend(make_task(member, index=2, parent_task_id="the-id", prompt="on"), 4))
    assert words(shown) == ["Clip 2 of a video made elsewhere, the-id", "Clip 4 of “on”", "Here"]


@pytest.mark.parametrize(
    ("colour", "sharpness", "said"),
    [
        (3.44, -0.2, "colour ΔE 3.4, 13 % softer"),
        (3.0, -1, "colour ΔE 3.0, 50 % softer"),
        (0.04, 0.3, "colour ΔE 0.0, 23 % harsher"),
        (2.0, 0.04, "colour ΔE 2.0"),
        (2.0, -0.04, "colour ΔE 2.0"),
        (2.0, None, "colour ΔE 2.0"),
        (None, None, ""),
    ],
)
def test_each_step_says_how_far_it_has_drifted(web, start, colour, sharpness, said):
    first = extend(start)
    make_clip(start)
    make_clip(first, drift_colour=colour, drift_sharpness=sharpness)
    shown = words(strip(web, extend(first)))
    assert shown == ["Clip 1 of “a kite”", f"Clip 1 of “a cat dancing” {said}".strip(), "Here"]


def test_here_each_candidate_says_its_own_and_a_bar_shows_it(web, start):
    task = extend(start)
    for index in (1, 2, 4):
        make_clip(task, index, drift_colour=index + 0.5, drift_sharpness=0)
    shown = strip(web, task)
    assert words(shown)[-1] == "Here Clip 1 colour ΔE 1.5 Clip 2 colour ΔE 2.5 Clip 4 colour ΔE 4.5"
    assert re.findall(r'<progress [^>]*value="([\d.]+)"', shown) == ["1.50", "2.50", "4.50"]
    assert shown.count("Bars show ") == 1
    assert '<p class="quiet unmeasured">' in strip(web, extend(start)), "it has its room before it is known"


def test_near_the_end_it_warns_and_refuses_nothing(web, start):
    third, fourth = grow(start, 3), grow(start, 4)
    assert "at most" not in strip(web, third)
    shown = strip(web, fourth)
    assert "Midjourney extends a video 4 times at most. One more may be refused" in shown
    assert "Extension 4 of about 4 · 21 of about 21 s" in shown
    assert b'id="composer-send"' in web.get(f"/tasks/{fourth.pk}/").content


def test_it_leads_to_the_tree_and_to_the_film_of_what_was_chosen(web, start):
    def film(task: Task) -> list[str]:
        return re.findall(r'href="(/tasks/[^"]*/film/)"', strip(web, task))

    done = extend(start, 3)
    assert f'href="/tasks/{done.pk}/tree/"' in strip(web, done)
    assert film(done) == [f"/tasks/{done.pk}/clips/1/film/"]
    make_clip(done, 1, "lost")
    assert film(done) == [f"/tasks/{done.pk}/clips/2/film/"]
    pick(done.clip(4), True)
    assert film(done) == [f"/tasks/{done.pk}/clips/4/film/"]
    assert web.get(film(done)[0]).status_code == 200
    for index in (2, 3, 4):
        make_clip(done, index, "lost")
    assert film(done) == [f"/tasks/{start.pk}/clips/3/film/"]
    make_clip(start, 3, "lost")
    assert film(done) == []
    Clip.objects.filter(task=start).update(state="waiting")
    assert film(extend(start, 3, State.PROCESSING)) == [f"/tasks/{start.pk}/clips/3/film/"]
    assert film(make_task(start.owner, State.PROCESSING, due_at=None)) == []


def test_what_is_not_finished_has_its_branch_too(web, start):
    shown = strip(web, extend(start, state=State.PROCESSING))
    assert words(shown) == ["Clip 1 of “a kite”", "Here, not finished yet"]
    assert "Extension 1 of about 4 · 9 of about 21 s" in shown
    assert words(strip(web, extend(start, state=State.FAILED)))[-1] == "Here, failed"


def test_what_has_failed_is_no_step_and_has_nothing_to_share(web, start):
    task = extend(start, state=State.FAILED)
    shown = strip(web, task)
    assert "Would have been extension 1" in shown
    assert "of about 21 s" not in shown
    assert "Play the film so far" in shown
    assert 'id="share"' not in web.get(f"/tasks/{task.pk}/").content.decode()
    Share.objects.create(task=task)
    assert "Revoke" in web.get(f"/tasks/{task.pk}/").content.decode()


@pytest.mark.parametrize(("furthest", "whole"), [(6.1, "10.00"), (22.7, "22.70")])
def test_bars_of_one_branch_have_one_scale_that_the_longest_fits_in(web, start, furthest, whole):
    first = extend(start)
    make_clip(first, drift_colour=furthest)
    task = extend(first)
    make_clip(task, drift_colour=3.0)
    shown = strip(web, task)
    assert re.findall('max="(.*?)" value="(.*?)"', shown) == [(whole, f"{furthest:.2f}"), (whole, "3.00")]


def test_an_open_page_learns_what_was_measured(web, start):
    task = extend(start)
    make_clip(task, drift_colour=6.1, drift_sharpness=0)
    shown = strip(web, task, "copies/?v=0")
    assert 'id="branch" hx-swap-oob="true"' in shown
    assert "colour ΔE 6.1" in shown


def test_a_guest_sees_no_branch(client, start):
    address = Share.objects.create(task=extend(start)).get_absolute_url()
    assert b'id="branch"' not in client.get(address + "copies/?v=0").content


def test_a_page_asks_no_more_than_eight_queries_however_long_the_branch_and_however_many_copies(web, start):
    def costs(parent: Task) -> list[int]:
        tasks = [extend(parent, state=state) for state in (State.PROCESSING, State.FINISHED)]
        addresses = [f"/tasks/{task.pk}/{path}" for task in tasks for path in ("", "status/?v=0", "copies/?v=0")]
        return [queries(lambda address=address: web.get(address)) for address in addresses]

    few = costs(extend(start))
    task = start
    for _ in range(6):
        for index in range(1, 5):
            make_clip(task, index, drift_colour=1.0, drift_sharpness=0)
        extend(task)
        task = extend(task)
    assert costs(task) == few
    assert max(few) <= 8
    # The last poll of a status reads the clips.
    assert (few[1], few[4]) == (3, 4)
