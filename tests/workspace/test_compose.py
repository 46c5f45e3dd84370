"""The form: what it starts with, what it refuses and why, and how a video made elsewhere is looked up."""

import html
import re
import socket
import threading
import time
import uuid

import pytest
from django.db import IntegrityError
from django.test import Client

from extender.states import State
from extender.tasks.models import Task
from tests.helpers import form_of, make_task, queries

TYPED = {
    "index": "3",
    "prompt": 'the cat says "meow" & <b>bows</b>\r\nthen it leaves',
    "motion": "high",
    "image_url": "https://example.com/start.jpg?a=1&b=2",
}
TOO_LONG = "The prompt has 2001 characters. Midjourney takes up to 2000."
NO_ID = "This is not an APIFRAME task id"
NO_CLIP = "Choose one of the four clips, 1 to 4."
NO_ADDRESS = "Give an address that starts with https://."

REFUSED = [
    ("prompt", "", "Say what happens next."),
    ("prompt", " \r\n\t ", "Say what happens next."),
    ("prompt", "\u200b\u3164\u00ad\n\u202e\u2800\ufe0f\U000e0100", "Say what happens next."),
    ("prompt", "\u180b\u2065\ufff0\U000e0000\U000e0061\U000e01f0\U0001d159\U00016fe4", "Say what happens next."),
    ("prompt", "x" * 2001, TOO_LONG),
    ("prompt", "snow\0", "Null characters are not allowed."),
    ("index", "", "Choose one of the four clips."),
    ("index", "0", NO_CLIP),
    ("index", "5", NO_CLIP),
    ("index", "x", NO_CLIP),
    ("index", "9" * 5000, NO_CLIP),
    ("parent_task_id", "", "Paste the APIFRAME task id of the video to continue."),
    ("parent_task_id", "x" * 256, NO_ID),
    ("parent_task_id", "29f1a0c4-8f6e-4d55\0", NO_ID),
    ("image_url", "javascript:alert(1)", NO_ADDRESS),
    ("image_url", "ftp://example.com/start.jpg", NO_ADDRESS),
    ("image_url", "example.com/start.jpg", NO_ADDRESS),
    ("image_url", "https://", NO_ADDRESS),
    ("motion", "", "Choose a motion."),
    ("motion", "medium", "Choose calm or lively."),
]


def message(response, field: str) -> str:
    """What stands beside a field as its error."""
    page = response.content.decode()
    found = re.search(rf'<ul class="errorlist" id="id_{field}_error"><li>(.*?)</li>', page)
    return html.unescape(found[1]) if found else ""


def submits(sandbox) -> int:
    """How many extensions were asked for; the originals that tests start from aside."""
    return sum(request["path"] == "/imagine-video-extend" for request in sandbox.ledger()["requests"])


def extensions() -> int:
    return Task.objects.filter(kind=Task.Kind.EXTENSION).count()


def look_up(web: Client, task_id: str, **typed: str):
    fields = form_of(web.get("/tasks/new/")) | {"parent_task_id": task_id, **typed}
    return web.post("/tasks/look-up/", fields)


def start(sandbox, prompt: str) -> str:
    """A start video at the sandbox, whatever becomes of it."""
    body = {"prompt": prompt, "image_url": "https://example.com/start.jpg"}
    return sandbox.post("/imagine-video", body).json()["task_id"]


@pytest.fixture(autouse=True)
def _renders_at_once(sandbox):
    """What renders is not waited for here."""
    sandbox.options(seconds=0)


@pytest.fixture
def fields(web, original) -> dict[str, str]:
    """The form of the original's clip 3, filled in."""
    return form_of(web.get(f"/tasks/new/?parent={original.pk}&index=3")) | TYPED


@pytest.fixture
def unsent(web, member) -> dict[str, str]:
    """The same, of a video that the sandbox need not have: for forms that are not to be sent."""
    parent = make_task(member, remote_id=str(uuid.uuid4()))
    return form_of(web.get(f"/tasks/new/?parent={parent.pk}&index=3")) | TYPED


@pytest.mark.parametrize(("field", "value", "says"), REFUSED, ids=lambda text: repr(text[:24]))
def test_a_bad_field_is_answered_beside_it_with_everything_typed_kept(web, sandbox, unsent, field, value, says):
    unsent[field] = value
    response = web.post("/tasks/new/", unsent)
    assert response.status_code == 200
    assert message(response, field).startswith(says)
    assert b"Nothing was sent" in response.content
    again = form_of(response)
    choice = field in ("index", "motion")
    assert again == {name: text for name, text in unsent.items() if name != field or not choice}
    assert Task.objects.count() == 1
    assert submits(sandbox) == 0


