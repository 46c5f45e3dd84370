"""A task's page: what it says in each state, how it changes by itself, and who may see it."""

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from extender.sharing.models import Share
from extender.states import FINAL, State
from extender.tasks.models import Event, Gate, Task
from extender.tasks.updates import record
from tests.helpers import age, become_due, eventually, make_clip, make_task, queries

HTMX = {"HX-Request": "true"}
WORDS = {
    State.QUEUED: "Waiting to be sent",
    State.CANCELLED: "Cancelled",
    State.SENDING: "Sending",
    State.UNCONFIRMED: "Unconfirmed",
    State.PENDING: "In APIFRAME’s queue",
    State.PROCESSING: "Rendering",
    State.FINISHED: "Finished",
    State.FAILED: "Failed",
}
EVENT = re.compile(r"</time> · ([^<]*)</p>\s*<p class=\"said[^>]*>([^<]*)<")
PRIVATE = [
    ("get", ""),
    ("get", "status/"),
    ("get", "events/"),
    ("get", "clips/1/download/"),
    ("post", "share/"),
    ("post", "cancel/"),
    ("post", "share/1/revoke/"),
]


def quiet(member, state: State, **fields) -> Task:
    """A task about which nothing is due, so that a look asks nobody."""
    return make_task(member, state, **{"due_at": None, **fields})


def wall(response) -> str:
    """The element that shows the task, alone."""
    return re.search(r'<section id="task".*?</section>', response.content.decode(), re.DOTALL)[0]


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_words_on_the_page_and_in_the_fragment(web, member, state):
    task = quiet(member, state)
    for address in ("", "status/"):
        shown = wall(web.get(f"/tasks/{task.pk}/{address}"))
        assert f'data-state="{state}"' in shown
        assert re.search(rf"</span> {WORDS[state]}\s*</p>", shown)


@pytest.mark.parametrize(
    ("state", "before"), [("queued", ""), ("processing", "40 % · "), ("finished", "✓ "), ("failed", "! ")]
)
def test_the_tab_tells_how_far_it_is_and_how_it_ended(web, member, state, before):
    task = quiet(member, state, percentage=40)
    for address in ("", "status/"):
        page = web.get(f"/tasks/{task.pk}/{address}").content.decode()
        assert f"<title>{before}a cat dancing · Extender</title>" in page


@pytest.mark.parametrize("state", State)
def test_it_asks_for_news_until_nothing_can_change_any_more(web, member, state):
    task = quiet(member, state, version=7)
    for address in ("", "status/"):
        shown = wall(web.get(f"/tasks/{task.pk}/{address}"))
        asks = f'hx-get="/tasks/{task.pk}/status/?v=7"' in shown
        assert asks == (state not in FINAL)
        # What has finished asks on for its copies alone, and at the page's first load not for those of long ago.
        goes_on = state not in FINAL or (state == State.FINISHED and address == "status/")
        assert goes_on == ("hx-get" in shown) == ("hx-trigger" in shown)


@pytest.mark.parametrize("state", State)
def test_the_status_is_204_for_the_version_that_is_shown_and_the_fragment_for_any_other(web, member, state):
    task = quiet(member, state, version=7)
    status = f"/tasks/{task.pk}/status/"
    current = web.get(f"{status}?v=7", headers=HTMX)
    assert (current.status_code, current.content) == (204, b"")
    for version in ("?v=6", "?v=", "", "?v=x"):
        response = web.get(status + version, headers=HTMX)
        assert response.status_code == 200
        assert f'data-state="{state}"'.encode() in response.content
        assert b"<html" not in response.content


def test_a_fragment_brings_the_bar_and_the_words_for_screen_readers_along(web, member):
    task = quiet(member, State.PROCESSING, percentage=40)
    quiet(member, State.PENDING)
    quiet(member, State.QUEUED)
    page = web.get(f"/tasks/{task.pk}/status/").content.decode()
    assert '<span hx-swap-oob="innerHTML:#announce">Rendering, 25 percent</span>' in page
    bar = re.sub(r"<[^>]+>", "", page[page.index('id="running"') :])
    assert "2 running" in bar
    assert "20 %" in bar, "what waits is counted apart"
    assert "1 waiting" in bar
    assert page.count("hx-swap-oob") == 2


def test_the_percentage_is_a_number_and_a_bar(web, member):
    running = make_task(member, State.PROCESSING, percentage=40, due_at="2100-01-01T00:00:00Z")
    shown = wall(web.get(f"/tasks/{running.pk}/"))
    assert '<span class="number">40 %</span>' in shown
    assert re.search(r'<progress class="line" [^>]*max="100" value="40"', shown)
    assert shown.count('class="fill"') == 4


