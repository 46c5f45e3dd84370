"""Links for guests: what they show, what they never show, and that a closed one is as if it had never been."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.html import escape

from extender.sharing.models import Share
from extender.states import FINAL, State
from extender.tasks.models import Task
from extender.team.models import Member
from tests.helpers import age, become_due, eventually, make_clip, make_task

HTMX = {"HX-Request": "true"}
SECRET = "words for the team alone"


def link_of(task: Task, **fields) -> str:
    return Share.objects.create(task=task, **fields).get_absolute_url()


def quiet(member, state: State, **fields) -> Task:
    return make_task(member, state, **{"due_at": None, **fields})


def as_seen(response) -> tuple:
    """A whole answer, but for the number that each request has of its own, and for the time."""
    headers = {name: value for name, value in response.headers.items() if name not in ("X-Request-ID", "Expires")}
    return response.status_code, headers, response.content


def test_a_guest_sees_the_four_clips(guest, original):
    page = guest.get(link_of(original)).content.decode()
    assert page.count("<video") == 4
    assert all(f'<video src="{clip.source_url}" preload="metadata" muted loop' in page for clip in original.clips)


def test_a_guest_needs_and_gets_no_cookie(guest, member):
    address = link_of(make_task(member))
    for path in ("", "status/"):
        assert not guest.get(address + path).cookies


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("path", ["", "status/"])
def test_a_guest_learns_nothing_of_the_team(guest, member, state, path):
    parent = make_task(member, prompt="the parent's words")
    other = make_task(member, State.FAILED, prompt="another task's words")
    task = quiet(
        member, state, prompt=SECRET, parent=parent, reason="their reason", remote_id="their-remote-id", percentage=40
    )
    response = guest.get(link_of(task) + path)
    page = response.content.decode()
    assert f'data-state="{state}"' in page
    assert page.count(member.username) == (path == ""), "who shows it"
    for hidden in (
        SECRET,
        "their reason",
        "their-remote-id",
        str(task.pk),
        task.webhook_nonce,
        str(parent.pk),
        str(other.pk),
        "words",
    ):
        assert hidden not in page, hidden
    assert "/tasks/" not in page
    assert "<form" not in page
    assert "running" not in page
    for action in ("Extend<", "Download", "Open<", "Revoke", "Sign out", "Edit and run again", "Send again"):
        assert action not in page, action


def test_the_prompt_is_shown_only_where_the_owner_ticked_it(web, guest, member):
    task = make_task(member, prompt=SECRET)
    for ticked in ({}, {"show_prompt": "on"}):
        web.post(f"/tasks/{task.pk}/share/", ticked)
        link = Share.objects.first()
        assert link.show_prompt == bool(ticked)
        assert (SECRET in guest.get(link.get_absolute_url()).content.decode()) == bool(ticked)


def test_a_prompt_that_is_shown_is_text(guest, member):
    link = link_of(make_task(member, prompt="<script>alert(1)</script>"), show_prompt=True)
    page = guest.get(link).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_prompt_stands_whole_beneath_the_wall(guest, member):
    prompt = "A kite over the sea. " * 50
    page = guest.get(link_of(make_task(member, prompt=prompt), show_prompt=True)).content.decode()
    assert page.count(prompt) == page[page.index('id="task"') :].count(prompt) == 1


def test_a_guest_reads_the_owners_title_and_whose_it_is(web, guest, member):
    task = make_task(member)
    typed = {"": "", " The\0 <b>ferry</b>\nleaves ": "The <b>ferry</b> leaves", "x" * 130: "x" * 120}
    for text, title in typed.items():
        web.post(f"/tasks/{task.pk}/share/", {"title": text})
        link = Share.objects.first()
        assert link.title == title
        page = guest.get(link.get_absolute_url()).content.decode()
        assert f'<h1 dir="auto">{escape(title or "Shared with you")}</h1>' in page
        assert f"<title>{escape(title or 'Shared with you')} · Extender</title>" in page
        assert "Shown by mira" in page
    member.first_name, member.last_name = "Mira", "Olsen"
    member.save()
    assert "Shown by Mira Olsen" in guest.get(link.get_absolute_url()).content.decode()


def test_the_owner_sees_on_a_link_what_a_guest_sees(web, guest, member):
    # Else the page would count the seconds up to each reading.
    ended = timezone.now()
    address = link_of(make_task(member, prompt=SECRET, created_at=ended, ended_at=ended))
    assert web.get(address).content == guest.get(address).content


@pytest.mark.parametrize("path", ["", "status/"])
def test_neither_search_engines_nor_other_sites_learn_the_address(guest, member, path):
    response = guest.get(link_of(make_task(member)) + path)
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("state", State)
def test_a_guest_sees_the_state_and_asks_until_it_is_final(guest, member, state):
    task = quiet(member, state, version=7)
    address = link_of(task)
    page = guest.get(address).content.decode()
    assert f'data-state="{state}"' in page
    assert (f'hx-get="{address}status/?v=7"' in page) == ("hx-get" in page) == (state not in FINAL)
    assert guest.get(f"{address}status/?v=7").status_code == 204
    assert guest.get(f"{address}status/?v=6").status_code == 200


def test_a_guests_open_page_finishes_the_task(guest, submit):
    task = submit()
    address = link_of(task)

    def look() -> bool:
        become_due(task)
        return b'data-state="finished"' in guest.get(address + "status/", headers=HTMX).content

    eventually(look)
    assert guest.get(address).content.count(b"<video") == 4


def test_fewer_clips_are_shown_as_they_are(guest, member):
    task = make_task(member, urls=[None, "https://clips.example/2.mp4"])
    assert guest.get(link_of(task)).content.count(b"<video") == 1


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_closed_link_is_as_if_it_had_never_been(web, guest, member, headers):
    task = make_task(member)
    address = link_of(task)
    assert guest.get(address, headers=headers).status_code == 200
    web.post(f"/tasks/{task.pk}/share/{Share.objects.get().pk}/revoke/")
    for path in ("", "status/", "status/?v=1"):
        closed = as_seen(guest.get(address + path, headers=headers))
        assert closed[0] == 404
        for token in ("a" * 32, "a", "a" * 2000, "%20", "%27--", "%00", "%F0%9F%8E%AC", "..", "a.b"):
            assert as_seen(guest.get(f"/s/{token}/{path}", headers=headers)) == closed, token


def test_links_of_somebody_who_left_are_closed_until_they_are_back(guest, member):
    task = make_task(member)
    clip = make_clip(task)
    link = link_of(task)
    addresses = [link, f"{link}status/", f"{link}copies/", f"{link}clips/{clip.pk}.mp4"]
    for is_active, status in ((True, 200), (False, 404), (True, 200)):
        Member.objects.filter(pk=member.pk).update(is_active=is_active)
        assert {guest.get(address).status_code for address in addresses} == {status}
    Member.objects.filter(pk=member.pk).update(is_active=False)
    never = guest.get("/s/never/")
    assert as_seen(guest.get(link)) == as_seen(never)


def test_closing_one_link_leaves_the_others_open(web, guest, member):
    task = make_task(member)
    first, second = link_of(task), link_of(task)
    web.post(f"/tasks/{task.pk}/share/{Share.objects.last().pk}/revoke/")
    assert [guest.get(address).status_code for address in (first, second)] == [404, 200]


def test_a_link_that_is_closed_twice_keeps_its_first_end(web, member):
    task = make_task(member)
    link_of(task)
    share = Share.objects.get()
    ends = []
    for _ in range(2):
        assert web.post(f"/tasks/{task.pk}/share/{share.pk}/revoke/").status_code == 302
        share.refresh_from_db()
        ends.append(share.revoked_at)
    assert ends[0]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_revoked_link_is_had_back_within_ten_seconds_and_no_later(web, guest, member, headers):
    task = make_task(member)
    address = link_of(task)
    share = Share.objects.get()
    undo = f"/tasks/{task.pk}/share/{share.pk}/undo/"

    def revoke() -> str:
        answer = web.post(f"/tasks/{task.pk}/share/{share.pk}/revoke/", headers=headers, follow=True)
        assert guest.get(address).status_code == 404
        return answer.content.decode()

    assert f'action="{undo}"' in revoke()
    assert share.token in web.post(undo, headers=headers, follow=True).content.decode()
    assert guest.get(address).status_code == 200
    revoke()
    Share.objects.update(revoked_at=Now() - timedelta(seconds=11))
    assert undo not in web.get(f"/tasks/{task.pk}/").content.decode()
    late = web.post(undo, headers=headers, follow=True).content.decode()
    assert "too late to undo" in late
    assert guest.get(address).status_code == 404


@pytest.mark.parametrize(
    ("state", "offered"), [("finished", True), ("processing", True), ("failed", False), ("cancelled", False)]
)
def test_only_what_has_clips_or_may_have_them_is_offered(web, member, state, offered):
    task = quiet(member, state)
    assert (b'id="make-link"' in web.get(f"/tasks/{task.pk}/").content) == offered
    task.clip_set.update(state="lost")
    assert (b'id="make-link"' in web.get(f"/tasks/{task.pk}/").content) == (state == "processing")


def test_a_dead_link_says_so_in_the_guests_words_and_leads_nowhere(guest, db):
    page = guest.get("/s/nothing/").content.decode()
    assert "This link no longer works" in page
    assert "Ask whoever sent it for a new one." in page
    assert "<a" not in page.replace('<a class="skip"', "")


def test_each_link_has_a_key_of_its_own_that_cannot_be_guessed(member):
    task = make_task(member)
    tokens = {Share.objects.create(task=task).token for _ in range(20)}
    assert len(tokens) == 20
    assert all(re.fullmatch(r"[\w-]{43}", token) for token in tokens)


def test_the_database_has_no_token_and_its_owner_reads_it_again_by_the_servers_key(web, guest, member, settings):
    task = quiet(member, State.PROCESSING)
    web.post(f"/tasks/{task.pk}/share/")
    address = Share.objects.get().get_absolute_url()
    token = address.split("/")[2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sharing_share")
        row = cursor.fetchone()
    assert token not in " ".join(map(str, row))
    for written in map(str, row):
        assert guest.get("/s/" + quote(written, safe="") + "/").status_code == 404
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key " * 5
    web.force_login(member)
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert "cannot show it again" in page
    assert "data-copy" not in page
    assert f'hx-get="{address}status/' in guest.get(address).content.decode()
    settings.SECRET_KEY_FALLBACKS = ["x", old]
    assert token in web.get(f"/tasks/{task.pk}/").content.decode()


def test_only_the_owner_makes_and_closes_links(web, browser_of, stranger, guest, member):
    task, other = make_task(member), make_task(stranger)
    address = link_of(task)
    share = Share.objects.get()
    theirs = browser_of(stranger)
    assert theirs.post(f"/tasks/{task.pk}/share/").status_code == 404
    assert theirs.post(f"/tasks/{task.pk}/share/{share.pk}/revoke/").status_code == 404
    # Nor by naming the link under a task of one's own.
    theirs.post(f"/tasks/{other.pk}/share/{share.pk}/revoke/")
    assert theirs.post(f"/tasks/{task.pk}/share/{share.pk}/undo/").status_code == 404
    assert guest.post(f"/tasks/{task.pk}/share/").status_code == 302
    assert Share.objects.count() == 1
    assert guest.get(address).status_code == 200


@pytest.mark.parametrize("path", ["share/", "share/{}/revoke/", "share/{}/undo/"])
def test_looking_makes_and_closes_nothing(web, member, path):
    task = make_task(member)
    link_of(task)
    share = Share.objects.get()
    assert web.get(f"/tasks/{task.pk}/{path.format(share.pk)}").status_code == 405
    assert list(Share.objects.live()) == [share]


def test_a_fragment_comes_back_to_htmx_and_the_page_to_a_plain_form(web, member):
    task = make_task(member)
    made = web.post(f"/tasks/{task.pk}/share/")
    assert (made.status_code, made["Location"]) == (302, f"/tasks/{task.pk}/#share")
    share = Share.objects.get()
    fragment = web.post(f"/tasks/{task.pk}/share/", headers=HTMX)
    assert fragment.content.count(b"data-copy") == 2
    assert b"<html" not in fragment.content
    closed = web.post(f"/tasks/{task.pk}/share/{share.pk}/revoke/", headers=HTMX)
    assert closed.content.count(b"data-copy") == 1
    assert share.token.encode() not in closed.content
    page = web.get(f"/tasks/{task.pk}/").content
    assert page.count(b"data-copy") == 1


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [("", "http://testserver"), ("https://extender.example", "https://extender.example")],
)
def test_a_link_leads_to_where_guests_reach_this_server(web, member, settings, public_url, origin):
    settings.PUBLIC_URL = public_url
    task = make_task(member)
    fragment = web.post(f"/tasks/{task.pk}/share/", headers=HTMX).content.decode()
    whole = f">{origin}/s/{Share.objects.get().token}/</textarea>"
    assert whole in fragment
    assert whole in web.get(f"/tasks/{task.pk}/").content.decode()


def test_the_links_of_other_tasks_stay_with_them(web, member):
    link_of(make_task(member))
    page = web.get(f"/tasks/{make_task(member).pk}/").content
    assert b"data-copy" not in page


def test_a_task_has_so_many_links_and_no_more(web, member, shorten):
    shorten("extender.sharing.links.MOST_LINKS", 1)
    task = make_task(member)
    address = f"/tasks/{task.pk}/share/"
    assert web.post(address).status_code == 302
    refused = web.post(address)
    assert (refused.status_code, task.shares.count()) == (429, 1)
    page = refused.content.decode()
    assert "<p>1 links were made here, and no more can be.</p>" in page
    assert f'href="/tasks/{task.pk}/#share">Back</a>' in page
    assert "1 links were made here" in web.post(address, headers={"HX-Request": "true"}).content.decode()


def test_a_shared_task_that_changes_is_seen_at_the_next_poll(guest, member):
    task = quiet(member, State.PROCESSING, percentage=10)
    address = f"{link_of(task)}status/?v=1"
    assert guest.get(address).status_code == 204
    age(task, percentage=55, version=2)
    assert "55 %" in guest.get(address).content.decode()
