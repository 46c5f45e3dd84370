"""What is saved and not sent can be taken back, and is either cancelled or sent: never both, and never neither."""

import time
from functools import partial

import pytest

from extender.operations.worker import send_next
from extender.states import State
from extender.tasks.models import Event, Gate, Task
from tests.helpers import age, at_once, become_due, make_task
from tests.tasks.ledger import bills, submits


def cancel(web, task: Task) -> str:
    """Presses Cancel; returns the page that follows."""
    response = web.post(f"/tasks/{task.pk}/cancel/", follow=True)
    task.refresh_from_db()
    return response.content.decode()


def test_what_waits_is_taken_back_with_one_press_and_never_sent(web, submit, sandbox):
    task = submit("[429] snow")
    assert f'action="/tasks/{task.pk}/cancel/"' in web.get(f"/tasks/{task.pk}/").content.decode()
    for _ in range(2):
        page = cancel(web, task)
        assert "You cancelled this before it was sent. Nothing was billed." in page
        assert f"/tasks/new/?again={task.pk}" in page
    assert (task.state, task.reason, task.due_at) == (State.CANCELLED, "", None)
    assert task.ended_at
    assert task.events.filter(source=Event.Source.MEMBER, said="cancelled", changed=True).count() == 1
    Gate.objects.all().delete()
    become_due(task)
    assert not send_next()
    assert bills(sandbox) == 0


@pytest.mark.parametrize("state", [state for state in State if state not in (State.QUEUED, State.CANCELLED)])
def test_what_has_left_is_not_taken_back_and_its_page_says_so(web, member, state):
    task = make_task(member, state, due_at=None)
    page = cancel(web, task)
    assert task.state == state
    told = state in (State.SENDING, State.PENDING, State.PROCESSING)
    assert ("It was sent a moment ago" in page) == told
    assert "You cancelled this" not in page


def test_all_that_waits_is_taken_back_with_one_press_and_nothing_else(web, member, stranger):
    waiting = [make_task(member, State.QUEUED) for _ in range(2)]
    others = [make_task(member, State.PENDING), make_task(stranger, State.QUEUED)]
    page = web.get("/tasks/?state=running").content.decode()
    assert "Cancel all that wait" in page
    assert "Cancel all" not in web.get("/tasks/").content.decode()
    assert web.post("/tasks/cancel/")["Location"] == "/tasks/?state=running"
    assert {Task.objects.get(pk=task.pk).state for task in waiting} == {State.CANCELLED}
    assert [Task.objects.get(pk=task.pk).state for task in others] == [State.PENDING, State.QUEUED]
    assert all("cancelled" in task.events.get().said for task in waiting)
    assert "Cancel all" not in web.get("/tasks/?state=running").content.decode()


def test_only_the_owner_cancels(web, browser_of, stranger, member):
    task = make_task(member, State.QUEUED)
    assert browser_of(stranger).post(f"/tasks/{task.pk}/cancel/").status_code == 404
    assert web.get(f"/tasks/{task.pk}/cancel/").status_code == 405
    age(task)
    assert task.state == State.QUEUED


def send_after(seconds: float) -> None:
    """Gives those who cancel a start, so that now these come first and now those."""
    time.sleep(seconds)
    send_next()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_four_who_cancel_and_four_who_send_leave_it_cancelled_or_sent_once(browser_of, member, original, sandbox):
    browsers = [browser_of(member) for _ in range(4)]
    for pause in (0, 0.02, 0.05, 0.1):
        before = submits(sandbox)
        task = make_task(member, State.QUEUED, parent_task_id=original.remote_id)
        presses = [partial(browser.post, f"/tasks/{task.pk}/cancel/", follow=True) for browser in browsers]
        told = [answer.content.decode() for answer in at_once(*presses, *[partial(send_after, pause)] * 4)[:4]]
        age(task)
        sent = submits(sandbox) - before
        assert (task.state, sent) == (State.CANCELLED, 0) or (task.state != State.CANCELLED and sent == 1)
        assert all(("You cancelled this" in page) == (not sent) for page in told)
        assert all(("It was sent a moment ago" in page) == bool(sent) for page in told)