def test_it_says_how_long_it_has_run_and_how_long_it_took(web, member):
    now = timezone.now()
    running, done = quiet(member, State.PROCESSING), quiet(member, State.FINISHED)
    # What is tried again and again was submitted once.
    age(running, submitted_at=now - timedelta(seconds=75), sent_at=now)
    age(done, sent_at=now - timedelta(seconds=150), ended_at=now - timedelta(seconds=50))
    so_far = re.search(r'data-clock="(\d+)">1:1(\d)</span> so far', wall(web.get(f"/tasks/{running.pk}/")))
    assert 75 <= int(so_far[1]) < 80
    assert "Rendered in 1 min 40 s" in wall(web.get(f"/tasks/{done.pk}/"))


def test_the_usual_duration_is_the_median_of_what_finished_here(web, member, stranger):
    task = quiet(member, State.PROCESSING)
    address = f"/tasks/{task.pk}/"
    assert b"Usually takes" not in web.get(address).content
    now = timezone.now()
    for seconds in (10, 40, 3000):
        age(make_task(stranger), sent_at=now - timedelta(seconds=seconds), ended_at=now)
    # Neither of these says how long rendering takes.
    age(make_task(member, State.FAILED), sent_at=now - timedelta(seconds=5000), ended_at=now)
    make_task(member, kind=Task.Kind.ORIGINAL, remote_id="an original")
    pictures = make_task(member, kind=Task.Kind.PICTURES)
    for _ in range(5):
        age(make_task(member, kind=Task.Kind.PICTURES), sent_at=now - timedelta(seconds=9), ended_at=now)
    page = web.get(address).content
    assert b"Usually takes about 40 s" in page
    assert b"data-late" not in page
    age(task, submitted_at=now - timedelta(seconds=61))
    assert b"data-late" in web.get(address).content
    assert b"Usually takes" not in web.get(f"/tasks/{make_task(member).pk}/").content
    age(pictures, state=State.PROCESSING, due_at=None)
    assert b"Usually takes a few seconds" in web.get(f"/tasks/{pictures.pk}/").content


def test_four_clips_play_muted_and_looping_each_with_its_actions(web, member):
    task = make_task(member)
    shown = wall(web.get(f"/tasks/{task.pk}/"))
    for index in range(1, 5):
        assert f'<video src="https://clips.example/{index}.mp4" preload="metadata" muted loop playsinline' in shown
        assert f'href="/tasks/{task.pk}/clips/{index}/download/"' in shown
        assert f'<a class="quiet-button" href="https://clips.example/{index}.mp4" target="_blank"' in shown
    assert "<progress" not in shown


def test_fewer_clips_are_said_and_keep_their_numbers(web, member):
    urls = ["https://clips.example/1.mp4", None, "https://clips.example/3.mp4"]
    task = make_task(member, urls=urls)
    shown = wall(web.get(f"/tasks/{task.pk}/"))
    assert ">2 of 4 clips<" in shown
    assert shown.count("<video") == 2
    assert "clips/3/download/" in shown
    assert "clips/2/download/" not in shown
    assert ">1 of 4 clips<" in wall(web.get(f"/tasks/{make_task(member, urls=urls[:1]).pk}/"))
    assert "of 4 clips" not in wall(web.get(f"/tasks/{make_task(member).pk}/"))


def test_a_failure_shows_the_whole_reason_and_the_way_on(web, member):
    reason = "Banned prompt detected. " + "Your prompt holds words that are not allowed. " * 30 + "The end."
    task = make_task(member, State.FAILED, reason=reason)
    shown = wall(web.get(f"/tasks/{task.pk}/"))
    assert reason in shown
    assert f'<a class="button primary" href="/tasks/new/?again={task.pk}">Edit and run again</a>' in shown
    assert f'action="/tasks/{task.pk}/again/"' in shown
    assert "<video" not in shown


def test_what_may_have_been_billed_warns_of_a_second_charge(web, member):
    task = quiet(member, State.UNCONFIRMED, reason="APIFRAME did not answer in time.")
    shown = wall(web.get(f"/tasks/{task.pk}/"))
    assert "APIFRAME did not answer in time." in shown
    assert "may have billed it" in shown
    assert f'href="/tasks/new/?again={task.pk}">Send again (may be charged twice)</a>' in shown
    assert "Edit and run again" not in shown


def test_what_is_not_sent_yet_says_why_and_that_nothing_was_billed(web, member):
    task = quiet(member, State.QUEUED, reason="APIFRAME could not be reached.")
    shown = wall(web.get(f"/tasks/{task.pk}/"))
    assert "APIFRAME could not be reached." in shown
    assert "Nothing has been billed" in shown
    assert "again=" not in shown


def test_a_prompt_of_two_lines_is_a_title_and_a_whole_prompt(web, member):
    task = make_task(member, prompt="first the rain\nthen the sun")
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert '<h1 class="task-title" dir="auto">first the rain</h1>' in page
    assert '<p class="prompt" dir="auto">first the rain\nthen the sun</p>' in page


