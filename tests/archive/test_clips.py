"""The bytes of our copies: who may have them, in which parts, with which headers, from where, and at what cost."""

import uuid
from urllib.parse import urlsplit

import pytest
import requests

from extender.archive.storage import KINDS, name
from extender.sharing.models import Share
from extender.states import FileState, State
from extender.tasks.models import Clip, Task
from tests.helpers import make_clip, make_task, queries

BODY = bytes(range(256)) * 10
SUFFIX = {"clip": ".mp4", "poster": ".poster.webp", "thumbnail": ".thumbnail.webp", "storyboard": ".storyboard.webp"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def copy(member) -> Clip:
    return make_clip(make_task(member), body=BODY)


def at(copy: Clip, kind: str = "clip") -> str:
    return f"/clips/{copy.pk}{SUFFIX[kind]}"


def under(link: Share, copy: Clip, kind: str = "clip") -> str:
    return f"/s/{link.token}/clips/{copy.pk}{SUFFIX[kind]}"


def body_of(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def path_of(settings, copy: Clip, kind: str = "clip"):
    return settings.MEDIA_ROOT / name(copy.sha256, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_its_owner_and_a_guest_with_a_link_see_it(web, guest, copy, kind):
    link = Share.objects.create(task=copy.task)
    for response in (web.get(at(copy, kind)), guest.get(under(link, copy, kind))):
        assert response.status_code == 200
        assert body_of(response) == (BODY if kind == "clip" else f"{kind} 1".encode())
        assert response["Content-Type"] == ("video/mp4" if kind == "clip" else "image/webp")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert not response.cookies


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_staff", [False, True])
def test_nobody_elses_account_sees_it(browser_of, stranger, copy, kind, is_staff):
    stranger.is_staff = stranger.is_superuser = is_staff
    stranger.save()
    theirs = browser_of(stranger)
    there, nowhere = theirs.get(at(copy, kind)), theirs.get(f"/clips/{uuid.uuid4()}{SUFFIX[kind]}")
    assert there.status_code == nowhere.status_code == 404
    assert there.content == nowhere.content


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_not_signed_in_is_led_to_sign_in(guest, copy, kind):
    response = guest.get(at(copy, kind))
    assert (response.status_code, urlsplit(response["Location"]).path) == (302, "/login/")
    assert guest.get(at(copy, kind), headers=HTMX).content == b""


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_opens_its_own_tasks_copies_and_those_alone(guest, web, member, copy, kind):
    other = Share.objects.create(task=make_task(member))
    revoked = Share.objects.create(task=copy.task, revoked_at="2026-01-01T00:00:00Z")
    tokens = [other.token, revoked.token, "a" * 32, "%00", f"{revoked.token}%00", "%F0%9F%8E%AC", "a" * 2000]
    for token in tokens:
        address = f"/s/{token}/clips/{copy.pk}{SUFFIX[kind]}"
        assert guest.get(address).status_code == 404, token
        assert web.get(address).status_code == 404, "an account adds nothing to a link"


@pytest.mark.parametrize("state", [state for state in FileState if state != FileState.STORED])
def test_what_is_not_safe_is_not_there_although_its_file_may_be(web, guest, copy, state):
    Clip.objects.update(state=state)
    link = Share.objects.create(task=copy.task)
    for kind in KINDS:
        assert web.get(at(copy, kind)).status_code == 404
        assert guest.get(under(link, copy, kind)).status_code == 404


@pytest.mark.parametrize("as_guest", [False, True])
def test_parts_are_had_through_the_front_door(web, guest, copy, as_guest):
    link = Share.objects.create(task=copy.task)
    browser, address = (guest, under(link, copy)) if as_guest else (web, at(copy))
    part = browser.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, body_of(part)) == (206, BODY[100:200])
    assert part["Content-Range"] == f"bytes 100-199/{len(BODY)}"
    assert part["Content-Length"] == "100"
    end = browser.get(address, headers={"Range": "bytes=-1"})
    assert (end.status_code, body_of(end)) == (206, BODY[-1:])
    beyond = browser.get(address, headers={"Range": f"bytes={len(BODY)}-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(BODY)}")
    head = browser.head(address)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", str(len(BODY)))
    assert head["Accept-Ranges"] == "bytes"


def test_it_is_only_looked_at(web, copy):
    for call in (web.post, web.put, web.delete):
        assert call(at(copy)).status_code == 405


def test_its_checksum_is_its_etag_and_a_member_may_keep_it(web, copy):
    response = web.get(at(copy))
    body_of(response)
    assert response["ETag"] == f'"{copy.sha256}"'
    kept = {word.strip() for word in response["Cache-Control"].split(",")}
    assert {"private", "immutable"} <= kept
    assert web.get(at(copy), headers={"If-None-Match": response["ETag"]}).status_code == 304


def test_a_guests_browser_asks_each_time_and_a_closed_link_shows_nothing_any_more(web, guest, copy):
    link = Share.objects.create(task=copy.task)
    first = guest.get(under(link, copy))
    body_of(first)
    assert first["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": first["ETag"]}
    for response in (first, guest.get(under(link, copy), headers=known)):
        assert response["Referrer-Policy"] == "no-referrer"
    assert response.status_code == 304
    web.post(f"/tasks/{copy.task_id}/share/{link.pk}/revoke/")
    for headers in ({}, known, {"Range": "bytes=0-0"}, {"If-Range": first["ETag"], "Range": "bytes=0-0"}):
        assert guest.get(under(link, copy), headers=headers).status_code == 404


def test_a_film_that_the_disk_has_lost_is_had_from_apiframe_and_a_picture_is_not_there(web, guest, copy, settings):
    link = Share.objects.create(task=copy.task)
    for kind in KINDS:
        path_of(settings, copy, kind).unlink()
    for response in (web.get(at(copy)), web.get(f"/tasks/{copy.task_id}/clips/1/download/")):
        assert (response.status_code, response["Location"]) == (302, copy.task.clip(1).source_url)
    # Where APIFRAME has it is no guest's business.
    assert guest.get(under(link, copy)).status_code == 404
    for kind in ("poster", "thumbnail", "storyboard"):
        assert web.get(at(copy, kind)).status_code == guest.get(under(link, copy, kind)).status_code == 404


def test_a_proxy_in_front_is_told_which_file_to_send(web, guest, copy, stranger, browser_of, settings):
    settings.X_ACCEL_PREFIX = "/protected/"
    link = Share.objects.create(task=copy.task)
    for kind in KINDS:
        for response in (web.get(at(copy, kind)), guest.get(under(link, copy, kind))):
            assert response["X-Accel-Redirect"] == f"/protected/{name(copy.sha256, kind)}"
            assert response.content == b""
        assert "X-Accel-Redirect" not in browser_of(stranger).get(at(copy, kind))
    assert guest.get(under(link, copy))["Cache-Control"] == "private, no-cache"


def test_a_bucket_is_pointed_to_with_an_address_that_ends(web, guest, member, stranger, browser_of, bucket, settings):
    settings.MEDIA_ROOT, settings.ARCHIVE_BUCKET = bucket.root, bucket.options
    copy = make_clip(make_task(member), body=BODY)
    link = Share.objects.create(task=copy.task)
    for response in (web.get(at(copy)), guest.get(under(link, copy))):
        assert response.status_code == 302
        assert requests.get(response["Location"], timeout=120).content == BODY
        assert "X-Amz-Expires" in response["Location"]
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Referrer-Policy"] == "no-referrer"
    saved = web.get(f"/tasks/{copy.task_id}/clips/1/download/")
    assert "a-cat-dancing-1.mp4" in requests.get(saved["Location"], timeout=120).headers["Content-Disposition"]
    assert browser_of(stranger).get(at(copy)).status_code == 404


def test_a_copy_is_downloaded_under_the_prompts_name(web, copy):
    response = web.get(f"/tasks/{copy.task_id}/clips/1/download/")
    assert body_of(response) == BODY
    assert response["Content-Disposition"] == 'attachment; filename="a-cat-dancing-1.mp4"'


def test_a_part_costs_a_member_three_queries_and_a_guest_one(web, guest, member, copy):
    link = Share.objects.create(task=copy.task)
    for _ in range(5):
        make_clip(make_task(member))
        Share.objects.create(task=copy.task)
    part = {"Range": "bytes=0-99"}
    assert queries(lambda: body_of(web.get(at(copy), headers=part))) == 3
    assert queries(lambda: body_of(guest.get(under(link, copy), headers=part))) == 1


def test_a_history_of_copies_costs_the_same_however_long_it_is(web, member):
    def finish(count: int) -> None:
        for _ in range(count):
            task = make_task(member, parent=Task.objects.first())
            for index in range(1, 5):
                make_clip(task, index)

    finish(3)
    few = queries(lambda: web.get("/tasks/"))
    finish(21)
    # Where no card is kept.
    assert queries(lambda: web.get("/tasks/")) == few <= 6
    page = web.get("/tasks/").content.decode()
    assert page.count('class="still"') == 24 * 4
    assert "<video" not in page


def test_a_tasks_pages_cost_the_same_with_copies(web, guest, member):
    parent = make_task(member)
    task = make_task(member, parent=parent, index=2, ended_at="2026-01-01T00:00:00Z")
    link = Share.objects.create(task=task)
    member_pages = {"": 8, "status/": 4, "copies/": 5}
    guest_pages = {"": 2, "status/": 2, "copies/": 2}
    for copies in range(3):
        if copies:
            make_clip(task, copies)
            make_clip(parent, copies)
        for path, most in member_pages.items():
            assert queries(lambda path=path: web.get(f"/tasks/{task.pk}/{path}")) <= most, path
        for path, most in guest_pages.items():
            assert queries(lambda path=path: guest.get(f"/s/{link.token}/{path}")) <= most, path


def test_a_poll_without_news_costs_three_queries_and_a_guests_one(web, guest, member):
    running = make_task(member, State.PROCESSING, due_at=None)
    task = make_task(member)
    Task.objects.filter(pk=task.pk).update(ended_at=task.created_at)
    make_clip(task, state="copying")
    for one, path in ((running, "status/"), (task, "copies/")):
        link = Share.objects.create(task=one)
        member_poll, guest_poll = f"/tasks/{one.pk}/{path}?v=1", f"/s/{link.token}/{path}?v=1"
        assert web.get(member_poll).status_code == guest.get(guest_poll).status_code == 204
        assert queries(lambda poll=member_poll: web.get(poll)) == 3
        assert queries(lambda poll=guest_poll: guest.get(poll)) == 1
