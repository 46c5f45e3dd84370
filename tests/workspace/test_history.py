"""The history: whose it is, in what order, how it pages, and that one poll keeps it live."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from extender.archive import copying
from extender.states import State
from extender.tasks.models import Task
from tests.helpers import age, lie_at, make_task, queries

LOADS = re.compile(r'hx-get="(/tasks/\?[^"]*before=[^"]*)"')


def cards(response) -> list[str]:
    """The ids of the cards on a page, in order."""
    return [piece[:36] for piece in response.content.decode().split('id="card-')[1:]]


def test_it_shows_ones_own_tasks_newest_first(web, member, stranger):
    first, second = make_task(member), make_task(member)
    make_task(stranger, prompt="nobody else's business")
    response = web.get("/tasks/")
    assert cards(response) == [str(second.pk), str(first.pk)]
    assert b"nobody else" not in response.content


def test_an_empty_history_says_what_to_do(web):
    assert b"Begin with a picture, or with words" in web.get("/tasks/").content


def test_who_is_new_sees_what_it_does_in_a_moving_picture(web, guest, member):
    assert b"reel-screen" in guest.get("/login/").content
    assert b"reel-screen" in web.get("/tasks/").content
    make_task(member)
    assert b"reel" not in web.get("/tasks/").content
    assert (settings.BASE_DIR / "static" / "reel.webp").stat().st_size < 60_000


def test_plain_links_lead_through_all_pages(web, member):
    made = [str(make_task(member).pk) for _ in range(50)]
    # Rows of one moment must neither be shown twice nor skipped at a page's end.
    Task.objects.filter(pk__in=made[20:30]).update(created_at="2026-01-01T00:00:00Z")
    seen, address, pages = [], "/tasks/", 0
    while address:
        response = web.get(address)
        seen += cards(response)
        pages += 1
        _, found, rest = response.content.decode().partition('id="load-more" href="/tasks/?before=')
        address = "/tasks/?before=" + rest.partition('"')[0] if found else None
    assert pages == 3
    assert sorted(seen) == sorted(made)


def test_load_more_brings_cards_without_a_page(web, member):
    for _ in range(25):
        make_task(member)
    page = web.get("/tasks/").content.decode()
    mark = page.split('hx-get="/tasks/?before=')[1].split('"')[0]
    response = web.get(f"/tasks/?before={mark}", headers={"HX-Request": "true"})
    assert len(cards(response)) == 1
    assert b"<html" not in response.content


def test_a_mark_that_cannot_be_read_is_not_found(web, member):
    moments = ("2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
    for mark in ("x", "2026-01-01_x", *(f"{moment}_{uuid.uuid4()}" for moment in moments)):
        assert web.get("/tasks/", {"before": mark}).status_code == 404


@pytest.mark.races
def test_a_mark_in_any_zone_is_a_place(web, member):
    make_task(member)
    for moment, number in (("0002-01-01T00:00:00+23:59", 0), ("9998-12-31T23:59:59-23:59", 1)):
        assert len(cards(web.get("/tasks/", {"before": f"{moment}_{uuid.uuid4()}"}))) == number


def test_queries_stay_the_same_with_more_rows(web, member):
    parent = make_task(member)
    for _ in range(10):
        make_task(member, State.PROCESSING, parent=parent, due_at=None)
    few = queries(lambda: web.get("/tasks/"))
    for _ in range(10):
        make_task(member, State.PROCESSING, parent=parent, due_at=None)
    assert queries(lambda: web.get("/tasks/")) == few <= 6


def test_a_card_is_made_anew_when_something_on_it_changes_and_only_then(web, task):
    lie_at(task, ["https://clips.example/1.mp4", "https://clips.example/2.mp4"])
    first = queries(lambda: web.get("/tasks/"))
    assert queries(lambda: web.get("/tasks/")) == first - 1
    web.post(f"/tasks/{task.pk}/clips/2/pick/", {"picked": "yes"})
    assert "clip 2 picked" in web.get("/tasks/").content.decode()
    task.clip_set.update(state="lost")
    Task.objects.renumber(task.pk)
    assert "all clips lost" in web.get("/tasks/").content.decode()
    copying.copy_now()
    assert "all clips lost" not in web.get("/tasks/").content.decode()


def test_one_poll_brings_every_card_that_changed(web, member):
    same, changed, gone = (make_task(member, State.PROCESSING, due_at=None) for _ in range(3))
    asked = [f"{task.pk}:{task.version}" for task in (same, changed, gone)]
    Task.objects.filter(pk=changed.pk).update(version=2, percentage=40)
    Task.objects.filter(pk=gone.pk).update(version=2, state=State.FINISHED)
    response = web.post("/tasks/pulse/", {"open": asked})
    assert response.status_code == 200
    assert sorted(cards(response)) == sorted([str(changed.pk), str(gone.pk)])
    assert b"<span>2<span" in response.content, "the ring on top counts with it"


def test_a_poll_without_news_is_204_and_costs_three_queries_however_many_rows(web, member):
    tasks = [make_task(member, State.PROCESSING, due_at=None) for _ in range(20)]
    asked = [f"{task.pk}:1" for task in tasks]
    assert web.post("/tasks/pulse/", {"open": asked}).status_code == 204
    assert queries(lambda: web.post("/tasks/pulse/", {"open": asked[:10]})) == 3
    assert queries(lambda: web.post("/tasks/pulse/", {"open": asked})) == 3


def test_the_bar_asks_by_itself_as_long_as_something_runs(web, member):
    running = make_task(member, State.PROCESSING, percentage=40)
    address = re.search(r'hx-get="(/tasks/running/[^"]+)"', web.get("/password/").content.decode())[1]
    assert web.get(address).status_code == 204
    assert queries(lambda: web.get(address)) == 3
    Task.objects.filter(pk=running.pk).update(percentage=60)
    assert "60 %" in web.get(address).content.decode()
    Task.objects.filter(pk=running.pk).update(state=State.FINISHED)
    over = web.get(address).content.decode()
    assert "hidden" in over
    assert "hx-get" not in over


def test_the_poll_stops_when_nothing_can_change_any_more(web, member):
    task = make_task(member)
    assert web.post("/tasks/pulse/", {"open": f"{task.pk}:0"}).status_code == 286
    assert web.post("/tasks/pulse/", {"open": "nonsense"}).status_code == 286


def test_the_poll_tells_nothing_of_others(web, member, stranger):
    theirs = make_task(stranger, State.PROCESSING, prompt="their secret", due_at=None)
    response = web.post("/tasks/pulse/", {"open": f"{theirs.pk}:0"})
    assert b"their secret" not in response.content
    assert str(theirs.pk).encode() not in response.content


def test_a_card_says_its_state_in_words_and_what_it_continues(web, member):
    parent = make_task(member, prompt="the parent's words")
    make_task(member, State.PROCESSING, parent=parent, index=3, percentage=40, due_at=None)
    make_task(member, State.FAILED, reason="Banned prompt detected")
    page = web.get("/tasks/").content.decode()
    assert "Rendering" in page
    assert "40 %" in page
    assert "clip 3 of “the parent&#x27;s words”" in page
    assert "Banned prompt detected" in page


def test_a_card_keeps_no_place_for_what_will_not_come(web, member):
    urls = ["https://clips.example/1.mp4", None, "https://clips.example/3.mp4"]
    make_task(member, urls=urls)
    assert web.get("/tasks/").content.decode().count('<div class="frame') == 2
    make_task(member, State.PROCESSING)
    assert web.get("/tasks/").content.decode().count('<div class="frame') == 2 + 4


def test_picked_shows_the_tasks_with_picked_clips_alone_and_says_which(web, member, stranger):
    one, both, none = make_task(member, picks=(2,)), make_task(member, picks=(1, 3)), make_task(member)
    make_task(stranger, picks=(1,))
    response = web.get("/tasks/?picked=yes")
    assert cards(response) == [str(both.pk), str(one.pk)]
    page = response.content.decode()
    assert '<span class="sr-only">clip 2 picked</span>' in page
    assert '<span class="sr-only">clips 1 and 3 picked</span>' in page
    assert page.count("★") == 3
    assert '<a href="/tasks/?picked=yes" aria-current="page">Picked</a>' in page
    whole = web.get("/tasks/")
    assert str(none.pk) in cards(whole)
    assert '<a href="/tasks/" aria-current="page">All</a>' in whole.content.decode()


def test_load_more_keeps_the_filter(web, member):
    made = [str(make_task(member, picks=(1,)).pk) for _ in range(50)]
    for _ in range(30):
        make_task(member)
    seen, address, headers = [], "/tasks/?picked=yes", {}
    while address:
        page = web.get(address, headers=headers).content.decode()
        seen += [piece[:36] for piece in page.split('id="card-')[1:]]
        asked = LOADS.search(page)
        address, headers = asked and asked[1].replace("&amp;", "&"), {"HX-Request": "true"}
        assert not asked or f'href="{asked[1]}"' in page
    assert seen == made[::-1]


def test_nothing_picked_says_what_to_do(web, member):
    make_task(member)
    page = web.get("/tasks/?picked=yes").content.decode()
    assert "Nothing picked yet" in page
    assert "Pick the clips you want to work on" in page
    assert "Begin with a picture" not in page
    assert b"Nothing picked yet" not in web.get("/tasks/").content


def test_what_is_picked_costs_the_same_with_more_rows(web, member):
    make_task(member, picks=(1,), parent=make_task(member))
    few = queries(lambda: web.get("/tasks/?picked=yes"))
    for _ in range(10):
        make_task(member, picks=(1,), parent=make_task(member))
    assert queries(lambda: web.get("/tasks/?picked=yes")) == few <= 6


DAY = re.compile(r'<li class="day">\s*<h2>\s*(?:<time datetime="([^"]*)"[^>]*>)?([^<]*?)\s*</')


def days(response) -> list[str]:
    """The headings on a page, in order."""
    return [name for _, name in DAY.findall(response.content.decode())]


def made(task: Task, at: datetime) -> Task:
    age(task, created_at=at)
    return task


def test_each_day_has_one_heading_and_its_date_in_english(web, member):
    now = timezone.now()
    for back in (0, 0, 1, 2):
        made(make_task(member), now - timedelta(days=back))
    made(make_task(member), datetime(2019, 3, 4, 12, tzinfo=UTC))
    before = f"{now - timedelta(days=2):%A}, "
    found = days(web.get("/tasks/"))
    assert (found[:2], found[3:]) == (["Today", "Yesterday"], ["4 March 2019"])
    assert found[2].startswith(before)
    assert days(web.get("/tasks/?picked=yes")) == []


def test_picks_stand_together_under_no_headings_each_with_its_date(web, member):
    for back in (0, 1):
        made(make_task(member, picks=(1,)), timezone.now() - timedelta(days=back))
    response = web.get("/tasks/?picked=yes")
    assert (len(cards(response)), days(response)) == (2, [])
    yesterday = timezone.now() - timedelta(days=1)
    assert f">{yesterday:%-d} {yesterday:%b}, " in response.content.decode()


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Pacific/Auckland", "2 January 2020"), ("America/Lima", "1 January 2020"), ("../x", "1 January 2020")],
)
def test_a_day_is_the_readers_own(web, member, zone, day):
    made(make_task(member), datetime(2020, 1, 1, 20, tzinfo=UTC))
    web.cookies["zone"] = zone
    assert days(web.get("/tasks/")) == [day]


def test_a_heading_stands_once_however_much_is_loaded(web, member):
    noon = datetime(2020, 1, 2, 12, tzinfo=UTC)
    for number in range(60):
        made(make_task(member), noon - timedelta(minutes=number) - timedelta(days=number >= 40))
    whole = web.get("/tasks/")
    found, headers = days(whole), {"HX-Request": "true"}
    while asked := LOADS.search(whole.content.decode()):
        whole = web.get(asked[1], headers=headers)
        found += days(whole)
    assert found == ["2 January 2020", "1 January 2020"]
    # Who has no script has a page of its own there.
    assert days(web.get(LOADS.search(web.get("/tasks/").content.decode())[1])) == found


def test_who_comes_back_finds_all_that_was_loaded(web, member):
    made = [str(make_task(member).pk) for _ in range(80)]
    page, address, shown = web.get("/tasks/"), "/tasks/", []
    shown += cards(page)
    for pages in (2, 3):
        at = f"http://testserver{address}"
        page = web.get(LOADS.search(page.content.decode())[1], headers={"HX-Request": "true", "HX-Current-URL": at})
        shown += cards(page)
        address = page["HX-Replace-Url"]
        assert address == f"/tasks/?pages={pages}"
        again = web.get(address)
        assert cards(again) == shown == made[::-1][: 24 * pages]
        assert LOADS.search(again.content.decode())[1] == LOADS.search(page.content.decode())[1]


@pytest.mark.parametrize(
    "at", ["", "http://[", "http://[::1%", "//", "https://elsewhere.example/tasks/", "%%%", "\xff"]
)
def test_an_address_that_is_none_of_ours_is_replaced_by_none(web, task, at):
    page = web.get("/tasks/", headers={"HX-Request": "true", "HX-Current-URL": at})
    assert page.status_code == 200
    assert "HX-Replace-Url" not in page


@pytest.mark.parametrize("pages", ["0", "-1", "x", "", "²", "9" * 5000])
def test_a_number_of_pages_has_its_bounds(web, member, pages):
    for _ in range(30):
        make_task(member)
    assert len(cards(web.get(f"/tasks/?pages={pages}"))) == (30 if "99" in pages else 24)


def test_what_runs_can_be_seen_alone(web, member, stranger):
    runs = [make_task(member, state, due_at=None) for state in (State.QUEUED, State.SENDING, State.PROCESSING)]
    for state in (State.FINISHED, State.UNCONFIRMED, State.CANCELLED):
        make_task(member, state, due_at=None)
    make_task(stranger, State.PROCESSING, due_at=None)
    assert 'href="/tasks/?state=running"' in web.get("/tasks/").content.decode()
    response = web.get("/tasks/?state=running")
    assert cards(response) == [str(task.pk) for task in reversed(runs)]
    assert '<a href="/tasks/?state=running" aria-current="page">Running</a>' in response.content.decode()


def test_what_runs_pages_like_the_history_and_costs_less(web, member):
    assert "Nothing is running" in web.get("/tasks/?state=running").content.decode()
    ran = [str(make_task(member, State.PENDING, due_at=None).pk) for _ in range(50)]
    seen, address = [], "/tasks/?state=running"
    while address:
        page = web.get(address)
        seen += cards(page)
        asked = LOADS.search(page.content.decode())
        address = asked and asked[1].replace("&amp;", "&")
    assert seen == ran[::-1]
    assert queries(lambda: web.get("/tasks/?state=running")) <= 4


@pytest.mark.races
def test_what_is_picked_is_found_by_its_own_index_on_either_database(member):
    # So many that a planner which counts costs sees that it is worth it.
    rows = (Task(owner=member, prompt="a kite" * 50, has_picks=number % 20 == 0) for number in range(4000))
    tasks = Task.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_task")
    own = Task.objects.visible_to(member).newest_first().picked()
    for page in (own[:25], own.older_than(tasks[200].created_at, tasks[200].pk)[:25]):
        plan = page.explain()
        assert "picked_history" in plan, plan
        assert "TEMP B-TREE" not in plan, "a sorted page must come sorted from the index"
        assert "Sort" not in plan, plan


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite's own words for a plan")
def test_every_query_of_a_poll_and_a_page_goes_by_an_index(member):
    task = make_task(member, State.PROCESSING)
    own = Task.objects.visible_to(member)
    page = own.newest_first().older_than(task.created_at, task.pk)[:25]
    watched = Task.objects.filter(pk=task.pk).among(own)
    work = [Task.objects.to_send().order_by("due_at"), Task.objects.to_follow(), Task.objects.abandoned()]
    for query in (page, watched, own.running(), *work):
        plan = query.explain()
        assert "SCAN tasks_task" not in plan, plan
    assert "USING INDEX history" in page.explain()
    assert "TEMP B-TREE" not in page.explain(), "a sorted page must come sorted from the index"
