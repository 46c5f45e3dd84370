"""The one door: which moves it lets through, whatever the order in which things are said."""

from functools import partial

import pytest
from django.db import IntegrityError

from extender.apiframe import TaskUpdate
from extender.states import FINAL, MOVES, State
from extender.tasks.models import Event, Task
from extender.tasks.updates import apply_update, hear
from tests.helpers import at_once, make_task

FINISHED = TaskUpdate(State.FINISHED, "r1", 100, ("https://x/1.mp4",))
FAILED = TaskUpdate(State.FAILED, "r1", reason="Banned prompt")


def said(task: Task, update: TaskUpdate) -> bool:
    changed = apply_update(task, update, Event.Source.WEBHOOK)
    task.refresh_from_db()
    return changed


def progress(percentage: int | None) -> TaskUpdate:
    return TaskUpdate(State.PROCESSING, "r1", percentage)


@pytest.mark.parametrize("old", State)
@pytest.mark.parametrize("new", [state for state in State if state != State.SENDING])
def test_a_task_moves_only_along_the_table(member, old, new):
    task = make_task(member, old, percentage=0)
    overtaken = old == State.PROCESSING and new == State.PENDING
    remote_id = "" if new in (State.QUEUED, State.UNCONFIRMED) else "r1"
    assert said(task, TaskUpdate(new, remote_id)) == (new in MOVES[old] and not overtaken)
    assert task.state == (new if new in MOVES[old] and not overtaken else old)


@pytest.mark.django_db(transaction=True)
def test_what_is_said_of_a_row_that_is_gone_names_no_other(member):
    make_task(member)
    gone = make_task(member)
    Task.objects.filter(pk=gone.pk).delete()
    with pytest.raises(IntegrityError):
        apply_update(gone, TaskUpdate(State.CANCELLED), Event.Source.MEMBER)


@pytest.mark.parametrize("final", sorted(FINAL))
def test_a_final_state_never_changes(member, final):
    task = make_task(member, final, remote_id="r1")
    before = Task.objects.filter(pk=task.pk).values().get()
    for update in (FINISHED, FAILED, progress(50), TaskUpdate(State.PENDING, "r1", retried=True)):
        assert not said(task, update)
    assert Task.objects.filter(pk=task.pk).values().get() == before


def test_progress_only_grows(member):
    task = make_task(member, State.PENDING, remote_id="r1")
    assert [said(task, progress(p)) for p in (40, 30, 40, None, 60)] == [True, False, False, False, True]
    assert task.percentage == 60


def test_progress_starts_again_after_a_retry_upstream(member):
    task = make_task(member, State.PROCESSING, remote_id="r1", percentage=80)
    assert said(task, TaskUpdate(State.PENDING, "r1", retried=True))
    assert (task.state, task.percentage) == (State.PENDING, 0)
    assert said(task, progress(10))
    assert task.percentage == 10


def test_a_way_back_is_not_heard_by_what_may_be_done_twice(member):
    task = make_task(member, State.PROCESSING, remote_id="r1", percentage=40)
    assert not hear(task.pk, TaskUpdate(State.PENDING, "r1", retried=True), Event.Source.WEBHOOK)
    assert not task.events.exists()
    assert hear(task.pk, progress(60), Event.Source.WEBHOOK)
    assert task.events.get().changed


def test_a_duplicate_changes_nothing_and_is_recorded(member):
    task = make_task(member, State.PROCESSING, remote_id="r1")
    assert said(task, FINISHED)
    version = task.version
    assert not said(task, FINISHED)
    assert task.version == version
    assert list(task.events.values_list("said", "changed")) == [
        ("finished with 1 clip", True),
        ("finished with 1 clip", False),
    ]


def test_the_log_has_one_line_of_a_task(member, caplog):
    caplog.set_level("INFO", "extender")
    task = make_task(member, State.PENDING, remote_id="r1")
    for update in (progress(40), progress(60), FINISHED, FINISHED):
        said(task, update)
    assert caplog.messages == [f"task {task.pk} finished by webhook"]


def test_a_webhook_before_the_answer_gives_the_row_its_id(member):
    task = make_task(member, State.SENDING)
    assert said(task, progress(40))
    assert (task.state, task.remote_id) == (State.PROCESSING, "r1")
    assert not said(task, TaskUpdate(State.PENDING, "r1"))


def test_a_refusal_does_not_overrule_what_a_webhook_has_shown_to_run(member):
    task = make_task(member, State.SENDING)
    assert said(task, progress(40))
    assert not said(task, TaskUpdate(State.FAILED, reason="Bad gateway"))
    assert not said(task, TaskUpdate(State.UNCONFIRMED, reason="HTTP 500"))
    assert task.state == State.PROCESSING


def test_a_webhook_about_a_row_that_waits_proves_that_it_left(member):
    task = make_task(member, State.QUEUED)
    assert said(task, progress(40))
    assert not Task.objects.claim_to_send(task.pk)


def test_an_update_about_another_task_changes_nothing(member):
    task = make_task(member, State.PROCESSING, remote_id="r2")
    assert not said(task, FINISHED)
    assert task.state == State.PROCESSING


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_ends_at_once_leave_one(member):
    for _ in range(10):
        Task.objects.update(remote_id="")
        task = make_task(member, State.PROCESSING, remote_id="r1")
        ends = [partial(apply_update, task, update, Event.Source.WEBHOOK) for update in (FINISHED, FAILED) * 2]
        assert sorted(at_once(*ends)) == [False, False, False, True]
