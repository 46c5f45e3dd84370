"""Running a task again."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from extender.states import FINAL, State
from extender.tasks.models import Task
from tests.helpers import extend, make_task
from tests.workspace.test_compose import submits


def press(web, task: Task, nonce: uuid.UUID | None = None):
    """Presses the button "Run again" on the task's page, or posts what it sends under another nonce."""
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    (form,) = re.findall(
        rf'(?s)<form class="run-again" method="post" action="/tasks/{task.pk}/again/".*?</form>', page
    )
    (fresh,) = re.findall(r'name="nonce" value="(.*?)"', form)
    return web.post(f"/tasks/{task.pk}/again/", {"nonce": nonce or fresh})


@pytest.fixture
def old(original) -> Task:
    """A task of the day before yesterday, that the sandbox can make again."""
    columns = {"prompt": "It snows", "motion": "high", "index": 2, "parent_task_id": original.remote_id}
    return make_task(original.owner, parent=original, created_at=timezone.now() - timedelta(days=2), **columns)


@pytest.mark.parametrize("state", [State.FINISHED, State.FAILED])
def test_one_press_asks_for_the_same_as_a_new_row_and_two_for_no_more(web, old, sandbox, state):
    Task.objects.filter(pk=old.pk).update(state=state)
    nonce = uuid.uuid4()
    ways = {press(web, old, nonce)["Location"] for _ in range(2)}
    made = Task.objects.exclude(pk__in=[old.pk, old.parent_id]).get()
    assert ways == {f"/tasks/{made.pk}/"}
    same = ("parent_id", "parent_task_id", "index", "prompt", "motion", "kind")
    assert [getattr(made, name) for name in same] == [getattr(old, name) for name in same]
    assert submits(sandbox) == 1


@pytest.mark.parametrize("state", [state for state in State if state not in FINAL])
@pytest.mark.parametrize("days", [0, 2])
def test_what_has_not_ended_is_never_asked_for_again_without_a_warning(web, old, sandbox, state, days):
    made_at = timezone.now() - timedelta(days=days)
    Task.objects.filter(pk=old.pk).update(state=state, created_at=made_at, due_at=None)
    page = web.post(f"/tasks/{old.pk}/again/", {"nonce": str(uuid.uuid4())}, follow=True).content.decode()
    assert "may be charged too" in page or "You asked for exactly this" in page
    assert submits(sandbox) == 0


def test_within_a_day_it_asks_first_and_shows_the_first(web, old, sandbox):
    Task.objects.filter(pk=old.pk).update(created_at=timezone.now())
    answer = press(web, old)
    assert answer["Location"] == f"/tasks/new/?again={old.pk}"
    page = web.get(answer["Location"]).content.decode()
    assert "You asked for exactly this today:" in page
    assert f'href="/tasks/{old.pk}/"' in page
    assert submits(sandbox) == 0


def test_a_new_shot_and_its_start_picture_are_made_again_past_midjourneys_end(web, member, start, sandbox):
    still = make_task(member, kind="pictures", index=None).clip(2)
    end = start
    for _ in range(4):
        end = extend(end)
    columns = {"kind": "video", "parent": end, "index": 1, "out_ms": 900, "start_clip": still}
    old = make_task(member, created_at=timezone.now() - timedelta(days=2), image_url=still.source_url, **columns)
    made = Task.objects.get(pk=press(web, old)["Location"].split("/")[2])
    assert made != old
    assert {name: getattr(made, name) for name in columns} == columns


def test_an_original_cannot_be_run_again(web, start):
    assert "run-again" not in web.get(f"/tasks/{start.pk}/").content.decode()
    web.post(f"/tasks/{start.pk}/again/", {"nonce": str(uuid.uuid4())})
    assert Task.objects.count() == 1


def test_pictures_and_videos_are_made_again_from_the_same(web, member, sandbox):
    asked = {
        "kind": "pictures",
        "aspect_ratio": "9:16",
        "prompt": "A kite",
        "index": None,
        "form_nonce": uuid.uuid4(),
    }
    old = make_task(member, created_at=timezone.now() - timedelta(days=2), **asked)
    made = Task.objects.get(pk=press(web, old)["Location"].split("/")[2])
    assert (made.kind, made.aspect_ratio, made.prompt) == ("pictures", "9:16", "A kite")


@pytest.mark.parametrize("kind", ["original", "pictures"])
def test_what_was_made_elsewhere_has_no_request_to_be_made_again(web, member, sandbox, kind):
    task = make_task(member, kind=kind, prompt="", remote_id="8")
    assert "Run again" not in web.get(f"/tasks/{task.pk}/").content.decode()
    web.post(f"/tasks/{task.pk}/again/", {"nonce": str(uuid.uuid4())})
    assert Task.objects.get() == task
    assert submits(sandbox) == 0
