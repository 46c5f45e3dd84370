"""How news reach a row: by polling, from whoever looks, and from the worker."""

import json
from datetime import timedelta
from functools import partial
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.utils import timezone

from extender.apiframe import TaskUpdate
from extender.states import State
from extender.tasks.following import LONGEST_INTERVAL, SHORTEST_INTERVAL, follow_due, interval, refresh
from extender.tasks.models import Event, Gate, Task
from extender.tasks.updates import apply_update
from tests.helpers import age, at_once, become_due, eventually, make_task, reached_again
from tests.tasks.ledger import fetches


def test_an_open_page_finishes_its_task_without_worker_or_webhook(web, submit):
    task = submit()

    def look() -> bool:
        become_due(task)
        return b'data-state="finished"' in web.get(f"/tasks/{task.pk}/status/").content

    eventually(look)
    task.refresh_from_db()
    assert len(task.clips) == 4
    assert task.ended_at


def test_an_open_history_does_too(web, submit):
    tasks = [submit(), submit()]

    def look() -> bool:
        for task in tasks:
            become_due(task)
        asked = [f"{task.pk}:{task.version}" for task in tasks]
        web.post("/tasks/pulse/", {"open": asked})
        return not Task.objects.exclude(state=State.FINISHED).exists()

    eventually(look)


def test_an_open_page_sends_what_is_still_queued(web, submit, settings, sandbox):
    settings.APIFRAME_BASE_URL = "http://127.0.0.1:9"
    task = submit()
    settings.APIFRAME_BASE_URL = sandbox.url
    reached_again(task)
    web.get(f"/tasks/{task.pk}/status/")
    assert b'data-state="pending"' in web.get(f"/tasks/{task.pk}/status/").content


def test_a_look_that_fails_before_it_begins_is_not_the_last(web, submit, sandbox, monkeypatch):
    task = submit("[stuck] snow")
    before = len(fetches(sandbox))
    for broken in (True, False):
        become_due(task)
        with monkeypatch.context() as patch:
            if broken:
                # A connection that is gone just then cannot be had inside a test's transaction.
                patch.setattr("extender.tasks.background.close_old_connections", Mock(side_effect=OperationalError))
            assert web.get(f"/tasks/{task.pk}/status/").status_code == 200
    assert len(fetches(sandbox)) == before + 1


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_many_viewers_cost_one_call_an_interval(browser_of, member, submit, sandbox):
    task = submit("[stuck] snow")
    viewers = [browser_of(member) for _ in range(8)]
    for round_ in (1, 2):
        become_due(task)
        before = len(fetches(sandbox))
        at_once(*[partial(viewer.get, f"/tasks/{task.pk}/status/") for viewer in viewers])
        assert len(fetches(sandbox)) - before == 1, f"round {round_}"


def test_whoever_read_the_row_before_somebody_else_asked_does_not_ask_again(submit, sandbox):
    task = become_due(submit("[stuck] snow"))
    before = len(fetches(sandbox))
    refresh(task)
    refresh(task)
    assert len(fetches(sandbox)) == before + 1


def test_twenty_tasks_cost_one_call(member, original, sandbox):
    for index in range(25):
        remote_id = sandbox.extend(original.remote_id, f"take {index} [stuck]")
        make_task(member, State.PENDING, remote_id=remote_id)
    before = len(fetches(sandbox))
    assert follow_due() == 20
    assert [request["path"] for request in fetches(sandbox)[before:]] == ["/fetch-many"]
    assert follow_due() == 5
    assert follow_due() == 0


def test_a_single_task_goes_to_fetch(submit, sandbox):
    task = submit("[stuck] snow")
    become_due(task)
    before = len(fetches(sandbox))
    assert follow_due() == 1
    assert [request["path"] for request in fetches(sandbox)[before:]] == ["/fetch"]


def test_answers_that_are_incomplete_and_out_of_order_are_matched_by_id(member, original, sandbox):
    ids = [sandbox.extend(original.remote_id, f"take {index}") for index in range(6)]
    tasks = [make_task(member, State.PENDING, remote_id=remote_id) for remote_id in ids]
    for remote_id in ids:
        sandbox.finished(remote_id)
    sandbox.options(misbehave=["fetch-partial"])
    follow_due()
    for task in tasks:
        task.refresh_from_db()
        assert all(task.remote_id in clip.source_url for clip in task.clips)
        assert task.state == State.FINISHED
    left_out = sum(task.events.filter(source="silence").exists() for task in tasks)
    assert left_out
    assert [row["path"] for row in fetches(sandbox)[-left_out - 1 :]] == ["/fetch-many", *["/fetch"] * left_out]


