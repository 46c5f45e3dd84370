"""No more is spent in a minute or in a day than the settings allow; what is over it waits, and everybody is told."""

import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from extender.operations.worker import send_next
from extender.states import State
from extender.tasks.models import Task
from extender.tasks.models.limits import limits
from extender.tasks.sending import send
from tests.helpers import age, at_once, become_due, form_of, make_task, reached_again
from tests.tasks.ledger import bills


@pytest.mark.parametrize(
    ("setting", "span", "says"),
    [
        (
            "PAID_PER_MINUTE",
            timedelta(minutes=1),
            "The limit of 2 paid requests a minute for the whole team is reached.",
        ),
        ("PAID_PER_DAY", timedelta(days=1), "The limit of 2 paid requests a day for the whole team is reached."),
        ("PAID_PER_MINUTE_MEMBER", timedelta(minutes=1), "The limit of 2 paid requests a minute for each member"),
        ("PAID_PER_DAY_MEMBER", timedelta(days=1), "The limit of 2 paid requests a day for each member is reached."),
    ],
)
def test_what_is_over_a_limit_waits_is_told_of_and_goes_on_by_itself(
    web, submit, staff, stranger, sandbox, settings, setting, span, says
):
    setattr(settings, setting, 2)
    sent, _, third = submit(), submit(), submit()
    assert (third.state, bills(sandbox)) == (State.QUEUED, 2)
    assert abs(third.due_at - Task.objects.get(pk=sent.pk).sent_at - span) < timedelta(milliseconds=2)
    page = web.get(f"/tasks/{third.pk}/").content.decode()
    assert says in page
    assert "Next try in" in page
    page = staff.get("/team/").content.decode()
    assert says in page
    assert "1 task of mira" in page
    # Others wait where the limit is for all.
    other = make_task(stranger, State.QUEUED, prompt="snow", parent_task_id=third.parent_task_id)
    assert send_next()
    is_for_all = not setting.endswith("MEMBER")
    assert Task.objects.get(pk=other.pk).state == (State.QUEUED if is_for_all else State.PENDING)
    assert not send_next(), "what waits is not tried again and again"
    Task.objects.filter(sent_at__isnull=False).update(sent_at=timezone.now() - span)
    become_due(third)
    assert send_next()
    assert Task.objects.get(pk=third.pk).state == State.PENDING
    assert says not in web.get(f"/tasks/{third.pk}/").content.decode()


def test_the_many_rows_of_one_member_keep_no_others_from_being_sent(member, stranger, original, sandbox, settings):
    settings.PAID_PER_DAY_MEMBER = 1
    for owner in (*[member] * 5, stranger):
        make_task(owner, State.QUEUED, parent_task_id=original.remote_id)
    for _ in range(3):
        assert send_next()
    assert not send_next()
    assert bills(sandbox) == 2
    waiting = Task.objects.filter(owner=member, state=State.QUEUED)
    assert {task.reason for task in waiting} == {"The limit of 1 paid request a day for each member is reached."}


def test_what_came_back_unsent_is_not_counted(submit, sandbox, settings):
    settings.PAID_PER_DAY = 1
    sandbox.options(misbehave=["429"])
    waits = submit()
    assert (waits.state, waits.sent_at is None) == (State.QUEUED, False)
    sandbox.options(misbehave=[])
    send(reached_again(waits))
    assert bills(sandbox) == 1


def test_four_requests_are_four_rows_of_which_some_wait(web, original, sandbox, settings):
    settings.PAID_PER_DAY_MEMBER = 3
    fields = form_of(web.get(f"/tasks/{original.pk}/")) | {"prompt": "snow", "runs": "4"}
    web.post(f"/tasks/{original.pk}/extend/", fields)
    states = Task.objects.filter(parent=original).values_list("state", flat=True)
    assert sorted(states) == [State.PENDING] * 3 + [State.QUEUED]


def test_far_more_in_a_day_than_may_be_sent_is_refused(web, submit, member, stranger, original, settings):
    settings.PAID_PER_DAY_MEMBER = 1
    yesterday = timezone.now() - timedelta(days=1)
    rows = [make_task(member, State.CANCELLED) for _ in range(9)] + [make_task(stranger)]
    age(rows[0], created_at=yesterday)
    # With the original, nine of today.
    last = submit()
    fields = form_of(web.get(f"/tasks/{original.pk}/")) | {"prompt": "snow"}
    pictures = {"prompt": "snow", "aspect_ratio": "1:1", "nonce": str(uuid.uuid4())}
    for address, form in {f"/tasks/{original.pk}/extend/": fields, "/new/pictures/": pictures}.items():
        assert "You asked for 10 requests within a day." in web.post(address, form).content.decode()
    again = web.post(f"/tasks/{last.pk}/again/", {"nonce": uuid.uuid4()})
    assert again["Location"] == f"/tasks/new/?again={last.pk}"
    age(rows[1], created_at=yesterday)
    assert submit("snow").state == State.QUEUED


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_many_who_send_at_once_spend_no_more(member, stranger, original, sandbox, settings):
    settings.PAID_PER_MINUTE, settings.PAID_PER_DAY_MEMBER = 5, 3
    tasks = [
        make_task(owner, State.QUEUED, parent_task_id=original.remote_id)
        for owner in (member, stranger)
        for _ in range(5)
    ]
    at_once(*[partial(send, task) for task in tasks])
    assert bills(sandbox) == 5
    assert Task.objects.filter(state=State.QUEUED, reason__startswith="The limit of").count() == 5
    assert max(Task.objects.filter(owner=owner, state=State.PENDING).count() for owner in (member, stranger)) == 3


@pytest.mark.races
def test_what_was_spent_is_found_by_an_index_on_either_database(member, settings):
    settings.PAID_PER_DAY = settings.PAID_PER_DAY_MEMBER = 100
    long_ago = timezone.now() - timedelta(days=9)
    Task.objects.bulk_create(Task(owner=member, sent_at=long_ago, state=State.FINISHED) for _ in range(4000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_task")
    for limit in limits():
        plan = Task.objects.last_straw(limit, member.pk).explain()
        assert "lately_sent" in plan, plan
        assert "SCAN tasks_task" not in plan, plan
        assert "Sort" not in plan, plan
