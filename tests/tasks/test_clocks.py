"""A machine whose own clock is wrong: what is due, and how long something takes, goes by the database's clock."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from extender.operations.worker import follow, send_next
from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Gate, Task
from tests.helpers import age
from tests.tasks.ledger import fetches, submits

pytestmark = pytest.mark.races


@pytest.fixture(params=[-1, 1], ids=["an hour behind", "an hour ahead"])
def wrong_clock(request, monkeypatch):
    """From now on this machine's clock is wrong."""
    right = timezone.now
    return lambda: monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=request.param))


@pytest.mark.parametrize("viewer", ["member", "guest"])
def test_an_open_page_looks_when_a_look_is_due(web, guest, submit, sandbox, wrong_clock, viewer):
    task = submit("[stuck] snow")
    link = Share.objects.create(task=task).get_absolute_url()
    wrong_clock()
    client, address = (web, f"/tasks/{task.pk}/") if viewer == "member" else (guest, link)
    asked = len(fetches(sandbox))
    for due_at, looks in ((Now() + timedelta(minutes=30), 0), (Now() - timedelta(minutes=30), 1)):
        age(task, due_at=due_at)
        client.get(f"{address}status/")
        assert len(fetches(sandbox)) == asked + looks
    so_far = re.search(r'data-clock="(\d+)"', client.get(f"{address}status/").content.decode())[1]
    assert int(so_far) < 600


def test_a_worker_sends_and_tries_the_gate_when_it_is_time(submit, sandbox, settings, wrong_clock):
    settings.APIFRAME_API_KEY = "wrong"
    task = submit()
    settings.APIFRAME_API_KEY = sandbox.key
    wrong_clock()
    before = submits(sandbox)
    for closed_until in (Now() + timedelta(minutes=30), Now()):
        Gate.objects.update(closed_until=closed_until)
        follow()
        age(task, due_at=Now() + timedelta(minutes=30))
        assert not send_next()
    age(task, due_at=Now())
    assert send_next()
    assert submits(sandbox) == before + 1
    assert Task.objects.filter(state=State.PENDING).exists()
