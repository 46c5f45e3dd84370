"""The breaker in front of every send: shared by all processes, closed by 401 and 429, opened by itself."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from extender.apiframe import BadKey, Busy, Unknown
from extender.apiframe.statuses import UNEXPLAINED
from extender.operations.worker import follow, send_next
from extender.states import State
from extender.tasks import gate, sending
from extender.tasks.models import Gate, Task
from tests.helpers import age, at_once, become_due, form_of, make_task, reached_again
from tests.tasks.ledger import bills, submits

BURST = 10
MOVED = "APIFRAME has moved to https://api.moved.example"
NOTHING_AT = "APIFRAME has nothing at http://127.0.0.1:"
SHUT = "front door refuses this server"


def calls(sandbox) -> int:
    return sandbox.ledger()["totals"]["requests"]


def let_time_pass() -> None:
    Gate.objects.update(closed_until="2020-01-01T00:00:00Z")


def let_a_row_be_tried() -> None:
    assert Gate.objects.standing().update(trial_at="2020-01-01T00:00:00Z")


def until_the_next_trial() -> float:
    """Minutes, by this machine's clock, which is the database's in tests."""
    return (Gate.objects.get().trial_at - timezone.now()).total_seconds() / 60


def test_after_a_bad_key_nothing_is_sent_until_the_key_works_again(web, submit, sandbox, settings):
    settings.APIFRAME_API_KEY = "wrong"
    first, second = submit(), submit("another")
    assert {first.state, second.state} == {State.QUEUED}
    before = calls(sandbox)
    for task in (first, second):
        become_due(task)
    assert not send_next()
    follow()
    assert calls(sandbox) == before, "nothing at all is asked while the key is not due to be tried"
    let_time_pass()
    follow()
    assert calls(sandbox) == before + 1, "the key is tried once"
    assert not send_next()

    settings.APIFRAME_API_KEY = sandbox.key
    let_time_pass()
    follow()
    assert send_next()
    assert send_next()
    assert bills(sandbox) == 2


def test_without_a_worker_an_open_page_tries_the_key(web, submit, sandbox, settings):
    settings.APIFRAME_API_KEY = "wrong"
    task = submit()
    settings.APIFRAME_API_KEY = sandbox.key
    let_time_pass()
    become_due(task)
    web.get(f"/tasks/{task.pk}/status/")
    assert b'data-state="pending"' in web.get(f"/tasks/{task.pk}/status/").content


def test_members_are_told_that_nothing_is_sent(web, submit, settings):
    assert b"does not accept" not in web.get("/tasks/").content
    settings.APIFRAME_API_KEY = "wrong"
    submit()
    assert "does not accept this installation’s API key" in web.get("/tasks/").content.decode()


def test_a_burst_waits_for_what_one_task_was_told(web, original, sandbox):
    page = f"/tasks/new/?parent={original.pk}&index=2"
    before = submits(sandbox)
    web.post("/tasks/new/", form_of(web.get(page)) | {"prompt": "[429] snow"})
    told = Task.objects.get(prompt="[429] snow")
    # A slow machine takes longer for the others than the two seconds that APIFRAME asked for.
    assert Gate.objects.closed().update(closed_until="2100-01-01T00:00:00Z")
    for number in range(BURST):
        web.post("/tasks/new/", form_of(web.get(page)) | {"prompt": f"take {number}"})
    assert not send_next()
    assert submits(sandbox) == before + 1, "the others must not each be told the same"
    let_time_pass()
    # It would be told the same again, which closes the gate for two more seconds.
    age(told, due_at="2100-01-01T00:00:00Z")
    while send_next():
        pass
    assert bills(sandbox) == BURST


def test_too_many_requests_do_not_open_a_gate_that_a_bad_key_closed(db):
    gate.close_for(BadKey("no"))
    gate.close_for(Busy("later"))
    assert Gate.objects.standing().exists()


@pytest.mark.races
def test_nor_where_the_bad_key_was_noticed_a_moment_before(db):
    gate.close_for(Busy("later"))
    told = []

    def first_a_401(execute, sql, *rest):
        if sql.startswith("UPDATE") and not told:
            told.append(401)
            gate.close_for(BadKey("no"))
        return execute(sql, *rest)

    with connection.execute_wrapper(first_a_401):
        gate.close_for(Busy("later"))
    assert told
    assert Gate.objects.standing().exists()


@pytest.mark.parametrize(
    ("said", "minutes"),
    [(None, 5), ("soon", 1 / 6), ("Mon, 01 Jan 99999999999 00:00:00 GMT", 1 / 6), ("9999", 10)],
)
def test_it_waits_as_long_as_it_is_told_in_seconds_or_by_a_date(submit, sandbox, said, minutes):
    in_five_minutes = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    headers = {"Retry-After": said or in_five_minutes}
    sandbox.dictate("/imagine-video-extend", b"{}", status=429, headers=headers)
    task = submit()
    # A slow machine answers later than it was told to.
    assert minutes - 1 < (task.due_at - task.changed_at).total_seconds() / 60 <= minutes


@pytest.mark.races
@pytest.mark.parametrize("shorter", [None, timedelta(seconds=1)])
def test_a_wait_that_was_told_is_never_shortened(db, shorter):
    gate.close_for(Busy("later", timedelta(hours=1)))
    told = Gate.objects.get().closed_until
    gate.close_for(Busy("later", shorter))
    assert Gate.objects.get().closed_until == told
    gate.close_for(Busy("much later", timedelta(hours=2)))
    assert Gate.objects.get().closed_until > told + timedelta(minutes=59)


@pytest.mark.races
def test_the_first_429_closes_a_gate_that_was_never_closed(db):
    for _ in range(2):
        gate.close_for(Busy("later"))
        assert Gate.objects.closed().exists()
        Gate.objects.update(cause=Gate.Cause.NONE, closed_until=None)


def test_a_bad_key_is_noticed_by_asking_too(submit, settings, sandbox):
    task = submit("[stuck] snow")
    settings.APIFRAME_API_KEY = "wrong"
    become_due(task)
    follow()
    assert Gate.objects.standing().exists()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_due_is_tried_by_one_process_alone(sandbox):
    gate.close_for(BadKey("no"))
    let_time_pass()
    at_once(*[gate.probe] * 6)
    assert calls(sandbox) == 1
    assert not Gate.objects.closed().exists()


def test_a_closed_gate_stops_a_send_that_was_about_to_begin(submit, sandbox, settings):
    settings.APIFRAME_BASE_URL = "http://127.0.0.1:9"
    task = submit()
    settings.APIFRAME_BASE_URL = sandbox.url
    reached_again(task)
    gate.close_for(BadKey("no"))
    assert not type(task).objects.claim_to_send(task.pk)
    age(task)
    assert task.state == State.QUEUED


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("door-1010", "front door refuses this server (HTTP 403 error code: 1010)"),
        ("402", "The account at APIFRAME has no credits left (You do not have enough credits)"),
        *((f"moved-{status}", f"{MOVED}: set APIFRAME_BASE_URL") for status in (301, 302, 307, 308)),
    ],
)
def test_what_is_true_of_all_requests_closes_the_gate_in_words(web, staff, submit, sandbox, fault, says):
    sandbox.options(misbehave=[fault])
    task = submit()
    other = submit("another")
    assert {task.state, other.state} == {State.QUEUED}
    assert not send_next()
    assert says in web.get("/tasks/").content.decode()
    assert says in staff.get("/team/").content.decode()
    assert task.events.get(source="answer").body.startswith("HTTP ")
    sandbox.options(misbehave=[])
    let_time_pass()
    follow()
    for row in (task, other):
        become_due(row)
    while send_next():
        pass
    assert bills(sandbox) == 2
    assert "Nothing is sent for now" not in web.get("/tasks/").content.decode()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (404, "<h1>404 Not Found</h1>", NOTHING_AT),
        (404, "", "/imagine-video-extend (HTTP 404): check APIFRAME_BASE_URL"),
        (404, '{"detail": "Not Found"}', NOTHING_AT),
        (404, '{"message": "no Route matched"}', "(HTTP 404: no Route matched): check APIFRAME_BASE_URL"),
        (403, '{"message": "Not in your plan"}', f"{SHUT} (HTTP 403: Not in your plan)"),
        (403, '[{"error": "Forbidden", "status": 403}]', f"{SHUT} (HTTP 403)"),
        (400, "<h1>400 Bad Request</h1>", f"{SHUT} (HTTP 400)"),
        (413, "", f"{SHUT} (HTTP 413)"),
        (413, '{"message": "Request Entity Too Large"}', f"{SHUT} (HTTP 413)"),
        (418, "{}", f"{SHUT} (HTTP 418)"),
        (426, '{"detail": "Use HTTP/2"}', f"{SHUT} (HTTP 426: Use HTTP/2)"),
        (403, '{"errors": [{"code": 1010, "message": "Access denied"}]}', f"{SHUT} (HTTP 403: Access denied)"),
    ],
)
def test_a_refusal_that_is_not_apiframes_own_word_fails_no_row(web, submit, sandbox, status, body, says):
    sandbox.dictate("/imagine-video-extend", body.encode(), status=status)
    task = submit()
    assert task.state == State.QUEUED
    assert says in web.get("/tasks/").content.decode()
    assert task.events.get(source="answer").body == f"HTTP {status} {body}"
    let_time_pass()
    follow()
    become_due(task)
    assert send_next()
    assert bills(sandbox) == 1


@pytest.mark.parametrize(
    ("status", "body", "headers", "says"),
    [
        (200, "\ufeff<!doctype html><h1>Sign in</h1>", {}, f"{SHUT} (it shows a page, HTTP 200)"),
        (302, "", {"Location": "/login"}, "/account to /login: check APIFRAME_BASE_URL"),
        (303, "", {"Location": "/login"}, "/account to /login: check APIFRAME_BASE_URL"),
    ],
)
def test_a_page_in_the_place_of_the_account_is_noticed_before_anything_is_sent(
    web, submit, sandbox, status, body, headers, says
):
    before = submits(sandbox)
    sandbox.dictate("/account", body.encode(), status=status, headers=headers)
    assert submit().state == State.QUEUED
    assert says in web.get("/tasks/").content.decode()
    assert submits(sandbox) == before


def test_a_cause_that_only_shows_after_an_unusable_answer_holds_the_others_back(submit, sandbox):
    nothing = b64encode(b"{}").decode()
    answers = {"/account": [{"body": nothing}, {"body": nothing, "status": 402}]}
    sandbox.post("/_sandbox/answers", {**answers, "/imagine-video-extend": [{"body": nothing}]})
    assert [submit().state, submit("another").state] == [State.UNCONFIRMED, State.QUEUED]


@pytest.mark.parametrize(
    ("status", "said", "cause"),
    [
        (200, {"error": {"code": 401, "message": "Bad key"}}, "key"),
        (200, {"success": False, "statusCode": "401"}, "key"),
        (400, {"errors": [{"code": "invalid_api_key", "msg": "Bad key"}]}, "key"),
        (200, {"code": 402, "message": "No credits", "data": None}, "credits"),
        (403, {"error": "insufficient_credits"}, "credits"),
        (200, {"status": 429}, "busy"),
        (200, {"detail": "Too Many Requests"}, "busy"),
        (200, {"data": {"error": {"type": "rate_limit_exceeded"}}}, "busy"),
        (400, {"errors": [{"msg": "Invalid API key"}]}, "key"),
        (400, {"errors": [{"msg": "You do not have enough credits"}]}, "credits"),
        (400, {"errors": [{"msg": "Too many concurrent jobs"}]}, "busy"),
        (403, {"errors": [{"msg": "Your account has been suspended"}]}, "kept_out"),
    ],
)
def test_what_is_true_of_all_is_heard_in_an_envelope_too(submit, sandbox, status, said, cause):
    sandbox.dictate("/imagine-video-extend", json.dumps(said).encode(), status=status)
    task = submit()
    assert (task.state, Gate.objects.get().cause) == (State.QUEUED, cause)
    assert Gate.objects.closed().exists()
    assert task.events.get(source="answer").body == f"HTTP {status} {json.dumps(said)}"
    sandbox.dictate("/account", json.dumps(said).encode(), status=status)
    gate.try_now()
    assert Gate.objects.closed().exists()


@pytest.mark.parametrize("said", [{"error": {"code": 503, "message": "Busy"}}, {"code": 500, "errors": ["Oh"]}])
def test_an_error_of_its_own_in_an_envelope_leaves_open_what_was_done(submit, sandbox, said):
    sandbox.dictate("/imagine-video-extend", json.dumps(said).encode())
    assert submit().state == State.UNCONFIRMED


@pytest.mark.parametrize(
    ("status", "location", "says"),
    [
        (303, "https://login.example/?next=/", "moved to https://login.example: set APIFRAME_BASE_URL"),
        (307, "/v2/videos", "/imagine-video-extend to /v2/videos: check APIFRAME_BASE_URL"),
        (301, "", "/imagine-video-extend: check APIFRAME_BASE_URL"),
        (308, "https://[bad", "/imagine-video-extend: check APIFRAME_BASE_URL"),
    ],
)
def test_a_redirect_by_which_nothing_was_done_fails_no_row(web, submit, sandbox, status, location, says):
    sandbox.dictate("/imagine-video-extend", b"", status=status, headers={"Location": location} if location else {})
    assert submit().state == State.QUEUED
    assert says in web.get("/tasks/").content.decode()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, '{"errors": [{"msg": "Not your video"}]}', "Not your video"),
        (404, '{"data": {"errors": ["No such parent"]}}', "No such parent"),
        (400, '{"message": "Banned prompt"}', "Banned prompt"),
        (422, "{}", UNEXPLAINED.format(status=422)),
        (451, '{"errors": [{"msg": "Banned here"}]}', "Banned here"),
        (400, '{"errors": [{"msg": "The key sandbox may not"}]}', "The key … may not"),
        (200, '{"errors": {"prompt": ["The key sandbox may not"]}}', "The key … may not"),
        (200, '{"task_id": "a-1", "status": "failed", "message": "The key sandbox may not"}', "The key … may not"),
    ],
)
def test_apiframes_own_word_about_a_request_fails_that_row_alone(submit, sandbox, status, body, reason):
    sandbox.dictate("/imagine-video-extend", body.encode(), status=status)
    task = submit()
    assert (task.state, task.reason) == (State.FAILED, reason)
    assert not Gate.objects.closed().exists()


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("prompt", "a sign that says insufficient credits"),
        ("prompt", "A rate limit sign"),
        ("parent_task_id", "no credits"),
        ("parent_task_id", "invalid api key"),
        ("image_url", "https://pictures.example.com/rate-limit.png"),
    ],
)
def test_a_refusal_that_repeats_what_was_asked_is_about_that_row_alone(submit, sandbox, field, words):
    said = {"errors": [{"msg": f"Not to be had: {words}"}]}
    sandbox.dictate("/imagine-video-extend", json.dumps(said).encode(), status=400)
    assert submit(**{field: words.upper() if field == "prompt" else words}).state == State.FAILED
    assert not Gate.objects.closed().exists()


def test_a_request_that_is_turned_away_again_and_again_lets_the_others_pass(submit, sandbox):
    sandbox.dictate("/imagine-video-extend", *[b"<h1>403 Forbidden</h1>"] * 2, status=403)
    odd = submit("../../etc/passwd")
    other = submit("another")
    pauses = [odd.due_at - odd.changed_at]
    become_due(odd)
    let_time_pass()
    follow()
    assert send_next()
    age(odd)
    pauses.append(odd.due_at - odd.changed_at)
    assert pauses == [timedelta(seconds=3), timedelta(seconds=12)]
    let_time_pass()
    follow()
    assert send_next()
    age(other)
    assert (odd.state, other.state) == (State.QUEUED, State.PENDING)


def test_it_is_sent_however_often_it_was_turned_away(member):
    # Days of "too many requests", at one each 10 s; it is PostgreSQL that counts no further in a small column.
    assert Task.objects.claim_to_send(make_task(member, State.QUEUED, attempts=2**15 - 1).pk)


def test_one_task_that_is_not_there_closes_nothing(submit, sandbox):
    become_due(submit("[stuck] snow"))
    sandbox.dictate("/fetch", b'{"message": "no such task"}', status=404)
    follow()
    assert not Gate.objects.closed().exists()


def test_no_credits_are_waited_for_until_there_are_some(submit, sandbox):
    sandbox.options(credits=0)
    become_due(submit())
    let_time_pass()
    follow()
    assert Gate.objects.standing().exists()
    sandbox.options(credits=100)
    let_time_pass()
    follow()
    assert send_next()
    assert bills(sandbox) == 1


def test_a_name_that_leads_nowhere_fails_no_row_however_long(web, submit, sandbox, settings):
    settings.APIFRAME_BASE_URL = "http://nowhere.invalid"
    task = submit()
    for _ in range(10):
        let_time_pass()
        follow()
        become_due(task)
        assert not send_next()
    assert task.state == State.QUEUED
    assert "APIFRAME could not be reached: check" in web.get("/tasks/").content.decode()
    settings.APIFRAME_BASE_URL = sandbox.url
    let_time_pass()
    follow()
    assert send_next()
    assert bills(sandbox) == 1


@pytest.mark.parametrize("faults", [["500", "fetch-500"], ["no-task-id", "fetch-empty"], ["html", "fetch-404"]])
def test_where_nothing_gets_a_usable_answer_rows_are_tried_one_by_one_and_ever_more_rarely(
    web, submit, sandbox, faults
):
    sandbox.options(misbehave=faults)
    tasks = [submit(f"take {number}") for number in range(4)]
    assert "APIFRAME gives no usable answer" in web.get("/tasks/").content.decode()
    for minutes in (3.5, 7.5):
        let_time_pass()
        follow()
        assert not send_next()
        let_a_row_be_tried()
        assert send_next()
        assert not send_next()
        assert minutes < until_the_next_trial() < minutes + 1
    sandbox.options(misbehave=[])
    let_time_pass()
    follow()
    assert send_next()
    assert [Task.objects.get(pk=task.pk).state for task in tasks] == [*[State.UNCONFIRMED] * 3, State.PENDING]
    assert "Nothing is sent for now" not in web.get("/tasks/").content.decode()


@pytest.mark.parametrize("fault", ["500", "html", "hang-up"])
def test_where_requests_alone_get_no_usable_answer_a_few_rows_show_it(web, staff, submit, sandbox, fault):
    sandbox.options(misbehave=[fault])
    tasks = [submit(f"take {number}") for number in range(5)]
    assert "APIFRAME gives no usable answer to requests" in web.get("/tasks/").content.decode()
    for _ in range(2):
        let_time_pass()
        follow()
        assert not send_next(), "the account answers, but that says nothing of requests"
    let_a_row_be_tried()
    assert send_next()
    assert 3.5 < until_the_next_trial() < 4.5
    assert not send_next()
    sandbox.options(misbehave=[])
    staff.post("/team/try-now/")
    assert send_next(), "staff need not wait until a row is tried"
    assert [Task.objects.get(pk=task.pk).state for task in tasks] == [*[State.UNCONFIRMED] * 4, State.PENDING]
    assert "Nothing is sent for now" not in web.get("/tasks/").content.decode()


def test_after_days_without_an_answer_a_row_is_still_tried(member):
    gate.close_for_silence(Unknown("no answer"))
    Gate.objects.update(trials=1000)
    let_a_row_be_tried()
    assert gate.claim(make_task(member, State.QUEUED))
    assert until_the_next_trial() <= 60


@pytest.mark.parametrize("between", ["snow", "[400] snow"])
def test_a_usable_answer_between_them_shows_that_requests_are_read(submit, between):
    for prompt in ("[500] a", "[500] b", between, "[500] c", "[500] d"):
        submit(prompt)
    assert not Gate.objects.closed().exists()


@pytest.mark.parametrize("fault", ["fetch-500", "fetch-401"])
def test_an_account_that_comes_and_goes_is_not_believed_for_ever(submit, sandbox, settings, fault):
    """Else each time that it answers again, one more row would become unconfirmed."""
    for number in range(4):
        sandbox.options(misbehave=["500"])
        submit(f"take {number}")
        sandbox.options(misbehave=["500", fault])
        let_time_pass()
        follow()
        sandbox.options(misbehave=["500"])
        let_time_pass()
        follow()
    assert Gate.objects.get().cause == Gate.Cause.SILENT
    assert Task.objects.filter(state=State.UNCONFIRMED).count() == 3


@pytest.mark.parametrize("fault", ["fetch-html", "fetch-404", "fetch-html-404", "fetch-500", "fetch-hang-up"])
def test_an_account_that_never_answers_does_not_keep_the_gate_closed(submit, sandbox, fault):
    sandbox.options(misbehave=["402", fault])
    first = submit()
    sandbox.options(misbehave=[fault])
    let_time_pass()
    follow()
    become_due(first)
    assert not send_next()
    let_a_row_be_tried()
    assert submit("another").state == State.PENDING
    assert send_next(), "what the account says is not heeded then"
    assert bills(sandbox) == 2


def test_a_row_that_is_tried_and_turned_away_waits_like_before(submit, sandbox):
    sandbox.options(misbehave=["402", "fetch-html"])
    submit()
    let_a_row_be_tried()
    assert submit("another").state == State.QUEUED
    assert Gate.objects.get().said.startswith("The account at APIFRAME has no credits left")
    assert submit("a third").state == State.QUEUED
    assert submits(sandbox) == 2


@pytest.mark.parametrize(("fault", "key"), [("402", "sandbox"), ("fetch-401", "wrong")])
def test_no_row_is_tried_while_the_account_itself_says_that_it_is_of_no_use(submit, sandbox, settings, fault, key):
    sandbox.options(misbehave=[fault], credits=0)
    settings.APIFRAME_API_KEY = key
    task = submit()
    let_a_row_be_tried()
    let_time_pass()
    follow()
    become_due(task)
    assert not send_next()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_one_row_is_tried_by_one_process_alone(member, sandbox):
    gate.close_for(BadKey("no"))
    tasks = [make_task(member, State.QUEUED, parent_task_id="7", prompt="[500] snow") for _ in range(4)]
    let_a_row_be_tried()
    before = submits(sandbox)
    at_once(*(partial(sending.send, task) for task in tasks))
    assert submits(sandbox) == before + 1
    assert Task.objects.filter(state=State.QUEUED).count() == 3


def test_what_waits_says_why_and_when_it_is_tried_next(web, submit, sandbox):
    turned_away, behind = submit("[429] snow"), submit("rain")
    for task in (turned_away, behind):
        page = web.get(f"/tasks/{task.pk}/").content.decode()
        assert "APIFRAME is busy." in page
        assert "This will be sent automatically. Nothing has been billed." in page
        assert re.search(r'Next try in <span data-clock="-[12]">0:0[12]</span>', page)


def test_what_waits_behind_a_refused_key_says_so_at_once(web, submit, settings):
    settings.APIFRAME_API_KEY = "wrong"
    for task in (submit("snow"), submit("rain")):
        page = web.get(f"/tasks/{task.pk}/status/").content.decode()
        assert "does not accept" in page
        assert "Next try in" in page
