"""What APIFRAME calls back with: verified, parsed, handed over, and never a false 200."""

import gzip
import json

import pytest
from django.core.signals import request_started
from django.db import DatabaseError, connection
from django.test import Client

from extender.apiframe import BadKey
from extender.states import State
from extender.tasks import gate
from extender.tasks.models import Gate, Task
from extender.tasks.sending import webhook_secret
from tests.helpers import eventually, lose_connection, make_task, queries

ID = "29f1a0c4-8f6e-4d55-9c02-6d2f9a4b7e13"
FINISHED = {"task_id": ID, "video_urls": [f"https://cdn.example/{index}.mp4" for index in range(1, 5)]}


def call(task: Task, body: object = None, secret: str | None = None, nonce: str = "", **more):
    """One webhook about `task`, as APIFRAME would send it."""
    return Client(raise_request_exception=False).post(
        f"/webhooks/apiframe/{nonce or task.webhook_nonce}/",
        body if isinstance(body, bytes) else json.dumps(FINISHED if body is None else body),
        **{"content_type": "application/json", **more},
        headers={"x-webhook-secret": webhook_secret(task.webhook_nonce) if secret is None else secret},
    )


@pytest.fixture
def sent(member) -> Task:
    """A task whose request is on the wire."""
    return make_task(member, State.SENDING)


def unchanged(task: Task) -> bool:
    return Task.objects.get(pk=task.pk).version == task.version


@pytest.mark.parametrize("state", [State.SENDING, State.UNCONFIRMED, State.PENDING, State.PROCESSING])
def test_a_result_finishes_the_row_and_adopts_it(member, state):
    task = make_task(member, state)
    assert call(task).status_code == 200
    task.refresh_from_db()
    assert (task.state, task.remote_id, len(task.clips)) == (State.FINISHED, ID, 4)


@pytest.mark.parametrize(("state", "reason"), [(State.CANCELLED, ""), (State.FAILED, "No such video.")])
def test_what_ended_here_and_is_made_all_the_same_is_not_hidden(web, member, state, reason):
    task = make_task(member, state, reason=reason)
    call(task, {"task_id": ID, "status": "failed", "message": "Refused"})
    assert unchanged(task), "nothing is made"
    for _ in range(2):
        assert call(task).status_code == 200
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert f"{reason} APIFRAME has called back about this since, as task {ID}".strip() in page
    assert page.count("it may have been billed") == 1
    assert "Nothing was billed" not in page


def test_one_that_names_the_render_of_another_task_is_ignored_and_recorded(sent, stranger):
    make_task(stranger, State.PROCESSING, remote_id=ID)
    assert call(sent).status_code == 404
    assert unchanged(sent)
    assert "of another task" in sent.events.get().said


@pytest.mark.parametrize(("end", "around"), [("", ""), ("/", '"'), ("/", " ")])
def test_a_genuine_one_is_known_whatever_stands_around_its_address_or_secret(sent, end, around):
    address = f"/webhooks/apiframe/{sent.webhook_nonce}{end}"
    headers = {"x-webhook-secret": f"{around}{webhook_secret(sent.webhook_nonce)}{around}"}
    answer = Client().post(address, json.dumps(FINISHED), content_type="application/json", headers=headers)
    assert answer.status_code == 200
    sent.refresh_from_db()
    assert sent.state == State.FINISHED


def test_what_was_told_before_the_key_changed_still_counts(sent, settings):
    nonce, told, before = sent.webhook_nonce, webhook_secret(sent.webhook_nonce), settings.SECRET_KEY
    settings.SECRET_KEY = "another one"
    assert call(sent, secret=told, nonce=nonce).status_code == 401
    settings.SECRET_KEY_FALLBACKS = ["x", before]
    assert call(sent, {**FINISHED, "echo": told}, secret=told, nonce=nonce).status_code == 200
    assert told not in sent.events.last().body


@pytest.mark.parametrize("end", ["", ".", ".x", f".{'A' * 43}", "\0", ".é"])
def test_an_address_that_our_key_did_not_make_belongs_to_no_row(sent, end):
    for nonce in (f"{sent.pk.hex}{end}", f"{sent.pk}{end}", f"x{end}"):
        call(sent, secret=webhook_secret(nonce), nonce=nonce.replace("\0", "%00"))
        call(sent, secret="wrong", nonce=nonce.replace("\0", "%00"))
    assert unchanged(sent)
    assert not sent.events.exists()