@pytest.mark.parametrize(
    "shaped",
    [
        lambda tasks: tasks,
        lambda tasks: {"data": {"tasks": tasks}},
        lambda tasks: {"results": [{"task": task} for task in reversed(tasks)]},
        lambda tasks: {"data": {task["task_id"]: {"status": task["status"]} for task in tasks}},
        lambda tasks: [{"id": task["task_id"], "status": task["status"]} for task in tasks],
        lambda tasks: {"tasks": [{"task_id": task["task_id"], "result": task} for task in tasks], "id": "r1"},
    ],
)
def test_a_list_is_read_however_it_is_shaped_and_matched_by_id_alone(member, sandbox, shaped):
    tasks = [make_task(member, State.PENDING, remote_id=f"r{index}") for index in (1, 2)]
    said = [{"task_id": "r3", "status": "failed"}, *({"task_id": f"r{n}", "status": "starting"} for n in (1, 2))]
    sandbox.dictate("/fetch-many", json.dumps(shaped(said)).encode())
    assert follow_due() == 2
    for task in tasks:
        age(task)
        assert task.state == State.PROCESSING


def test_a_list_that_cannot_be_read_is_kept_and_each_is_asked_about_alone(submit, sandbox):
    tasks = [become_due(submit(f"[seconds-0] take {number}")) for number in range(2)]
    sandbox.dictate("/fetch-many", b'{"found": 2}')
    assert follow_due() == 2
    for task in tasks:
        age(task)
        assert task.state == State.FINISHED
        assert task.events.filter(source="silence").get().body == '{"found": 2}'


def test_what_a_list_leaves_out_has_the_list_in_its_record(member, sandbox):
    there, missing = (make_task(member, State.PENDING, remote_id=f"r{index}") for index in (1, 2))
    body = b'{"tasks": [{"task_id": "r1", "status": "starting"}, {"ref": "r2"}]}'
    sandbox.dictate("/fetch-many", body)
    follow_due()
    assert missing.events.first().body == body.decode()
    assert "r2" not in there.events.get().body


@pytest.mark.parametrize("fault", ["fetch-500", "fetch-401", "fetch-429", "fetch-html"])
def test_a_question_that_is_not_answered_changes_nothing_and_is_recorded(submit, sandbox, fault):
    task = submit("[stuck] snow")
    sandbox.options(misbehave=[fault])
    become_due(task)
    version = task.version
    refresh(task)
    task.refresh_from_db()
    assert (task.version, task.state) == (version, State.PENDING)
    assert not task.events.last().changed


def test_the_longer_nothing_changes_the_rarer_it_is_asked(member):
    task = make_task(member, State.PROCESSING, remote_id="r1")
    age(task, changed_at=timezone.now(), due_at=timezone.now())
    assert interval(task) == SHORTEST_INTERVAL
    age(task, changed_at=timezone.now() - timedelta(minutes=15))
    assert interval(task).total_seconds() == pytest.approx(60, abs=1)
    age(task, changed_at=timezone.now() - timedelta(hours=23))
    assert interval(task) == LONGEST_INTERVAL


def silent_for(days: float, task: Task) -> Task:
    age(task, changed_at=timezone.now() - timedelta(days=days), due_at=timezone.now() - timedelta(seconds=1))
    return task


@pytest.mark.parametrize(
    ("days", "said", "again_in"),
    [(1.1, "once a day", timedelta(days=1)), (7.9, "once a day", timedelta(days=1)), (8.1, "stopped", None)],
)
def test_after_a_day_without_news_it_is_asked_about_daily_for_a_week_and_then_by_people(
    web, submit, sandbox, days, said, again_in
):
    task = submit("[stuck] snow")
    version = task.version
    sandbox.options(misbehave=["fetch-500"])
    refresh(silent_for(days, task))
    task.refresh_from_db()
    assert task.version > version, "an open page must be told"
    page = web.get(f"/tasks/{task.pk}/status/").content.decode()
    assert "No news since" in page
    assert said in page
    before = len(fetches(sandbox))
    web.get(f"/tasks/{task.pk}/status/")
    assert follow_due() == 0
    assert len(fetches(sandbox)) == before
    assert web.post(f"/tasks/{task.pk}/check/").status_code == 302
    assert len(fetches(sandbox)) == before + 1
    task.refresh_from_db()
    if again_in:
        assert task.due_at - timezone.now() == pytest.approx(again_in, abs=timedelta(minutes=10))
    else:
        assert task.due_at is None


def test_checking_again_finds_what_has_finished_meanwhile(web, submit, sandbox):
    task = submit()
    sandbox.finished(task.remote_id)
    age(task, due_at=None)
    web.post(f"/tasks/{task.pk}/check/")
    task.refresh_from_db()
    assert task.state == State.FINISHED


def test_a_late_webhook_still_finishes_a_task_without_news(submit):
    task = submit("[stuck] snow")
    age(task, due_at=None)
    update = TaskUpdate(State.FINISHED, task.remote_id, 100, ("https://x/1.mp4",))
    assert apply_update(task, update, Event.Source.WEBHOOK)


