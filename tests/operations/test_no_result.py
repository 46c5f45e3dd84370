"""The page of what is paid for and has no result, for staff: since when, and a button for all."""

from datetime import timedelta

import pytest
from django.utils import timezone

from extender.states import State
from extender.tasks.models import Task
from tests.helpers import age, make_task, queries
from tests.tasks.ledger import fetches

ADDRESS = "/team/no-result/"
BUTTON = f"{ADDRESS}check/"


def quiet(owner, days: float, state: State = State.PROCESSING, **fields) -> Task:
    """A task of which nothing was heard for so long, and which nobody is to ask about just now."""
    task = make_task(owner, state, prompt="their secret words", **{"remote_id": f"quiet-{days}"} | fields)
    age(task, changed_at=timezone.now() - timedelta(days=days), due_at=timezone.now() + timedelta(hours=20))
    return task


def shown(staff) -> str:
    return " ".join(staff.get(ADDRESS).content.decode().split())


def test_it_lists_what_is_quiet_for_more_than_a_day_and_nothing_else(staff, member, stranger):
    assert "Nothing is missing" in shown(staff)
    assert "Check all now" not in shown(staff)
    young, old = quiet(member, 1.5), quiet(stranger, 12)
    age(old, due_at=None)
    unconfirmed = quiet(member, 3, state=State.UNCONFIRMED)
    for state in (State.UNCONFIRMED, State.FAILED, State.QUEUED):
        quiet(member, 3, state=state, remote_id="" if state == State.UNCONFIRMED else f"other-{state}")
    quiet(member, 0.9)
    page = shown(staff)
    places = [page.index(f"<code>{task.remote_id}</code>") for task in (old, unconfirmed, young)]
    assert places == sorted(places)
    assert page.count("<code>") == 3
    assert "otto, no news since" in page
    assert "their secret words" not in page
    assert ADDRESS in staff.get("/team/").content.decode()


def test_one_button_has_all_of_them_asked_about_by_twenties(staff, member, sandbox, original):
    for number in range(24):
        remote_id = sandbox.extend(original.remote_id, f"take {number} [seconds-0]")
        quiet(member, 2 + number / 10, remote_id=remote_id)
    before = len(fetches(sandbox))
    version = staff.get(ADDRESS).context["digest"]
    assert len(fetches(sandbox)) == before, "looking asks nobody"
    assert staff.post(BUTTON)["Location"] == ADDRESS
    page = staff.get(f"{ADDRESS}?v={version}").content.decode()
    assert [call["path"] for call in fetches(sandbox)[before:]] == ["/fetch-many"] * 2
    page = shown(staff)
    assert "Nothing is missing" in page
    assert Task.objects.filter(state=State.FINISHED).count() == 25


def test_what_is_about_to_be_asked_is_told_and_the_page_waits_for_news(staff, member):
    task = quiet(member, 2)
    page = staff.get(ADDRESS)
    assert "next check" in page.content.decode()
    assert staff.get(f"{ADDRESS}?v={page.context['digest']}").status_code == 204
    age(task, due_at=timezone.now() - timedelta(seconds=1))
    assert "checking now" in shown(staff)
    age(task, due_at=None)
    assert "no longer checked" in shown(staff)


def test_it_is_for_staff_alone(web, member):
    task = quiet(member, 2)
    assert web.get(ADDRESS).status_code == web.post(BUTTON).status_code == 404
    age(task)
    assert task.due_at > timezone.now()


@pytest.mark.races
def test_its_queries_stay_the_same_with_more_rows(staff, member):
    quiet(member, 2)
    few = queries(lambda: staff.get(ADDRESS))
    for number in range(60):
        quiet(member, 3 + number)
    assert queries(lambda: staff.get(ADDRESS)) == few
    page = shown(staff)
    assert page.count("<li data-state") == 50
    assert "quiet-62" in page
    assert "These 50 have waited longest" in page