def test_the_bar_shows_where_the_form_belongs(web):
    assert 'href="/new/" aria-current="true">New' in web.get("/tasks/new/").content.decode()
    assert 'href="/new/" aria-current="page">New' in web.get("/new/").content.decode()
    assert 'href="/new/">New' in web.get("/tasks/").content.decode()


def test_an_empty_post_is_told_about_every_field(web, sandbox):
    response = web.post("/tasks/new/", {})
    assert response.status_code == 200
    for field in ("nonce", "parent_task_id", "index", "prompt", "motion"):
        assert message(response, field), field
    assert submits(sandbox) == 0


@pytest.mark.parametrize("nonce", [None, "", "x"])
def test_a_form_without_its_nonce_sends_nothing_until_it_is_pressed_again(web, sandbox, fields, nonce):
    without = {name: text for name, text in fields.items() if name != "nonce"}
    response = web.post("/tasks/new/", without if nonce is None else without | {"nonce": nonce})
    assert message(response, "nonce")
    assert (extensions(), submits(sandbox)) == (0, 0)
    again = form_of(response)
    assert again | {"nonce": ""} == without | {"nonce": ""}
    assert web.post("/tasks/new/", again).status_code == 302
    assert (extensions(), submits(sandbox)) == (1, 1)


def test_2000_characters_are_accepted_however_lines_end(submit):
    lines = ["a" * 99] * 20
    task = submit("\r\n".join(lines) + "b")
    assert len(task.prompt) == 2000
    assert task.prompt.startswith("a" * 99 + "\n")
    assert task.state == State.PENDING


def test_a_good_form_leads_to_its_task_with_what_was_typed(web, sandbox, original, fields):
    response = web.post("/tasks/new/", fields)
    task = Task.objects.get(kind=Task.Kind.EXTENSION)
    assert response.status_code == 302
    assert response["Location"] == f"/tasks/{task.pk}/"
    assert (task.parent, task.parent_task_id, task.index) == (original, original.remote_id, 3)
    assert (task.motion, task.image_url) == ("high", TYPED["image_url"])
    assert task.prompt == TYPED["prompt"].replace("\r\n", "\n")
    assert submits(sandbox) == 1


def test_a_parent_known_here_is_found_by_its_id(web, original, fields):
    fields["parent_task_id"] = f" {original.remote_id} "
    web.post("/tasks/new/", fields)
    task = Task.objects.get(kind=Task.Kind.EXTENSION)
    assert (task.parent_task_id, task.parent) == (original.remote_id, original)


def test_the_form_starts_with_the_clip_its_index_and_its_words(web, original):
    Task.objects.filter(pk=original.pk).update(prompt="a <kite> at dusk\nover the sea")
    response = web.get(f"/tasks/new/?parent={original.pk}&index=3")
    page = response.content.decode()
    assert f'<video id="stage" src="{original.clip(3).source_url}"' in page
    assert page.count('name="index"') == 4
    fields = form_of(response)
    uuid.UUID(fields.pop("nonce"))
    assert fields == {
        "parent_task_id": original.remote_id,
        "index": "3",
        "prompt": "a <kite> at dusk\nover the sea",
        "motion": "low",
        "image_url": "",
    }


@pytest.mark.parametrize("index", ["", "0", "5", "x", "²", "-1"])
def test_an_index_that_the_parent_lacks_starts_with_its_first_clip(web, original, index):
    response = web.get("/tasks/new/", {"parent": original.pk, "index": index})
    assert form_of(response)["index"] == "1"


def test_each_page_has_a_nonce_of_its_own(web, original):
    address = f"/tasks/new/?parent={original.pk}"
    assert form_of(web.get(address))["nonce"] != form_of(web.get(address))["nonce"]


def test_run_again_starts_with_everything_that_was_asked(web, submit):
    task = submit("[fail] and then\nit snows", index="4", motion="high", image_url="https://example.com/a.jpg")
    response = web.get(f"/tasks/new/?again={task.pk}")
    fields = form_of(response)
    assert fields.pop("nonce") != str(task.form_nonce)
    assert fields == {
        "parent_task_id": task.parent_task_id,
        "index": "4",
        "prompt": "[fail] and then\nit snows",
        "motion": "high",
        "image_url": "https://example.com/a.jpg",
    }
    assert f'<video id="stage" src="{task.source.source_url}"'.encode() in response.content
    assert b'<details class="extra" open>' in response.content


