"""Queries that are compiled once say what Django's own would say, whatever they are asked."""

import uuid
from datetime import timedelta

import psycopg
import pytest
from django.core.signals import request_started
from django.db import DatabaseError, OperationalError, connection, models, transaction
from django.test import Client
from django.utils import timezone

from extender.compiled import CompiledChange, CompiledInsert, CompiledQuery, CompiledUpdate, Given
from extender.tasks.models import Event, Task
from extender.team.models import Member
from tests.helpers import lose_connection, make_task

pytestmark = pytest.mark.races


@CompiledQuery
def _of_member() -> models.QuerySet[Task]:
    member, pk = Given("member", models.BigAutoField()), Given("pk", models.UUIDField())
    return Task.objects.visible_to(member).timed().select_related("parent").filter(pk=pk)


def test_it_reads_the_row_that_is_asked_for_as_it_is_now(member, stranger, task):
    later = make_task(member, parent=task, percentage=20)
    for _ in range(2):
        read = _of_member.first(member=member.pk, pk=later.pk)
        assert (read, read.percentage, read.created_at) == (later, later.percentage, later.created_at)
        assert read.parent.remote_id == task.remote_id
        assert read.read_at >= read.submitted_at
        assert _of_member.first(member=member.pk, pk=task.pk).parent is None
        assert _of_member.rows(member=stranger.pk, pk=later.pk) == []
        assert _of_member.rows(member=member.pk, pk=uuid.uuid4()) == []
        later.percentage = 60
        later.save()


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a file has no connection to lose")
@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_replaced_but_in_a_transaction(member, task):
    assert _of_member.first(member=member.pk, pk=task.pk) == task
    lose_connection()
    request_started.send(None)
    assert _of_member.first(member=member.pk, pk=task.pk) == task
    request_started.send(None)
    with pytest.raises(OperationalError):
        read_over_a_connection_that_is_lost(member, task)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="of a file: tests/faults/test_database_gone.py")
@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_locked_is_waited_for_once(member, task):
    asked = []

    def count(execute, *how):
        asked.append(how)
        # Over another connection it would wait without an end.
        assert len(asked) == 1
        return execute(*how)

    with psycopg.connect(**connection.get_connection_params()) as other, connection.cursor() as cursor:
        other.execute("LOCK TABLE tasks_task IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '100ms'")
        request_started.send(None)
        with connection.execute_wrapper(count), pytest.raises(OperationalError):
            _of_member.first(member=member.pk, pk=task.pk)
        cursor.execute("RESET lock_timeout")
    assert asked


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a file has no connection to lose")
@pytest.mark.django_db(transaction=True)
def test_a_request_is_not_begun_by_asking_whether_the_connection_is_good(member, task, tmp_path):
    _of_member.first(member=member.pk, pk=task.pk)
    wire = connection.connection.pgconn
    with (tmp_path / "wire").open("w") as said:
        request_started.send(None)
        wire.trace(said.fileno())
        _of_member.first(member=member.pk, pk=task.pk)
        Task.objects.exists()
        wire.untrace()
    sent = [line for line in (tmp_path / "wire").read_text().splitlines() if "\tF\t" in line]
    assert len([line for line in sent if "SELECT" in line]) == 2, sent


@transaction.atomic
def read_over_a_connection_that_is_lost(member: Member, task: Task) -> None:
    """Begins a transaction, which then cannot go on."""
    lose_connection()
    _of_member.first(member=member.pk, pk=task.pk)


_mark = CompiledUpdate(
    Task.objects.filter(pk=Given("pk", models.UUIDField())),
    {"reason": Given("reason", models.TextField()), "version": models.F("version") + 1},
)


def test_it_changes_the_row_that_is_asked_for(member, task):
    other = make_task(member)
    assert [_mark.run(pk=task.pk, reason=reason) for reason in ("one", "another")] == [1, 1]
    assert _mark.run(pk=uuid.uuid4(), reason="nobody's") == 0
    before, task = task, Task.objects.get(pk=task.pk)
    assert (task.reason, task.version) == ("another", before.version + 2)
    assert Task.objects.get(pk=other.pk).reason == ""