def test_only_the_owner_may_check_again(browser_of, stranger, submit):
    task = submit("[stuck] snow")
    assert browser_of(stranger).post(f"/tasks/{task.pk}/check/").status_code == 404


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_ask_about_the_same_row(member, sandbox):
    # Quiet for so long that none comes due once more while the others are asked about, however slow this machine is.
    long_ago = timezone.now() - timedelta(hours=2)
    for index in range(60):
        make_task(member, State.PENDING, remote_id=f"r{index}", changed_at=long_ago)

    def work():
        while follow_due():
            pass

    at_once(*[work] * 4)
    asked = [(call["path"], each) for call in fetches(sandbox) for each in call["task_ids"] or [call["task_id"]]]
    assert len(asked) == len(set(asked))
    assert {each for _, each in asked} == set(Task.objects.values_list("remote_id", flat=True))


def test_checking_again_is_one_look_and_not_a_new_series(web, submit, sandbox):
    task = submit("[stuck] snow")
    age(task, changed_at=timezone.now() - timedelta(days=9), due_at=None)
    sandbox.options(misbehave=["fetch-500"])
    web.post(f"/tasks/{task.pk}/check/")
    task.refresh_from_db()
    assert task.has_no_news


@pytest.mark.parametrize(
    ("word", "state", "reason"),
    [
        ("cancelled", State.FAILED, "cancelled"),
        ("timeout", State.FAILED, "timeout"),
        ("fail-detail", State.FAILED, "Banned prompt detected"),
        ("fail-reason", State.FAILED, "Banned prompt detected"),
        ("completed", State.FINISHED, ""),
    ],
)
def test_words_of_others_are_understood(web, submit, word, state, reason):
    task = submit(f"[seconds-0] [{word}] snow")
    become_due(task)
    web.get(f"/tasks/{task.pk}/status/")
    age(task)
    assert task.state == state
    assert reason in task.reason


def test_where_many_are_refused_each_is_asked_about_alone(submit, sandbox):
    good = [submit(f"[seconds-0] take {number}") for number in range(2)]
    bad = submit("[seconds-0] [fetch-500] snow")
    for task in (*good, bad):
        become_due(task)
    sandbox.options(misbehave=["fetch-many-400"])
    assert follow_due() == 3
    for task in (*good, bad):
        age(task)
    assert [task.state for task in good] == [State.FINISHED] * 2
    assert bad.state == State.PENDING
    assert "HTTP 500" in bad.events.last().said
    assert [row["path"] for row in fetches(sandbox)[-4:]] == ["/fetch-many", "/fetch", "/fetch", "/fetch"]


@pytest.mark.parametrize("status", [403, 404, 405, 301, 500, None])
def test_where_nobody_answers_about_many_each_is_asked_about_alone(submit, sandbox, status):
    tasks = [submit(f"[seconds-0] take {number}") for number in range(2)]
    for task in tasks:
        become_due(task)
    sandbox.dictate("/fetch-many", b"<h1>No</h1>" if status else b"", status=status or 200, cut=not status)
    follow_due()
    assert {Task.objects.get(pk=task.pk).state for task in tasks} == {State.FINISHED}
    assert not Gate.objects.closed().exists()


def test_what_is_true_of_one_is_asked_of_no_other(member, sandbox):
    tasks = [make_task(member, State.PENDING, remote_id=f"r{index}") for index in range(3)]
    sandbox.options(misbehave=["door-1010"])
    follow_due()
    assert [row["path"] for row in sandbox.ledger()["requests"]] == ["/fetch-many", "/fetch"]
    assert Gate.objects.closed().exists()
    assert all(task.events.exists() for task in tasks)


@pytest.mark.parametrize("word", ["clips-long", "clips-http", "clips-objects"])
def test_addresses_are_read_however_they_are_written(web, submit, word):
    task = submit(f"[seconds-0] [{word}] snow")
    become_due(task)
    web.get(f"/tasks/{task.pk}/status/")
    age(task)
    assert (task.state, len(task.clips)) == (State.FINISHED, 4)
    if word == "clips-http":
        assert task.clips[0].source_url == "https://clips.example/1.mp4"


def test_a_finished_render_that_cannot_be_read_is_not_failed(web, submit, sandbox):
    task = submit("[seconds-0] [clips-unreadable] snow")
    become_due(task)
    web.get(f"/tasks/{task.pk}/status/")
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    age(task)
    assert task.state == State.PROCESSING
    assert '"asset": 1' in task.events.last().body
    assert "Finished, and not readable yet" in page
    assert "Rendering" not in page
    before = len(fetches(sandbox))
    assert web.post(f"/tasks/{task.pk}/check/").status_code == 302
    assert len(fetches(sandbox)) == before + 1
