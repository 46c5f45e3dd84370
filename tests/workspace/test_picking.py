"""Picking clips: who may, that saying it twice changes nothing, and what the button says."""

import re
import uuid

import pytest
from django.test import Client

from extender.states import State
from extender.tasks.models import Task
from tests.helpers import at_once, make_task, queries

HTMX = {"HX-Request": "true"}


def press(web: Client, task: Task, index: int, picked: str = "yes", **more):
    return web.post(f"/tasks/{task.pk}/clips/{index}/pick/", {"picked": picked}, **more)


def picked(task: Task) -> list[int]:
    return [clip.index for clip in Task.objects.get(pk=task.pk).clips if clip.picked]


def test_clips_are_picked_and_let_go_one_by_one_however_often_it_is_said(web, task):
    for index in (2, 4, 2):
        press(web, task, index)
    assert picked(task) == [2, 4]
    for _ in range(2):
        press(web, task, 2, "no")
    assert picked(task) == [4]
    assert list(Task.objects.picked()) == [task]
    press(web, task, 4, "no")
    assert not Task.objects.picked().exists()


def test_the_answer_is_the_button_as_it_is_now(web, task):
    for now, pressed, words in (("yes", "true", "Picked clip 3"), ("no", "false", "Pick clip 3")):
        shown = press(web, task, 3, now, headers=HTMX).content.decode()
        assert shown.lstrip().startswith('<form class="pick" method="post"')
        button = " ".join(re.search(r"<button[^>]*>", shown)[0].split())
        assert f'id="pick-3" data-pick aria-pressed="{pressed}" aria-label="{words}"' in button
        following = "no" if now == "yes" else "yes"
        assert f'name="picked" value="{following}"' in shown
        assert "csrfmiddlewaretoken" in shown


def test_without_a_script_it_leads_back_to_the_clip(web, task):
    response = press(web, task, 3)
    assert (response.status_code, response["Location"]) == (302, f"/tasks/{task.pk}/#clip-3")
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert page.count('id="clip-3"') == 1
    assert re.findall(r'data-pick aria-pressed="(\w+)"', page) == ["false", "false", "true", "false"]


def test_a_clip_that_did_not_come_is_not_found(web, member):
    task = make_task(member, urls=["https://clips.example/1.mp4", None])
    for index in (0, 2, 3, 99, 10**30):
        assert press(web, task, index).status_code == 404
    assert press(web, make_task(member, State.PROCESSING, due_at=None), 1).status_code == 404
    assert not Task.objects.picked().exists()


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_is_not_yours_looks_like_what_is_not_there(web, stranger, headers):
    theirs = make_task(stranger)
    there = press(web, theirs, 1, headers=headers)
    nowhere = web.post(f"/tasks/{uuid.uuid4()}/clips/1/pick/", {"picked": "yes"}, headers=headers)
    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content) == (404, nowhere.content)
    assert picked(theirs) == []


def test_anything_but_yes_and_no_changes_nothing(web, task):
    press(web, task, 1)
    for said in ("", "maybe", "1"):
        assert press(web, task, 1, said).status_code == 400
    assert web.get(f"/tasks/{task.pk}/clips/1/pick/").status_code == 405
    assert picked(task) == [1]


def test_it_asks_for_the_forms_token(task, member):
    web = Client(enforce_csrf_checks=True)
    web.force_login(member)
    assert press(web, task, 1).status_code == 403
    assert picked(task) == []


def test_it_costs_six_queries_of_which_one_writes(web, task):
    assert queries(lambda: press(web, task, 1, headers=HTMX)) == 6


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_four_presses_in_one_moment_all_count(member, task, browser_of):
    webs = [browser_of(member) for _ in range(4)]
    at_once(*(lambda web=web, index=index: press(web, task, index) for index, web in enumerate(webs, 1)))
    assert picked(task) == [1, 2, 3, 4]