_say = CompiledInsert(Event, "task", "source", "said", "changed", "body")


def test_it_adds_a_row_of_what_is_given_and_the_time(task):
    for said in ("one", "another 100 %", "\N{SNOWMAN}'s"):
        _say.run(task_id=task.pk, source=Event.Source.POLL, said=said, changed=said == "one", body="{}")
    events = list(task.events.all())
    assert [(event.said, event.changed) for event in events] == [
        ("one", True),
        ("another 100 %", False),
        ("\N{SNOWMAN}'s", False),
    ]
    assert {(event.source, event.body) for event in events} == {("poll", "{}")}
    assert all(abs(event.at - timezone.now()) < timedelta(days=1) for event in events)


_mark_and_say = CompiledChange(_mark, Event, "task", "source", "said", "body", outcome="changed")


def test_it_changes_a_row_or_none_and_tells_which(task):
    event = {"task_id": task.pk, "source": Event.Source.POLL, "body": "100 %s"}
    assert _mark_and_say.run(pk=task.pk, reason="one", said="to the row", **event) is True
    assert _mark_and_say.run(pk=uuid.uuid4(), reason="two", said="to nobody's", **event) is False
    assert Task.objects.get(pk=task.pk).reason == "one"
    told = [(event.said, event.changed, event.body) for event in task.events.all()]
    assert told == [("to the row", True, "100 %s"), ("to nobody's", False, "100 %s")]


_of_it = Task.objects.filter(pk=Given("task_id", models.UUIDField()), prompt=Given("known", models.TextField()))
_mark_what_is_known = CompiledChange(_mark, Event, "task", "source", "said", "body", outcome="changed", where=_of_it)


def test_it_tells_only_of_a_row_that_is_known(task):
    event = {"task_id": task.pk, "source": Event.Source.POLL, "body": "", "reason": "one"}
    assert _mark_what_is_known.run(pk=uuid.uuid4(), known=task.prompt, said="to nobody's", **event) is False
    assert _mark_what_is_known.run(pk=task.pk, known=task.prompt, said="to the row", **event) is True
    assert _mark_what_is_known.run(pk=uuid.uuid4(), known="of another", said="of another", **event) is None
    assert [said for (said,) in task.events.values_list("said").order_by("pk")] == ["to nobody's", "to the row"]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_told_changes_nothing(task):
    with pytest.raises(DatabaseError):
        _mark_and_say.run(pk=task.pk, reason="one", task_id=task.pk, source=Event.Source.POLL, said=None, body="")
    assert Task.objects.get(pk=task.pk).reason == ""


@pytest.fixture
def poll(web, member):
    """Asks for the news of a task of the member that runs, by an address that is current."""
    running = make_task(member, state="processing", due_at=None)
    address = f"/tasks/{running.pk}/status/?v={running.version}"
    assert web.get(address).status_code == 204
    return lambda client=web: client.get(address)


def test_a_poll_of_who_has_signed_out_leads_to_the_sign_in(web, poll):
    kept = web.cookies["sessionid"].value
    web.post("/logout/")
    web.cookies["sessionid"] = kept
    assert poll().status_code == 302


def test_a_poll_of_who_was_deactivated_leads_to_the_sign_in(member, poll):
    type(member).objects.update(is_active=False)
    assert poll().status_code == 302


def test_a_poll_under_an_old_password_leads_to_the_sign_in(member, poll):
    member.set_password("quite another one")
    member.save()
    assert poll().status_code == 302


def test_a_poll_by_somebody_else_finds_nothing(browser_of, stranger, poll):
    assert poll(browser_of(stranger)).status_code == 404


def test_a_poll_without_a_session_leads_to_the_sign_in(poll):
    assert poll(Client()).status_code == 302
