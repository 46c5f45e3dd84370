"""One row is one paid request, whatever happens between the click and the answer."""

import json
import re
import socket
import uuid
from contextlib import ExitStack
from functools import partial

import pytest
from django.db import DatabaseError, connection

from extender.operations.worker import send_next
from extender.states import State
from extender.tasks.models import Event, Gate, Task
from extender.tasks.sending import give_up_abandoned, send
from extender.tasks.slots import APIFRAME
from extender.team.models import Member
from project.threads import APIFRAME_SLOTS
from tests.helpers import URLS, age, at_once, become_due, form_of, lie_at, make_task, reached_again
from tests.tasks.ledger import bills, submits

ID = "29f1a0c4-8f6e-4d55-9c02-6d2f9a4b7e13"


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_submit_is_sent_once_with_what_was_typed(submit, sandbox, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    task = submit("and then it snows\nquietly", motion="high")
    assert task.state == State.PENDING
    assert task.remote_id
    ledger = sandbox.ledger()
    sent = ledger["requests"][-1]
    assert (sent["path"], sent["status"], sent["task_id"]) == ("/imagine-video-extend", 200, task.remote_id)
    assert (sent["parent_task_id"], sent["nonce"]) == (task.parent_task_id, task.webhook_nonce)
    assert bills(sandbox) == 1


@pytest.mark.parametrize("fault", ["400", "404"])
def test_a_refusal_is_a_failure_in_their_words(submit, sandbox, fault):
    task = submit(f"[{fault}] snow")
    assert task.state == State.FAILED
    assert task.reason
    assert bills(sandbox) == 0


@pytest.mark.parametrize(
    "fault", ["500", "500-billed", "html", "html-502", "empty", "no-task-id", "hang-up", "hang-up-billed", "huge"]
)
def test_an_unusable_answer_is_unconfirmed_and_never_sent_again(submit, sandbox, fault):
    task = submit(f"[{fault}] snow")
    assert task.state == State.UNCONFIRMED
    assert task.reason
    become_due(task)
    assert not send_next()
    send(task)
    assert submits(sandbox) == 2  # the original's, and this


def test_of_an_answer_that_breaks_off_or_never_ends_the_beginning_is_kept(submit, sandbox):
    sandbox.dictate("/imagine-video-extend", b'{"id": "task_01KV52", "prompt": "sn', cut=True)
    broken, endless = submit(), submit("[huge] snow")
    assert {broken.state, endless.state} == {State.UNCONFIRMED}
    assert broken.events.last().body == 'HTTP 200 {"id": "task_01KV52", "prompt": "sn'
    assert endless.events.last().body.startswith("HTTP 200 {")


def test_an_answer_whose_end_alone_is_missing_is_read(submit, sandbox):
    sandbox.dictate("/imagine-video-extend", b'{"task_id": "r1"}', cut=True)
    assert submit().remote_id == "r1"


@pytest.mark.parametrize("fault", ["stall", "drip"])
def test_an_answer_that_does_not_come_in_time_is_unconfirmed(submit, shorten, fault):
    shorten("extender.apiframe.client.SUBMIT_SECONDS", 0.5)
    assert submit(f"[{fault}] snow").state == State.UNCONFIRMED


def test_an_unreachable_apiframe_that_comes_back_gets_the_task(submit, sandbox, settings):
    settings.APIFRAME_BASE_URL = closed_port()
    task = submit()
    settings.APIFRAME_BASE_URL = sandbox.url
    reached_again(task)
    assert send_next()
    task.refresh_from_db()
    assert (task.state, task.reason) == (State.PENDING, "")
    assert bills(sandbox) == 1


def test_what_the_account_held_tells_whether_an_unconfirmed_task_was_billed(web, submit):
    billed, unbilled = submit("[500-billed] snow"), submit("[500] snow")
    assert billed.credits_after < billed.credits_before
    assert unbilled.credits_after == unbilled.credits_before
    assert b"it was probably billed" in web.get(f"/tasks/{billed.pk}/").content
    assert b"it was probably not billed" in web.get(f"/tasks/{unbilled.pk}/").content


def test_the_record_says_what_happened_and_keeps_bodies_for_staff(web, submit, member):
    task = submit("[400] snow")
    assert list(task.events.values_list("source", "changed")) == [
        ("member", False),
        ("send", False),
        ("answer", True),
    ]
    assert task.events.last().body.startswith("HTTP 400 {")
    assert b"Raw message" not in web.get(f"/tasks/{task.pk}/events/").content
    member.is_staff = True
    member.save()
    assert b"Raw message" in web.get(f"/tasks/{task.pk}/events/").content


def test_a_bad_key_lets_the_task_wait_without_counting_as_a_failure(submit, sandbox, settings):
    settings.APIFRAME_API_KEY = "wrong"
    task = submit()
    assert task.state == State.QUEUED
    assert "API key" in task.reason
    assert not send_next(), "it must wait"


def test_too_many_requests_are_waited_out(submit, sandbox):
    task = submit("[429] snow")
    assert task.state == State.QUEUED
    assert (task.due_at - task.changed_at).total_seconds() == pytest.approx(2, abs=0.1)
    assert bills(sandbox) == 0


def test_the_same_form_posted_twice_is_one_task(web, original, sandbox):
    fields = form_of(web.get(f"/tasks/new/?parent={original.pk}&index=2")) | {"prompt": "snow"}
    first, second = web.post("/tasks/new/", fields), web.post("/tasks/new/", fields)
    assert first["Location"] == second["Location"]
    assert bills(sandbox) == 1


def test_the_old_form_with_other_words_is_asked_about(web, original, sandbox):
    fields = form_of(web.get(f"/tasks/new/?parent={original.pk}&index=2")) | {"prompt": "snow"}
    web.post("/tasks/new/", fields)
    response = web.post("/tasks/new/", fields | {"prompt": "rain"})
    assert response.status_code == 200
    assert "You already sent this form" in response.content.decode()
    assert bills(sandbox) == 1
    again = form_of(response)
    assert again["prompt"] == "rain"
    assert web.post("/tasks/new/", again).status_code == 302
    assert bills(sandbox) == 2


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_eight_parallel_posts_of_one_form_are_one_request(browser_of, member, original, sandbox):
    web = browser_of(member)
    fields = form_of(web.get(f"/tasks/new/?parent={original.pk}&index=2")) | {"prompt": "snow"}
    browsers = [browser_of(member) for _ in range(8)]
    answers = at_once(*[partial(browser.post, "/tasks/new/", fields) for browser in browsers])
    assert len({answer["Location"] for answer in answers}) == 1
    assert Task.objects.filter(kind=Task.Kind.EXTENSION).count() == 1
    assert bills(sandbox) == submits(sandbox) - 1 == 1


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_many_senders_send_a_row_once(submit, sandbox, settings):
    settings.APIFRAME_BASE_URL = closed_port()
    task = submit()
    settings.APIFRAME_BASE_URL = sandbox.url
    reached_again(task)
    at_once(*[partial(send, task)] * 8)
    assert bills(sandbox) == submits(sandbox) - 1 == 1


@pytest.mark.races
def test_what_waits_of_somebody_who_left_is_sent_once_they_are_back(submit, member, staff, sandbox, settings):
    settings.APIFRAME_BASE_URL = closed_port()
    task = submit()
    settings.APIFRAME_BASE_URL = sandbox.url
    reached_again(task)
    Member.objects.filter(pk=member.pk).update(is_active=False)
    assert not send_next()
    send(task)
    assert (submits(sandbox), bills(sandbox)) == (1, 0)
    assert "mira (deactivated)" in staff.get("/team/").content.decode()
    Member.objects.filter(pk=member.pk).update(is_active=True)
    assert send_next()
    assert bills(sandbox) == 1


def test_who_leaves_while_it_is_prepared_spends_nothing_either(submit, member, sandbox, settings):
    settings.APIFRAME_BASE_URL = closed_port()
    task = submit()
    settings.APIFRAME_BASE_URL = sandbox.url
    reached_again(task)

    def leave(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "sending to APIFRAME" in (params or ()):
            Member.objects.filter(pk=member.pk).update(is_active=False)
        return result

    # The last that is written before it leaves.
    with connection.execute_wrapper(leave):
        assert send_next()
    age(task)
    assert (task.state, bills(sandbox)) == (State.QUEUED, 0)


def test_a_send_that_died_is_unconfirmed_and_a_late_answer_still_counts(submit, settings):
    settings.APIFRAME_BASE_URL = closed_port()
    task = submit()
    age(task, state=State.SENDING)
    give_up_abandoned()
    task.refresh_from_db()
    assert task.state == State.SENDING, "its time is not over"
    become_due(task)
    give_up_abandoned()
    task.refresh_from_db()
    assert task.state == State.UNCONFIRMED
    assert task.events.filter(source=Event.Source.SWEEP, changed=True).count() == 1
    assert not send_next()


def test_a_stalling_apiframe_leaves_the_rest_to_the_worker(submit, sandbox):
    with ExitStack() as held:
        for _ in range(APIFRAME_SLOTS):
            held.enter_context(APIFRAME.slot())
        task = submit()
        assert task.state == State.QUEUED
        assert bills(sandbox) == 0
    assert send_next()
    task.refresh_from_db()
    assert task.state == State.PENDING


def test_a_send_that_slept_past_its_claim_does_not_send(submit, sandbox, settings, monkeypatch):
    settings.APIFRAME_BASE_URL = closed_port()
    task = submit()
    settings.APIFRAME_BASE_URL = sandbox.url
    reached_again(task)
    renew = Task.objects.__class__.renew_claim

    def sleepy(manager, pk, attempt):
        become_due(task)
        give_up_abandoned()
        return renew(manager, pk, attempt)

    # Between two statements of one send nobody else can step in.
    monkeypatch.setattr(Task.objects.__class__, "renew_claim", sleepy)
    before = submits(sandbox)
    send(task)
    task.refresh_from_db()
    assert task.state == State.UNCONFIRMED
    assert submits(sandbox) == before


@pytest.mark.django_db(transaction=True)
def test_an_accepted_task_outlives_a_database_that_is_away_for_a_moment(submit, shorten):
    refused = []

    def starting_up(execute, sql, *more):
        keeps_the_id = "UPDATE" in sql and '"remote_id" =' in sql.partition(" WHERE ")[0]
        if keeps_the_id and len(refused) < 2:
            refused.append(sql)
            raise DatabaseError("the database system is starting up")
        return execute(sql, *more)

    shorten("extender.tasks.sending.PAUSES", (0, 0, 0))
    with connection.execute_wrapper(starting_up):
        task = submit()
    assert (task.state, len(refused)) == (State.PENDING, 2)


def test_an_unconfirmed_task_goes_on_under_the_id_that_its_owner_found(web, submit, sandbox):
    task = submit("[500-billed] [seconds-0.3] snow")
    assert task.state == State.UNCONFIRMED
    remote_id = sandbox.ledger()["bills"][-1]["task_id"]
    answer = web.post(f"/tasks/{task.pk}/adopt/", {"task_id": "x" * 256})
    assert b"not an APIFRAME task id" in answer.content
    assert web.post(f"/tasks/{task.pk}/adopt/", {"task_id": remote_id}).status_code == 302
    task.refresh_from_db()
    assert task.remote_id == remote_id
    assert task.state in (State.PENDING, State.PROCESSING, State.FINISHED)
    assert submits(sandbox) == 2


def test_an_id_of_another_task_is_not_taken_over(web, submit, original):
    task = submit("[500] snow")
    answer = web.post(f"/tasks/{task.pk}/adopt/", {"task_id": original.remote_id})
    assert b"belongs to another task" in answer.content
    task.refresh_from_db()
    assert task.state == State.UNCONFIRMED


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING])
def test_what_is_to_be_answered_takes_no_other_id_before(web, member, sandbox, state):
    task = make_task(member, state)
    web.post(f"/tasks/{task.pk}/adopt/", {"task_id": sandbox.start_video("a kite [seconds-0]")})
    age(task)
    assert (task.state, task.remote_id) == (state, "")


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_of_several_who_say_at_once_that_it_is_theirs_one_gets_it(browser_of, member, stranger, sandbox):
    remote_id = sandbox.start_video("a kite")
    owners = (member, member, stranger)
    tasks = [make_task(owner, State.UNCONFIRMED, form_nonce=uuid.uuid4()) for owner in owners]
    browsers = [browser_of(task.owner) for task in tasks]
    answers = at_once(
        *[
            partial(browser.post, f"/tasks/{task.pk}/adopt/", {"task_id": remote_id})
            for browser, task in zip(browsers, tasks, strict=True)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 302]
    assert all(b"belongs to another task" in answer.content for answer in answers if answer.status_code == 200)
    assert Task.objects.filter(remote_id=remote_id).count() == 1


def test_an_answer_with_the_id_of_another_task_is_unconfirmed(submit, sandbox):
    first = submit("[seconds-0] snow")
    sandbox.dictate("/imagine-video-extend", json.dumps({"task_id": first.remote_id}).encode())
    second = submit("rain")
    assert (second.state, second.remote_id) == (State.UNCONFIRMED, "")
    assert second.reason == "APIFRAME answered with another task’s id."


def test_only_the_owner_adopts(browser_of, stranger, submit):
    task = submit("[500] snow")
    assert browser_of(stranger).post(f"/tasks/{task.pk}/adopt/", {"task_id": "x"}).status_code == 404


@pytest.mark.parametrize("word", ["id-number", "id-renamed", "id-ulid", "id-long", "gzip"])
def test_the_id_is_found_however_it_comes(web, submit, sandbox, word):
    sandbox.options(misbehave=[word])
    task = submit("[seconds-0] snow")
    assert (task.state, task.remote_id) == (State.PENDING, sandbox.ledger()["bills"][-1]["task_id"])
    become_due(task)
    web.get(f"/tasks/{task.pk}/status/")
    age(task)
    assert task.state == State.FINISHED, "the id went back byte for byte"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"status": "success", "task_id": ID}),
        json.dumps([{"data": {"result": {"taskId": ID}}, "error": None}]),
        json.dumps({"task_id": [{"id": ID}]}),
        json.dumps(ID),
        f"{ID}\n",
    ],
)
def test_an_accepted_task_is_known_however_that_is_said(submit, sandbox, body):
    sandbox.dictate("/imagine-video-extend", body.encode())
    task = submit()
    assert (task.state, task.remote_id, task.percentage, task.reason) == (State.PENDING, ID, 0, "")


