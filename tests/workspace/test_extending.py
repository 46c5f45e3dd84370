"""Extending from a task's page: the composer under the wall, what is sent from it, and what is asked before."""

import html
import re
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone

from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Task
from extender.tasks.sending import send
from tests.helpers import at_once, extend, form_of, make_clip, make_task
from tests.workspace.test_compose import submits
from tests.workspace.test_compose_again import lose_everything, lose_session, sign_in, sign_in_elsewhere, token

HTMX = {"HX-Request": "true"}


def composer(response) -> dict[str, str]:
    """What the composer of a page, or of a fragment, would send."""
    (form,) = re.findall(r'(?s)<form class="composer".*?</form>', response.content.decode())
    response.content = form.encode()
    return form_of(response)


def shown(web, task: Task):
    return web.get(f"/tasks/{task.pk}/")


def post(web, task: Task, fields: dict[str, str], **how):
    return web.post(f"/tasks/{task.pk}/extend/", fields, **how)


@pytest.fixture
def done(original) -> Task:
    """An original that the sandbox can extend."""
    return original


def test_it_sends_the_words_of_the_task_for_the_clip_that_is_chosen(web, original, sandbox):
    task = make_task(
        original.owner, remote_id=original.remote_id, prompt="It “snows” & <melts>", motion="high", picks=(3,)
    )
    fields = composer(shown(web, task))
    assert (fields["index"], fields["prompt"], fields["motion"], fields["runs"]) == ("3", task.prompt, "high", "1")
    answer = post(web, task, fields)
    made = Task.objects.get(parent=task)
    assert answer["Location"] == f"/tasks/{task.pk}/#continuations"
    assert (made.index, made.prompt, made.motion) == (3, task.prompt, "high")
    assert made.remote_id
    assert submits(sandbox) == 1


@pytest.mark.parametrize(("asked", "meant"), [("3", "3"), ("7", "1"), ("x", "1")])
def test_an_address_may_say_which_clip_it_means(web, start, asked, meant):
    assert composer(web.get(f"/tasks/{start.pk}/?clip={asked}"))["index"] == meant


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_several_runs_are_as_many_requests_however_often_the_form_is_posted(browser_of, member, done, sandbox):
    web = browser_of(member)
    fields = composer(shown(web, done)) | {"prompt": "And then it snows", "runs": "4"}
    at_once(*(partial(post, browser_of(member), done, fields) for _ in range(4)))
    assert post(web, done, fields | {"runs": "2"}).status_code == 302, "it asks for nothing that would be paid for"
    assert Task.objects.filter(parent=done).count() == 4
    for task in Task.objects.filter(parent=done, state=State.QUEUED):
        send(task)
    assert submits(sandbox) == 4


def test_what_was_sent_stands_beneath_it_and_a_fresh_form_in_its_place(web, done, sandbox):
    fields = composer(shown(web, done)) | {"prompt": "And then it snows", "runs": "2"}
    answer = post(web, done, fields, headers=HTMX)
    page = answer.content.decode()
    assert re.search(r'id="continuations"[^>]*hx-swap-oob="true"', page)
    assert "2 requests for clip 1: see below." in page
    for made in Task.objects.filter(parent=done):
        assert f'id="card-{made.pk}"' in page
        assert f'name="open" value="{made.pk}:' in page
    assert 'hx-post="/tasks/pulse/"' in page
    again = composer(answer)
    assert again["nonce"] != fields["nonce"]
    assert again["prompt"] == "And then it snows"
    assert shown(web, done).content.decode().count('class="card"') == 2


def test_other_words_under_the_same_form_are_neither_sent_nor_hidden(web, done, sandbox):
    fields = composer(shown(web, done)) | {"prompt": "And then it snows"}
    post(web, done, fields)
    answer = post(web, done, fields | {"prompt": "And then it rains"}, headers=HTMX)
    assert "You already sent this form" in answer.content.decode()
    assert submits(sandbox) == 1
    post(web, done, composer(answer), headers=HTMX)
    assert Task.objects.newest_first()[0].prompt == "And then it rains"
    assert submits(sandbox) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"prompt": "\u200b"}, "Say what happens next."),
        ({"prompt": "x" * 2001}, "The prompt has 2001 characters."),
        ({"index": "7"}, "Choose one of the four clips, 1 to 4."),
        ({"runs": "5"}, "Choose 1 to 4 requests."),
        ({"motion": "low", "prompt": "It snows --motion high"}, "Make them agree."),
        ({"nonce": ""}, "Press the button again."),
    ],
)
def test_what_is_wrong_is_said_and_the_words_stay(web, done, sandbox, given, said):
    fields = composer(shown(web, done)) | {"prompt": "And then it snows"} | given
    for how in ({}, {"headers": HTMX}):
        answer = post(web, done, fields, **how)
        page = html.unescape(answer.content.decode())
        assert "Nothing was sent." in page
        assert said in page
        assert composer(answer)["prompt"] == fields["prompt"]
    assert submits(sandbox) == Task.objects.filter(parent=done).count() == 0