@pytest.mark.parametrize("secret", ["", "wrong", "wröng", "é" * 64])
def test_a_forged_one_is_401_and_writes_nothing(sent, secret):
    assert call(sent, secret=secret).status_code == 401
    assert unchanged(sent)
    assert sent.events.get().said == "a webhook with a wrong secret was refused"


def test_of_many_that_are_refused_the_first_are_kept(sent, shorten):
    shorten("extender.tasks.webhooks.MOST_REFUSED", 2)
    for number in range(4):
        assert call(sent, secret=f"wrong {number}").status_code == 401
    assert sent.events.count() == 2
    assert call(sent).status_code == 200
    assert sent.events.count() == 3


def test_the_secret_of_another_row_does_not_open_this_one(member, sent):
    other = make_task(member, State.SENDING)
    assert call(sent, secret=webhook_secret(other.webhook_nonce)).status_code == 401


def test_one_for_a_task_that_was_deleted_is_taken_and_resurrects_nothing(sent):
    Task.objects.filter(pk=sent.pk).delete()
    assert call(sent).status_code == 200
    assert not Task.objects.exists()


def test_another_tasks_id_is_404_and_recorded(member):
    task = make_task(member, State.PROCESSING, remote_id="another")
    assert call(task).status_code == 404
    assert unchanged(task)
    assert task.events.get().said == "a webhook named another task and was ignored"


def test_doubled_and_late_ones_are_200_and_change_nothing(sent):
    assert call(sent).status_code == 200
    sent.refresh_from_db()
    late = {"task_id": ID, "status": "processing", "percentage": "40"}
    for body in (FINISHED, late, {"task_id": ID, "status": "failed", "message": "no"}):
        assert call(sent, body).status_code == 200
    assert unchanged(sent)
    assert sent.events.count() == 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 60_000, 400),
        (b"7", 400),
        (b"[]", 400),
        (b'{"status": "finished"}', 400),
        (b" " * 65_537, 413),
    ],
)
def test_nonsense_is_refused_plainly(sent, body, status):
    assert call(sent, body).status_code == status
    assert unchanged(sent)
    assert sent.events.get().said.endswith("was refused")


@pytest.mark.parametrize("label", ["application/x-www-form-urlencoded", "multipart/form-data", "nonsense"])
def test_a_genuine_one_is_read_whatever_its_label(sent, label):
    assert call(sent, json.dumps(FINISHED).encode(), content_type=label).status_code == 200
    sent.refresh_from_db()
    assert (sent.state, sent.remote_id) == (State.FINISHED, ID)


@pytest.mark.parametrize(
    "shape",
    [
        lambda body: {"event": "done", "data": body},
        lambda body: [{"id": ID} | body],
        lambda body: body | {"id": ID.upper()},
        lambda body: {"event": "done", "data": {"object": body}},
        lambda body: {"body": json.dumps(body)},
    ],
)
def test_one_of_another_shape_is_read_where_it_names_the_rows_task(member, shape):
    task = make_task(member, State.PROCESSING, remote_id=ID)
    body = {"id": ID, "status": "finished", "videoUrls": FINISHED["video_urls"]}
    assert call(task, shape(body)).status_code == 200
    task.refresh_from_db()
    assert (task.state, len(task.clips)) == (State.FINISHED, 4)


def test_what_is_refused_stands_in_the_record_without_its_secrets(sent):
    secret = webhook_secret(sent.webhook_nonce)
    shape = json.dumps({"event": "done", "url": f"https://here/{sent.webhook_nonce}/", "key": secret})
    assert call(sent, f"{shape}\0{'é' * 9000}".encode(), "").status_code == 401
    body = sent.events.get().body
    assert body.startswith('{"event": "done", "url": "https://here/…/", "key": "…"}')
    assert body.count("é") > 900
    assert "X-Webhook-Secret" in body
    assert len(body.encode()) < 4096


def test_a_bomb_unfolds_no_further_than_it_may(sent):
    assert call(sent, gzip.compress(b" " * 50_000_000)).status_code == 400


def test_other_methods_are_refused(sent):
    assert Client().get(f"/webhooks/apiframe/{sent.webhook_nonce}/").status_code == 405