def test_words_of_others_are_text_and_never_markup(web, member):
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    parent = make_task(member, prompt=evil)
    task = make_task(member, State.FAILED, parent=parent, prompt=evil, reason=evil, parent_task_id=evil[:36])
    other = make_task(member, State.FAILED, prompt=evil, reason=evil, parent_task_id=evil[:36])
    record(task, evil, Event.Source.WEBHOOK)
    base = f"/tasks/{task.pk}/"
    addresses = [base, base + "status/", base + "events/", f"/tasks/{other.pk}/", "/tasks/", "/tasks/new/"]
    addresses += [f"/tasks/new/?again={task.pk}", f"/tasks/new/?parent={parent.pk}"]
    for address in addresses:
        page = web.get(address).content.decode()
        assert "<script>alert" not in page, address
        assert "<img" not in page, address
    assert "&lt;script&gt;alert(1)" in web.get(base).content.decode()


def test_an_original_says_what_it_is_and_offers_no_second_run(web, original):
    page = web.get(f"/tasks/{original.pk}/").content.decode()
    assert original.remote_id in page
    assert "APIFRAME does not give the prompt" in page
    assert "again=" not in page
    assert page.count("/download/") == 5


def test_a_page_says_what_it_continues(web, member):
    parent = make_task(member, prompt="the parent's words")
    known = web.get(f"/tasks/{make_task(member, parent=parent, index=3).pk}/").content.decode()
    assert f'<a class="source" href="/tasks/{parent.pk}/">' in known
    assert "Clip 3 of “the parent&#x27;s words”" in known
    assert 'src="https://clips.example/3.mp4#t=0.1"' in known
    unknown = web.get(f"/tasks/{make_task(member, index=2, parent_task_id='the-id').pk}/").content.decode()
    assert "Clip 2 of a video made elsewhere, <code>the-id</code>" in unknown


def test_a_real_task_lives_through_its_states_in_an_open_page(web, submit, sandbox):
    sandbox.options(seconds=1)
    task, seen = submit("[fail] snow"), []

    def look() -> bool:
        become_due(task)
        seen.append(re.search(r'data-state="(\w+)"', web.get(f"/tasks/{task.pk}/status/").content.decode())[1])
        return seen[-1] == "failed"

    eventually(look)
    assert seen[0] == "pending"
    assert "processing" in seen
    task.refresh_from_db()
    assert task.reason == sandbox.fetch(task.remote_id)["message"]


def test_what_happened_is_told_newest_first_as_a_fragment_and_as_a_page(web, member):
    task = make_task(member)
    for said in ("submitted", "processing 40 %", "finished with 4 clips"):
        Event.objects.create(task=task, source=Event.Source.POLL, said=said, changed=True)
    record(task, "finished with 4 clips again", Event.Source.WEBHOOK)
    record(make_task(member), "of another task", Event.Source.POLL)
    address = f"/tasks/{task.pk}/events/"
    fragment, page = web.get(address, headers=HTMX), web.get(address)
    assert b"<html" not in fragment.content
    assert b"<html" in page.content
    assert f'href="/tasks/{task.pk}/"'.encode() in page.content
    for response in (fragment, page):
        assert EVENT.findall(response.content.decode()) == [
            ("Webhook, nothing new", "finished with 4 clips again"),
            ("Status check", "finished with 4 clips"),
            ("Status check", "processing 40 %"),
            ("Status check", "submitted"),
        ]


def test_what_brings_nothing_new_is_folded_into_one_line_and_nothing_is_lost(web, member):
    task = make_task(member)
    for said, changed in [("processing 40 %", True), *[("processing 40 %", False)] * 20, ("finished", True)]:
        Event.objects.create(task=task, source=Event.Source.POLL, said=said, changed=changed)
    page = web.get(f"/tasks/{task.pk}/events/").content.decode()
    assert page.count("20 updates with nothing new") == page.count("<summary") == 1
    assert len(EVENT.findall(page)) == 22
    assert re.search(r'<time datetime="[^"]+" data-local="seconds">\d+ \w+, \d\d:\d\d:\d\d</time>', page)


def test_the_page_leads_to_what_happened_without_javascript_too(web, member):
    task = make_task(member)
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert f'<a href="/tasks/{task.pk}/events/">' in page
    assert "Nothing yet." in web.get(f"/tasks/{task.pk}/events/").content.decode()


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_what_is_not_yours_looks_like_what_is_not_there(web, stranger, method, path):
    theirs = make_task(stranger, prompt="their secret")
    Share.objects.create(pk=1, task=theirs)
    call = getattr(web, method)
    for headers in ({}, HTMX):
        there = call(f"/tasks/{theirs.pk}/{path}", headers=headers)
        nowhere = call(f"/tasks/{uuid.uuid4()}/{path}", headers=headers)
        assert there.status_code == nowhere.status_code == 404
        assert there.content == nowhere.content
    assert Share.objects.filter(revoked_at=None).count() == 1