@pytest.mark.parametrize(
    "body", ["1234567890123456", '"job-77/x1"', "id=1234567890123456", '{"job": {"id": ["job:77 x"]}}']
)
def test_what_may_be_an_id_is_offered_to_the_owner(web, submit, sandbox, body):
    sandbox.dictate("/imagine-video-extend", body.encode())
    task = submit()
    assert task.state == State.UNCONFIRMED
    assert re.search(
        r'name="task_id"[^>]* value="(1234567890123456|job-77/x1|job:77 x)"',
        web.get(f"/tasks/{task.pk}/").content.decode(),
    )


@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_an_error_that_names_a_task_is_not_certain_and_its_id_is_offered(web, submit, sandbox, status):
    said = {"data": {"task_id": "task_01KV52"}, "message": "Something went wrong"}
    sandbox.dictate("/imagine-video-extend", json.dumps(said).encode(), status=status)
    task = submit()
    assert task.state == State.UNCONFIRMED
    assert 'value="task_01KV52"' in web.get(f"/tasks/{task.pk}/").content.decode()


def test_the_parents_id_is_not_taken_for_the_new_one(submit, original, sandbox):
    sandbox.dictate("/imagine-video-extend", json.dumps({"task": {"task_id": original.remote_id}}).encode())
    assert submit().state == State.UNCONFIRMED