def test_run_again_makes_a_new_row(web, submit, sandbox):
    task = submit("[400] snow")
    fields = form_of(web.get(f"/tasks/new/?again={task.pk}")) | {"prompt": "softer snow"}
    assert web.post("/tasks/new/", fields).status_code == 302
    assert (extensions(), submits(sandbox)) == (2, 2)
    task.refresh_from_db()
    assert (task.prompt, task.state) == ("[400] snow", State.FAILED)


def test_run_again_of_a_task_whose_parent_is_not_known_here_keeps_its_id(web, member):
    task = make_task(member, State.FAILED, parent_task_id="29f1a0c4-8f6e-4d55-9c02-6d2f9a4b7e13", index=2)
    fields = form_of(web.get(f"/tasks/new/?again={task.pk}"))
    assert (fields["parent_task_id"], fields["index"]) == (task.parent_task_id, "2")


@pytest.mark.parametrize("state", State)
def test_a_second_charge_is_warned_of_only_where_it_may_come(web, member, state):
    task = make_task(member, state, due_at=None)
    warned = b"which may be charged too" in web.get(f"/tasks/new/?again={task.pk}").content
    assert warned == (state in ("sending", "unconfirmed"))


@pytest.mark.parametrize("parameter", ["parent", "again"])
def test_the_task_of_somebody_else_is_not_found(web, stranger, parameter):
    task = make_task(stranger)
    assert web.get(f"/tasks/new/?{parameter}={task.pk}").status_code == 404
    assert web.get(f"/tasks/new/?{parameter}={uuid.uuid4()}").status_code == 404


def test_a_name_that_is_none_starts_an_empty_form(web):
    assert web.get("/tasks/new/?parent=nonsense").status_code == 200
    assert web.get("/tasks/new/?again=nonsense").status_code == 200


@pytest.mark.parametrize("state", [State.QUEUED, State.PROCESSING, State.FAILED])
def test_a_parent_without_clips_leads_to_its_page(web, member, state):
    task = make_task(member, state, due_at=None)
    response = web.get(f"/tasks/new/?parent={task.pk}")
    assert (response.status_code, response["Location"]) == (302, f"/tasks/{task.pk}/")


def test_a_parent_with_fewer_clips_offers_and_takes_only_those(web, member, sandbox):
    look_up(web, sandbox.start_video("[clips-2] a kite"))
    parent = Task.objects.get()
    response = web.get(f"/tasks/new/?parent={parent.pk}&index=4")
    assert response.content.count(b'name="index"') == 2
    fields = form_of(response) | {"prompt": "it snows", "index": "3"}
    response = web.post("/tasks/new/", fields)
    assert message(response, "index") == "That video has no clip 3. Choose another."
    assert (extensions(), submits(sandbox)) == (0, 0)
    assert web.post("/tasks/new/", form_of(response) | {"index": "2"}).status_code == 302
    assert submits(sandbox) == 1


def test_the_same_post_twice_is_one_row_and_one_request(web, sandbox, fields):
    first, second = (web.post("/tasks/new/", fields) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert (extensions(), submits(sandbox)) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [{"prompt": "other words"}, {"index": "1"}, {"motion": "low"}, {"image_url": ""}],
    ids=lambda change: next(iter(change)),
)
def test_the_old_form_with_other_wishes_is_asked_about_before_it_costs(web, sandbox, fields, change):
    earlier = web.post("/tasks/new/", fields)["Location"]
    response = web.post("/tasks/new/", fields | change)
    assert response.status_code == 200
    assert f'<a href="{earlier}">'.encode() in response.content
    assert (extensions(), submits(sandbox)) == (1, 1)
    again = form_of(response)
    assert again["nonce"] != fields["nonce"]
    prompt = (fields | change)["prompt"].replace("\r\n", "\n")
    assert again == fields | change | {"nonce": again["nonce"], "prompt": prompt}
    assert web.post("/tasks/new/", again)["Location"] != earlier
    assert (extensions(), submits(sandbox)) == (2, 2)


def test_the_nonce_of_one_member_is_nothing_to_another(web, browser_of, stranger, sandbox, fields):
    mine = web.post("/tasks/new/", fields)["Location"]
    theirs = browser_of(stranger).post("/tasks/new/", fields)["Location"]
    assert mine != theirs
    assert submits(sandbox) == 2


