"""The archive's page, for staff: what is safe and what is not, why, and how to try again; and how it began."""

import re

import pytest
from django.utils import timezone

from extender.archive import copying
from extender.operations.models import STALE_AFTER, Heartbeat, Tally
from extender.tasks.models import Clip
from tests.helpers import make_clip, make_task, queries

ADDRESS = "/team/archive/"


def shown(staff, address: str = ADDRESS) -> str:
    return re.sub(r"[ \n]+", " ", staff.get(address).content.decode())


def test_it_counts_copies_and_their_bytes_by_state(staff, member, stranger):
    for owner in (member, stranger):
        task = make_task(owner, urls=[], due_at=None)
        make_clip(task, 1, bytes=1_048_576)
        make_clip(task, 2, "refused", reason="It cannot be read.")
    make_clip(task, 3, "lost")
    page = shown(staff)
    assert '<dt>Saved</dt><dd>2 <span class="quiet">2.0\xa0MB</span></dd>' in page
    assert "<dt>Cannot be saved</dt><dd>2</dd>" in page
    assert "<dt>No longer at APIFRAME</dt><dd>1</dd>" in page
    assert "<dt>Not copied yet</dt><dd>0</dd>" in page
    assert "<dt>Copying" not in page


def test_it_names_the_oldest_that_is_not_copied_and_since_when_it_waits(admin_on, staff, member, stranger):
    assert "Every clip that can be saved is saved" in shown(staff)
    young, old = (
        make_clip(make_task(member, urls=[]), 1, "waiting"),
        make_clip(make_task(stranger, urls=[]), 3, "waiting"),
    )
    make_clip(make_task(member, urls=[]), 2, "lost", made_at="2025-01-01T00:00:00Z")
    Clip.objects.filter(pk=old.pk).update(made_at="2026-01-05T12:00:00Z")
    page = shown(staff)
    assert "Clip 3 of a task by otto, waiting since" in page
    assert "5 Jan 2026, 12:00" in page
    assert str(old.pk) in page
    assert str(young.pk) not in page


def test_it_says_what_stands_in_the_way(staff, member):
    make_clip(make_task(member, urls=[]), 1, "waiting", reason="Its server stalled.", misses=2)
    make_clip(make_task(member, urls=[]), 1, "stored", reason="long over")
    page = shown(staff)
    assert "Its server stalled." in page
    assert "long over" not in page


@pytest.mark.parametrize("address", ["/team/", ADDRESS])
def test_it_names_the_hosts_that_are_out_of_reach(staff, member, address):
    said = "Its host refuses this server for now."
    task = make_task(member, urls=[])
    for index in (1, 2):
        make_clip(task, index, "barred", source_url=f"https://cdn.example:8443/{index}.mp4?key=secret", reason=said)
    make_clip(task, 3, "waiting", source_url="https://other.example/3.mp4", reason="Its server stalled.")
    page = shown(staff, address)
    assert f"<strong>cdn.example</strong> 2 clips. {said}" in page
    assert "other.example" not in page
    assert "secret" not in page
    Clip.objects.update(state="waiting")
    assert "out of this server" not in shown(staff, address)


def test_it_says_how_much_room_is_left_if_it_can(staff, settings, tmp_path):
    page = shown(staff)
    assert "unknown" not in page
    assert "<dt>Space left</dt><dd>" in page
    (tmp_path / "a-file").write_text("")
    settings.MEDIA_ROOT = tmp_path / "a-file"
    assert "<dt>Space left</dt><dd>unknown</dd>" in shown(staff)


def test_it_says_that_no_worker_copies_unless_copying_is_paused(staff, member):
    assert "No worker is running" in shown(staff)
    Heartbeat.objects.create(name="one")
    assert "No worker is running" not in shown(staff)
    make_clip(make_task(member, urls=[]), 1, "blocked", reason="The disk is full.", due_at="2100-01-01T00:00:00Z")
    assert "Copying is paused: The disk is full." in shown(staff)
    Clip.objects.update(due_at="2020-01-01T00:00:00Z")
    assert "Copying is paused" not in shown(staff), "it is about to be tried"


def test_no_words_of_other_people_are_on_it(staff, member):
    task = make_task(member, urls=[], prompt="their secret words")
    for index, state in enumerate(("waiting", "blocked", "refused", "lost"), 1):
        make_clip(task, index, state, reason="It is so.", due_at="2100-01-01T00:00:00Z")
    page = shown(staff)
    assert "mira" in page
    for hidden in ("secret", "clips.example", str(task.pk)):
        assert hidden not in page


def test_copy_now_is_offered_where_something_is_absent_and_lets_all_of_it_be_tried(staff, member):
    safe = make_clip(make_task(member, urls=[]))
    assert "Copy now" not in shown(staff)
    assert not copying.copy_now()
    states = ("waiting", "blocked", "refused", "lost")
    task = make_task(member, urls=[])
    for index, state in enumerate(states, 1):
        make_clip(task, index, state, due_at="2100-01-01T00:00:00Z")
    held = make_clip(make_task(member, urls=[]), 1, "copying", attempts=1, due_at="2100-01-01T00:00:00Z")
    assert "Copy now" in shown(staff)
    assert staff.post("/team/archive/copy-now/")["Location"] == ADDRESS
    assert Clip.objects.to_copy().count() == len(states)
    for copy in (safe, held):
        before = copy.state
        copy.refresh_from_db()
        assert copy.state == before, "what is here, or on its way, is left alone"


def test_looking_starts_nothing(staff, member):
    make_clip(make_task(member, urls=[]), 1, "lost")
    assert staff.get("/team/archive/copy-now/").status_code == 405
    assert Clip.objects.get().state == "lost"


def test_it_is_for_staff_alone(web, client, member):
    make_clip(make_task(member, urls=[]), 1, "lost")
    assert web.get(ADDRESS).status_code == web.post("/team/archive/copy-now/").status_code == 404
    assert client.get(ADDRESS).status_code == client.post("/team/archive/copy-now/").status_code == 302
    assert Clip.objects.get().state == "lost"


def test_its_queries_stay_the_same_with_more_rows(staff, member):
    def fill(count: int) -> None:
        for _ in range(count):
            task = make_task(member, urls=[])
            for index, state in enumerate(("stored", "waiting", "blocked", "lost"), 1):
                make_clip(task, index, state, reason="It is so.")

    fill(1)
    # What is saved is counted by the first who looks.
    staff.get(ADDRESS)
    few = queries(lambda: staff.get(ADDRESS))
    fill(10)
    assert queries(lambda: staff.get(ADDRESS)) == few


def test_what_is_saved_is_told_as_it_was_counted_last(staff, member):
    def told() -> str:
        return re.search(r"<dt>Saved</dt><dd>(\d+)", staff.get("/team/archive/").content.decode())[1]

    make_clip(make_task(member), 1)
    assert told() == "1"
    make_clip(make_task(member), 1)
    assert told() == "1"
    Tally.objects.update(counted_at=timezone.now() - 2 * STALE_AFTER)
    assert told() == "2"