@pytest.mark.parametrize(
    ("word", "reason"), [("errors-200", "The prompt was refused"), ("403", "This prompt is against the rules")]
)
def test_a_refusal_in_words_is_of_the_one_request_whatever_its_status(submit, sandbox, word, reason):
    task = submit(f"[{word}] snow")
    assert (task.state, task.reason) == (State.FAILED, reason)
    assert not Gate.objects.closed().exists()
    assert bills(sandbox) == 0


@pytest.mark.parametrize("word", ["html", "id-elsewhere"])
def test_what_cannot_be_read_is_kept_for_staff(submit, word):
    task = submit(f"[{word}] snow")
    assert task.state == State.UNCONFIRMED
    kept = task.events.filter(source=Event.Source.SILENCE).last().body
    assert ("One moment, please" if word == "html" else '"id": "') in kept


def test_an_id_that_is_not_certain_is_offered_to_the_owner(web, submit, sandbox):
    task = submit("[id-elsewhere] snow")
    remote_id = sandbox.ledger()["bills"][-1]["task_id"]
    # A webhook that is refused is in the record too, and is not who says it.
    forged = {"id": str(uuid.uuid4())}
    web.post(f"/webhooks/apiframe/{task.webhook_nonce}/", forged, content_type="application/json")
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert "It may be running under the id" in page
    assert f'value="{remote_id}"' in page
    web.post(f"/tasks/{task.pk}/adopt/", {"task_id": remote_id})
    age(task)
    assert (task.state != State.UNCONFIRMED, task.remote_id) == (True, remote_id)