def test_a_member_without_videos_is_asked_for_an_id(web):
    response = web.get("/tasks/new/")
    assert b"Which video do you want to extend?" in response.content
    assert form_of(response)["parent_task_id"] == ""
    assert b"Choose a clip" not in response.content


def test_the_members_own_videos_are_offered_and_nobody_elses(web, member, stranger):
    mine, theirs = make_task(member), make_task(stranger, prompt="their secret")
    make_task(member, State.FAILED, prompt="nothing to continue")
    page = web.get("/tasks/new/").content.decode()
    assert page.index(f"/tasks/new/?parent={mine.pk}") < page.index('name="parent_task_id"'), "ones own come first"
    assert str(theirs.pk) not in page
    assert "their secret" not in page
    assert "nothing to continue" not in page


def offered(page: str) -> list[str]:
    """Where the links to one's own videos lead."""
    return [html.unescape(link) for link in re.findall(r'<a class="source" href="([^"]*)"', page)]


def test_what_is_picked_is_offered_first_with_its_clip_and_twelve_in_all(web, member):
    old = [make_task(member, picks=(3,)), make_task(member, picks=(2, 4))]
    recent = [make_task(member) for _ in range(11)]
    page = web.get("/tasks/new/").content.decode()
    assert offered(page) == [
        f"/tasks/new/?parent={old[1].pk}&index=2",
        f"/tasks/new/?parent={old[0].pk}&index=3",
        *(f"/tasks/new/?parent={task.pk}" for task in recent[:0:-1]),
    ]
    assert re.findall(r'<video src="https://clips.example/(\d)', page) == ["2", "3", *"1" * 10]
    assert page.count("★") == 2
    assert ", clip 3, picked" in page


def test_many_picked_leave_no_room_for_others_and_none_is_offered_twice(web, member):
    picked = [make_task(member, picks=(1,)) for _ in range(14)]
    make_task(member)
    assert offered(web.get("/tasks/new/").content.decode()) == [
        f"/tasks/new/?parent={task.pk}&index=1" for task in picked[:1:-1]
    ]


@pytest.mark.parametrize(("picks", "asked", "index"), [((), "", "1"), ((3, 4), "", "3"), ((3, 4), "2", "2")])
def test_a_parent_without_an_index_starts_with_its_first_picked_clip(web, member, picks, asked, index):
    parent = make_task(member, picks=picks)
    response = web.get("/tasks/new/", {"parent": parent.pk, "index": asked})
    assert form_of(response)["index"] == index
    assert response.content.decode().count("★") == (2 if picks else 0)


def test_it_says_what_this_extension_would_become_and_warns_near_the_end(web, member):
    task = make_task(member, kind=Task.Kind.ORIGINAL, index=None)
    for number, seconds in enumerate((9, 13, 17, 21, 25), 1):
        page = " ".join(web.get(f"/tasks/new/?parent={task.pk}").content.decode().split())
        so_far = f" of about 4, {seconds} of about 21 s" if number < 5 else ", about 25 s in all"
        assert f"This will be extension {number}{so_far}." in page
        assert ("Midjourney extends a video 4 times at most" in page) == (number == 5)
        assert "data-submit" in page
        task = make_task(member, parent=task, index=1)
    assert "This will be step" not in web.get("/tasks/new/").content.decode()
    again = web.get(f"/tasks/new/?again={task.pk}").content.decode()
    assert "This will be extension 5, about" in again


def test_looking_up_shows_the_clips_to_choose_from_and_keeps_what_was_typed(web, sandbox):
    task_id = sandbox.start_video()
    response = look_up(web, f" {task_id} ", **TYPED)
    original = Task.objects.get()
    assert (original.kind, original.remote_id, original.state) == ("original", task_id, "finished")
    page = response.content.decode()
    assert page.count('name="index"') == 4
    assert all(clip.source_url in page for clip in original.clips)
    fields = form_of(response)
    assert {name: fields[name] for name in ("prompt", "motion", "image_url")} == {
        name: TYPED[name] for name in ("prompt", "motion", "image_url")
    }
    assert fields["parent_task_id"] == task_id
    assert submits(sandbox) == 0
    assert web.post("/tasks/new/", fields).status_code == 302


def test_looking_up_keeps_the_clip_that_was_chosen_where_it_is_there(web, sandbox):
    assert form_of(look_up(web, sandbox.start_video(), index="3"))["index"] == "3"
    assert form_of(look_up(web, sandbox.start_video("[clips-1] a kite"), index="3"))["index"] == "1"