def test_a_superuser_sees_no_more_than_others_outside_the_admin(browser_of, stranger, db):
    staff = get_user_model().objects.create_superuser("root", password="a long enough one")
    theirs = make_task(stranger)
    for _, path in PRIVATE[:4]:
        assert browser_of(staff).get(f"/tasks/{theirs.pk}/{path}").status_code == 404


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_a_visitor_is_led_to_sign_in(member, method, path):
    address = f"/tasks/{make_task(member).pk}/{path}"
    response = getattr(Client(), method)(address)
    assert response.status_code == 302
    assert response["Location"].startswith(f"/login/?next={address}" if method == "get" else "/login/")
    assert not Share.objects.exists()


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_a_signed_out_page_reloads_instead_of_swapping_a_sign_in_into_itself(member, method, path):
    address = f"/tasks/{make_task(member).pk}/{path}"
    response = getattr(Client(), method)(address, headers=HTMX)
    assert response["HX-Refresh"] == "true"
    assert response.content == b""
    assert "Location" not in response.headers


def test_a_poll_costs_three_queries_with_news_and_without_however_much_else_there_is(web, member):
    task = quiet(member, State.PROCESSING, parent=make_task(member))
    status = f"/tasks/{task.pk}/status/"

    def costs() -> list[int]:
        return [queries(lambda v=v: web.get(f"{status}?v={v}")) for v in (task.version, 0)]

    assert costs() == [3, 3]
    crowd(member, task)
    assert costs() == [3, 3]


def test_a_poll_of_what_waits_tells_why_by_the_same_three_queries(web, member):
    task = make_task(member, State.QUEUED, due_at=None)
    Gate.objects.update_or_create(defaults={"cause": Gate.Cause.CREDITS, "said": "No credits are left."})
    address = f"/tasks/{task.pk}/status/?v=0"
    assert "No credits are left." in web.get(address).content.decode()
    assert queries(lambda: web.get(address)) == 3


def test_pages_cost_the_same_however_much_else_there_is(web, member):
    addresses = [
        f"/tasks/{task.pk}/{path}"
        for task in (quiet(member, State.PROCESSING, parent=make_task(member)), make_task(member))
        for path in ("", "events/")
    ]
    tasks = [Task.objects.get(pk=address.split("/")[2]) for address in addresses[::2]]

    def costs() -> list[int]:
        return [queries(lambda address=address: web.get(address)) for address in addresses]

    few = costs()
    assert max(few) <= 8
    for task in tasks:
        crowd(member, task)
    assert costs() == few


def crowd(member, task: Task) -> None:
    """Ten more of everything that a task's page shows."""
    for number in range(10):
        quiet(member, State.PROCESSING, parent=task)
        record(task, f"said {number}", Event.Source.POLL)
        Share.objects.create(task=task)


def test_the_clips_can_be_ordered_by_their_cuts(web, member):
    task = make_task(member)
    for index, delta in ((1, 8.0), (2, 0.5), (3, None), (4, 3.0)):
        make_clip(task, index=index, cut_delta_e=delta)
    shown = wall(web.get(f"/tasks/{task.pk}/"))
    assert re.findall(r'id="copy-(\d)"', shown) == ["1", "2", "3", "4"]
    assert 'href="?order=cut"' in shown
    assert re.findall(r'id="copy-(\d)".*?</p>', shown[: shown.index(">smoothest<")], re.DOTALL)[-1:] == ["1"]
    ordered = wall(web.get(f"/tasks/{task.pk}/?order=cut"))
    assert re.findall(r'id="copy-(\d)"', ordered) == ["2", "4", "1", "3"]
    assert re.findall(r'<li class="frame" id="frame-(\d)"', ordered) == ["2", "4", "1", "3"]


def test_without_measured_cuts_there_is_no_order_and_room_for_one(web, member):
    task = make_task(member)
    make_clip(task, cut_delta_e=1.0)
    shown = wall(web.get(f"/tasks/{task.pk}/"))
    assert "unmeasured" in shown[: shown.index("order=cut")]
    assert "smoothest" not in shown


def test_a_long_prompt_stands_whole_among_the_details_and_a_short_one_in_the_title_alone(web, member):
    prompt = "A kite over the sea. " * 50
    page = web.get(f"/tasks/{make_task(member, prompt=prompt).pk}/").content.decode()
    whole = rf'<p class="prompt" dir="auto">{re.escape(prompt)}</p>'
    assert re.search(rf"(?s)<summary>Details</summary>\s*{whole}", page)
    assert '<p class="prompt"' not in web.get(f"/tasks/{make_task(member, prompt='A kite').pk}/").content.decode()