def test_a_clip_that_is_not_there_is_refused(web, member):
    task = make_task(member, urls=["https://clips.example/1.mp4"], remote_id=str(uuid.uuid4()))
    page = shown(web, task)
    assert re.findall(r'id="choose-(\d)"', page.content.decode()) == ["1"]
    answer = post(web, task, composer(page) | {"prompt": "It snows", "index": "2"})
    assert "That video has no clip 2." in answer.content.decode()
    assert not Task.objects.filter(parent=task).exists()


def test_the_same_within_a_day_asks_before_it_is_paid_for_again(web, done, sandbox):
    fields = composer(shown(web, done)) | {"prompt": "And then it snows"}
    post(web, done, fields)
    first = Task.objects.get(parent=done)
    again = composer(shown(web, done)) | {"prompt": "And then it snows"}
    asked = post(web, done, again, headers=HTMX)
    page = asked.content.decode()
    assert f'href="/tasks/{first.pk}/"' in page
    assert "Extend anyway · 1 request" in page
    assert submits(sandbox) == 1
    assert composer(asked)["nonce"] == again["nonce"]
    post(web, done, composer(asked), headers=HTMX)
    assert submits(sandbox) == 2


def test_a_yes_holds_for_what_was_asked_and_not_for_words_changed_since(web, member, sandbox):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    for prompt in ("It snows", "It rains"):
        make_task(member, parent=task, prompt=prompt, motion="low", index=1, parent_task_id=task.remote_id)
    asked = composer(post(web, task, composer(shown(web, task)) | {"prompt": "It snows"}, headers=HTMX))
    anew = post(web, task, asked | {"prompt": "It rains"}, headers=HTMX)
    assert "“It rains”" in anew.content.decode()
    assert Task.objects.filter(parent=task).count() == 2
    post(web, task, composer(anew), headers=HTMX)
    assert Task.objects.filter(parent=task).count() == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 2},
        {"motion": "high"},
        {"prompt": "And then it rains"},
        {"state": State.FAILED},
        {"created_at": timezone.now() - timedelta(hours=25)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_not_the_same_asks_nothing(web, member, sandbox, changes):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    columns = {"prompt": "And then it snows", "motion": "low", "index": 1, "parent_task_id": task.remote_id}
    made = make_task(member, parent=task, **columns | changes)
    Task.objects.filter(pk=made.pk).update(**changes)
    answer = post(web, task, composer(shown(web, task)) | {"prompt": "And then it snows", "index": "1"})
    assert answer.status_code == 302


def test_the_same_of_somebody_else_asks_nothing(web, member, stranger, sandbox):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    make_task(stranger, prompt="It snows", motion="low", index=1, parent_task_id=task.remote_id)
    assert post(web, task, composer(shown(web, task)) | {"prompt": "It snows"}).status_code == 302


def test_past_midjourneys_end_it_asks_first(web, start, sandbox):
    task = start
    for _ in range(4):
        task = extend(task)
    asked = post(web, task, composer(shown(web, task)) | {"prompt": "And on"}, headers=HTMX)
    assert "Midjourney extends a video 4 times at most." in asked.content.decode()
    assert not Task.objects.filter(parent=task).exists()
    post(web, task, composer(asked), headers=HTMX)
    assert Task.objects.filter(parent=task).count() == 1


@pytest.mark.parametrize("lose", [lose_session, sign_in_elsewhere, lose_everything])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_without_a_sign_in_or_a_token_the_words_come_again(done, sandbox, lose, headers):
    client = Client(enforce_csrf_checks=True)
    sign_in(client)
    form = composer(shown(client, done)) | {"prompt": "A long sentence", "motion": "high", "runs": "2"}
    old = token(client)
    lose(client)
    page = client.post(f"/tasks/{done.pk}/extend/", form | old, headers=headers, follow=True)
    if way := page.headers.get("HX-Redirect"):
        page = client.get(way)
    if page.context and "next" in page.context:
        page = sign_in(client, page.context["next"])
    assert "Press the button once more" in page.content.decode()
    assert composer(page) == form
    assert submits(sandbox) == 0
    client.post(f"/tasks/{done.pk}/extend/", form | token(client))
    assert submits(sandbox) == 2


def test_its_address_alone_leads_to_the_task(web, start):
    assert web.get(f"/tasks/{start.pk}/extend/")["Location"] == f"/tasks/{start.pk}/"


def test_while_it_renders_words_may_be_written_and_not_sent(web, member):
    task = make_task(member, State.PROCESSING)
    page = shown(web, task).content.decode()
    assert re.search(r'id="composer-send"[^>]*disabled', page)
    assert 'id="ground"' in page
    ended = make_task(member)
    fragment = web.get(f"/tasks/{ended.pk}/status/").content.decode()
    (button,) = re.findall(r'<button class="button primary" id="composer-send".*?>', fragment, re.DOTALL)
    assert 'hx-swap-oob="true"' in button
    assert "disabled" not in button


@pytest.mark.parametrize("state", ["lost", "failed", "pictures"])
def test_what_has_nothing_to_extend_has_no_composer(web, member, state):
    task = make_task(
        member,
        *([State.FAILED] if state == "failed" else []),
        kind="pictures" if state == "pictures" else "extension",
    )
    for clip in task.clips if state == "lost" else ():
        make_clip(task, clip.index, state="lost")
    assert "composer" not in re.sub(r"<link[^>]*>", "", shown(web, task).content.decode())


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_pictures_cannot_be_extended_from_their_page(web, member, headers):
    task = make_task(member, kind="pictures", remote_id=str(uuid.uuid4()))
    fields = {"nonce": str(uuid.uuid4()), "index": "1", "prompt": "It snows", "motion": "low", "runs": "1"}
    assert post(web, task, fields, headers=headers).status_code == 404


def test_where_all_is_lost_the_state_says_so(web, member):
    task = make_task(member)
    for clip in task.clips:
        make_clip(task, clip.index, state="lost")
    assert "Finished, all clips lost" in shown(web, task).content.decode()
    assert "Finished, all clips lost" in web.get("/tasks/").content.decode()


def test_a_lost_clip_can_be_neither_chosen_nor_downloaded_and_only_a_pick_be_taken_back(web, member):
    task = make_task(member, remote_id=str(uuid.uuid4()), picks=(2,))
    make_clip(task, state="lost")
    assert "Pick clip 1" not in shown(web, task).content.decode()
    make_clip(task, 2, state="lost")
    page = shown(web, task).content.decode()
    assert re.findall(r'id="choose-(\d)"', page) == ["3", "4"]
    assert f"/tasks/{task.pk}/clips/1/download/" not in page
    assert "Picked clip 2" in page


@pytest.mark.parametrize("address", ["/tasks/new/?parent={}", "/tasks/{}/"])
def test_what_was_lost_since_the_page_came_is_refused(web, member, sandbox, address):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    page = web.get(address.format(task.pk))
    fields = form_of(page) | {"index": "1", "prompt": "It snows"}
    make_clip(task, state="lost")
    answer = web.post("/tasks/new/" if "new" in address else f"/tasks/{task.pk}/extend/", fields)
    assert "Clip 1 is lost: APIFRAME no longer has it. Choose another." in answer.content.decode()
    assert Task.objects.count() == 1
    assert 'name="index" value="1"' not in web.get(address.format(task.pk)).content.decode()


def test_every_action_on_a_picture_says_which_clip_it_is_for(web, member):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    page = shown(web, task).content.decode()
    for index, frame in enumerate(re.findall(r'(?s)<li class="frame" id="frame-.*?</li>', page), 1):
        labels = [label for label in re.findall(r'aria-label="([^"]*)"', frame) if "clip" in label]
        assert labels == [
            f"Pick clip {index}",
            f"Download clip {index}",
            f"More for clip {index}",
            f"More for clip {index}",
            f"Save this frame of clip {index}",
            f"Start from this frame of clip {index}",
            f"Open clip {index} in a new tab",
        ]
        for key in ("data-pick", "data-download", "data-save", "data-start"):
            assert frame.count(key) == 1


def test_a_guest_may_do_none_of_it(client, member):
    task = make_task(member, remote_id=str(uuid.uuid4()), picks=(2,))
    address = Share.objects.create(task=task, show_prompt=True).get_absolute_url()
    for path in ("", "status/", "copies/"):
        page = re.sub(r"<link[^>]*>", "", client.get(address + path).content.decode())
        for word in ("Pick", "★", "Extend clip", "data-once", "composer", "on-picture", 'id="branch"', str(task.pk)):
            assert word not in page, (path, word)