def test_looking_up_twice_makes_one_original(web, sandbox, stranger, browser_of):
    task_id = sandbox.start_video()
    first = look_up(web, task_id)
    asked = len(sandbox.ledger()["requests"])
    second = look_up(web, task_id)
    assert Task.objects.count() == 1
    assert len(sandbox.ledger()["requests"]) == asked
    assert form_of(first)["parent_task_id"] == form_of(second)["parent_task_id"] == task_id
    look_up(browser_of(stranger), task_id)
    assert Task.objects.count() == 2


def test_looking_up_an_extension_of_ones_own_makes_no_second_row(web, submit, sandbox):
    task = submit()
    sandbox.finished(task.remote_id)
    response = look_up(web, task.remote_id)
    assert form_of(response)["parent_task_id"] == task.remote_id
    assert Task.objects.filter(remote_id=task.remote_id).count() == 1


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("[seconds-30] a kite", "still rendering"),
        ("[stuck] a kite", "still rendering"),
        ("[fail] a kite", "failed at APIFRAME"),
        ("[clips-0] a kite", "cannot be read yet"),
    ],
)
def test_a_video_that_cannot_be_continued_is_said_in_words_and_nothing_is_lost(web, sandbox, prompt, says):
    task_id = start(sandbox, prompt)
    if "fail" in prompt or "clips" in prompt:
        sandbox.finished(task_id)
    response = look_up(web, task_id, **TYPED)
    assert response.status_code == 200
    assert says in response.content.decode()
    fields = form_of(response)
    assert fields == TYPED | {"parent_task_id": task_id, "nonce": fields["nonce"]}
    assert not Task.objects.exists()


def test_the_reason_of_a_failed_video_is_told(web, sandbox):
    task_id = start(sandbox, "[fail] a kite")
    reason = sandbox.finished(task_id)["message"]
    assert reason in html.unescape(look_up(web, task_id).content.decode())


@pytest.mark.parametrize("task_id", ["", "  ", "x" * 256, "<script>\0alert(1)</script>"])
def test_looking_up_what_is_no_id_asks_nobody(web, sandbox, task_id):
    response = look_up(web, task_id, **TYPED)
    assert b'role="alert"' in response.content
    assert b"APIFRAME task id" in response.content
    fields = form_of(response)
    assert fields == TYPED | {"parent_task_id": task_id, "nonce": fields["nonce"]}
    assert sandbox.ledger()["requests"] == []


def test_an_unknown_id_is_said_in_words(web, sandbox):
    task_id = str(uuid.uuid4())
    response = look_up(web, task_id, **TYPED)
    assert b". Check the id" in response.content
    fields = form_of(response)
    assert fields == TYPED | {"parent_task_id": task_id, "nonce": fields["nonce"]}
    assert not Task.objects.exists()


def test_pictures_made_elsewhere_are_looked_up_and_can_be_brought_to_life(web, sandbox):
    task_id = sandbox.post("/imagine", {"prompt": "a kite"}).json()["task_id"]
    address = look_up(web, task_id)["Location"]
    assert look_up(web, task_id)["Location"] == address
    task = Task.objects.get()
    assert (task.kind, task.remote_id, len(task.clips), address) == ("pictures", task_id, 4, f"/tasks/{task.pk}/")
    page = web.get(address).content.decode()
    assert f"Pictures {task_id[:8]}" in page
    assert "Looked up" in page
    assert "took" not in page
    assert f"/new/?picture={task.pk}&amp;index=4" in page
    with pytest.raises(IntegrityError):
        Task.objects.create(owner=task.owner, kind=task.kind, remote_id=task_id)