def test_what_could_not_be_kept_is_503(sent):
    def locked(execute, sql, *more):
        if "UPDATE" in sql:
            raise DatabaseError("database is locked")
        return execute(sql, *more)

    with connection.execute_wrapper(locked):
        assert call(sent).status_code == 503
    assert unchanged(sent)


def test_one_about_what_had_no_usable_answer_is_an_answer(member):
    first, *others = [make_task(member, State.UNCONFIRMED) for _ in range(4)]
    for _ in others:
        gate.unanswered()
    call(first)
    assert not Gate.objects.closed().exists()
    gate.unanswered()
    assert not Gate.objects.closed().exists(), "they are counted anew"
    gate.close_for(BadKey("no"))
    call(others[0], FINISHED | {"task_id": "7"})
    assert Gate.objects.closed().exists(), "of the key it says nothing"


def test_it_costs_few_queries_and_one_more_for_the_clips(member):
    task = make_task(member, State.PROCESSING, remote_id=ID)
    body = {"task_id": ID, "status": "processing", "percentage": "40"}
    # A change, and what is told of it; PostgreSQL does both at once.
    few = 1 if connection.vendor == "postgresql" else 2
    assert queries(lambda: call(task, body)) == few
    # The row before that, and the clips.
    assert queries(lambda: call(task)) == few + 2
    assert queries(lambda: call(task)) == few + 1


@pytest.mark.races
@pytest.mark.parametrize("remote_id", ["", ID, "another"])
@pytest.mark.parametrize("state", [State.SENDING, State.UNCONFIRMED, State.PENDING, State.PROCESSING, State.FAILED])
def test_that_a_render_goes_on_is_recorded_once_and_of_its_own_task_alone(member, state, remote_id):
    task = make_task(member, state, remote_id=remote_id)
    answer = call(task, {"task_id": ID, "status": "processing", "percentage": "40"})
    assert answer.status_code == (404 if remote_id == "another" else 200)
    (event,) = task.events.all()
    assert (event.said, event.changed) == (
        ("a webhook named another task and was ignored", False)
        if remote_id == "another"
        else ("processing 40 %", state != State.FAILED)
    )
    task.refresh_from_db()
    assert task.remote_id == (ID if event.changed else remote_id)


@pytest.mark.races
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a file has no connection to lose")
@pytest.mark.django_db(transaction=True)
def test_one_that_finds_its_connection_lost_is_heard_all_the_same(member):
    task = make_task(member, State.PROCESSING, remote_id=ID)
    for percentage in (40, 60):
        lose_connection()
        # Django's own client keeps what a server does at each request from its connections.
        request_started.send(None)
        assert call(task, {"task_id": ID, "status": "processing", "percentage": percentage}).status_code == 200
    task.refresh_from_db()
    assert (task.percentage, task.events.count()) == (60, 2)


READ = ["", "double", "reorder", "early", "gzip", "text", "untyped", "nul", "wrapped"]
REFUSED = {"wrong-secret": "video_urls", "signed": "video_urls", "other-shape": '"event": "updated"', "chunked": ""}


@pytest.mark.django_db(transaction=True)
def test_the_sandboxs_own_webhooks_are_read_or_recorded(live_server, settings, sandbox, submit):
    settings.PUBLIC_URL = live_server.url
    read = [submit("snow [500-billed]"), *(submit(f"snow [webhook-{word}]") for word in READ)]
    refused = {word: submit(f"snow [webhook-{word}] [seconds-0]") for word in REFUSED}
    for task in read:
        eventually(lambda pk=task.pk: Task.objects.get(pk=pk).is_final)
        task.refresh_from_db()
        assert (task.state, len(task.clips)) == (State.FINISHED, 4), task.prompt
        assert not task.events.filter(source="poll").exists()
    eventually(lambda: sum(w["answer"] in (400, 401, 411) for w in sandbox.ledger()["webhooks"]) == len(refused))
    for word, task in refused.items():
        task.refresh_from_db()
        assert task.state == State.PENDING
        # A server that takes no chunks refuses them before the app can know which task they are about.
        bodies = [event.body for event in task.events.filter(source="webhook")]
        assert len(bodies) == (word != "chunked")
        assert all(REFUSED[word] in body for body in bodies)


def test_the_log_keeps_the_address_to_itself(sent, log):
    call(sent, b"{")
    assert "Bad Request: /webhooks/apiframe/…/" in log.getvalue()
    assert sent.webhook_nonce not in log.getvalue()