def test_an_id_that_is_no_uuid_is_looked_up_and_continued(web, sandbox):
    body = {"prompt": "a kite [id-ulid] [seconds-0]", "image_url": "https://pictures.example/1.png"}
    remote_id = sandbox.post("/imagine-video", body).json()["task_id"]
    assert remote_id.startswith("task_")
    page = web.post("/tasks/look-up/", {"parent_task_id": f" {remote_id}\n"})
    fields = form_of(page) | {"prompt": "snow", "nonce": str(uuid.uuid4()), "motion": "low"}
    assert fields["parent_task_id"] == remote_id
    assert web.post("/tasks/new/", fields).status_code == 302
    assert bills(sandbox) == 1


def test_apiframe_may_lie_under_a_path(submit, sandbox, settings):
    settings.APIFRAME_BASE_URL = f"{sandbox.url}/gateway"
    assert submit().state == State.QUEUED
    assert sandbox.ledger()["requests"][-1]["path"] == "/gateway/imagine-video-extend"
    assert "/gateway/imagine-video-extend" in Gate.objects.get().said


@pytest.mark.parametrize("odd", [" job:№ 1/2\u3000", "a\tb", "'; DROP--", "é" * 255])
def test_an_id_goes_back_byte_for_byte_whatever_its_characters(web, submit, sandbox, odd):
    sandbox.dictate("/imagine-video-extend", json.dumps({"task_id": odd}).encode())
    task = submit()
    become_due(task)
    web.get(f"/tasks/{task.pk}/status/")
    assert sandbox.ledger()["requests"][-1]["task_id"] == task.remote_id == odd
    age(task, state=State.FINISHED, ended_at=task.sent_at)
    lie_at(task, URLS)
    extension = form_of(web.get(f"/tasks/new/?parent={task.pk}&index=2")) | {"prompt": "and on"}
    web.post("/tasks/new/", extension)
    assert Task.objects.get(prompt="and on").parent == task
    assert sandbox.ledger()["requests"][-1]["parent_task_id"] == odd