def test_an_apiframe_that_is_down_is_said_in_words(web, sandbox, settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.APIFRAME_BASE_URL = f"http://127.0.0.1:{closed.getsockname()[1]}"
        response = look_up(web, str(uuid.uuid4()), **TYPED)
    assert response.status_code == 200
    assert b"APIFRAME could not be reached" in response.content
    fields = form_of(response)
    assert fields == TYPED | {"parent_task_id": fields["parent_task_id"], "nonce": fields["nonce"]}


@pytest.mark.parametrize(
    "fault", ["fetch-401", "fetch-429", "fetch-500", "fetch-html", "fetch-empty", "fetch-hang-up"]
)
def test_an_apiframe_that_answers_badly_is_said_in_words(web, sandbox, fault):
    sandbox.options(misbehave=[fault])
    response = look_up(web, str(uuid.uuid4()), **TYPED)
    assert response.status_code == 200
    assert b'role="alert">' in response.content
    assert b"APIFRAME" in response.content.split(b'role="alert">')[-1].split(b"</p>")[0]
    assert form_of(response)["prompt"] == TYPED["prompt"]


@pytest.mark.parametrize(
    "head", ["HTTP/1.0 200 OK\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1000\r\n"]
)
def test_an_apiframe_that_drips_its_answer_is_cut_at_the_deadline(web, settings, shorten, head):
    shorten("extender.apiframe.client.FETCH_SECONDS", 0.5)
    fields = form_of(web.get("/tasks/new/")) | {"parent_task_id": str(uuid.uuid4())}
    left = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            try:
                connection.sendall(head.encode() + b"\r\n")
                # For half a minute, should nobody leave.
                for _ in range(600):
                    connection.sendall(b" ")
                    time.sleep(0.05)
            except OSError:
                left.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.APIFRAME_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=drip, args=[server], daemon=True).start()
        response = web.post("/tasks/look-up/", fields)
    assert b'role="alert">' in response.content
    assert left.wait(20)


def test_queries_stay_the_same_with_more_tasks(web, member, original):
    again = make_task(member, State.FAILED, parent=original, index=2)
    addresses = ["/tasks/new/", f"/tasks/new/?parent={original.pk}", f"/tasks/new/?again={again.pk}"]
    make_task(member)
    few = [queries(lambda address=address: web.get(address)) for address in addresses]
    for _ in range(10):
        make_task(member, parent=original)
        make_task(member, State.PROCESSING, parent=original, due_at=None)
        make_task(member, parent=original, picks=(1,))
    deep = make_task(member, parent=make_task(member, parent=make_task(member, parent=original, index=1), index=2))
    assert queries(lambda: web.get(f"/tasks/new/?parent={deep.pk}")) <= 9
    assert [queries(lambda address=address: web.get(address)) for address in addresses] == few
    assert max(few) <= 10


@pytest.mark.parametrize(
    "dash", ["\u2014", "\u2013", "\u2212", "\u2014\u2014", "-\u2013", "\uff0d\uff0d", "\u05be", "\u200e\u2500"]
)
def test_a_parameter_behind_another_dash_is_mended_and_told(submit, web, dash):
    # What is words stays as it was written.
    words, asked = (
        "salt\u2014raw air, a gull \u2014 it glides",
        ("motion high", "raw", "loop", "end https://a.example/", "bs 4"),
    )
    task = submit(" ".join([words, *(dash + each for each in asked)]), motion="high")
    assert task.prompt.replace("\u200e", "") == " ".join([words, *("--" + each for each in asked)])
    assert "dashes before its parameters were mended" in web.get(f"/tasks/{task.pk}/events/").content.decode()


@pytest.mark.parametrize(
    ("prompt", "written", "chosen", "label"),
    [
        ("snow \u2014motion HIGH", "high", "low", "calm"),
        ("--motion low --motion high", "high", "low", "calm"),
        ("snow \u2014Motion High", "high", "low", "calm"),
        ("snow --motion=high", "high", "low", "calm"),
        ("\u200b--motion\u00a0high", "high", "low", "calm"),
        ("snow --motion low", "low", "high", "lively"),
    ],
)
def test_words_that_contradict_the_chosen_motion_are_asked_about_before_paying(
    web, original, sandbox, prompt, written, chosen, label
):
    fields = form_of(web.get(f"/tasks/new/?parent={original.pk}")) | {"prompt": prompt, "motion": chosen}
    page = web.post("/tasks/new/", fields)
    assert message(page, "motion") == f"The prompt says --motion {written}, but {label} is chosen. Make them agree."
    assert submits(sandbox) == 0
    assert web.post("/tasks/new/", form_of(page) | {"motion": written}).status_code == 302
    assert submits(sandbox) == 1


@pytest.mark.parametrize(("prompt", "count"), [("--bs 3", 4), ("snow --bs 2 --bs 1", 1), ("snow \u2014BS 2", 2)])
def test_a_wall_waits_for_as_many_clips_as_were_asked_for(submit, web, prompt, count):
    page = web.get(f"/tasks/{submit(f'{prompt} [stuck]').pk}/").content.decode()
    assert f'data-count="{count}"' in page
    assert page.count('<progress class="fill"') == count
    # The keys that look at one of them alone.
    assert page.count('data-do="number"') == (count if count > 1 else 0)
