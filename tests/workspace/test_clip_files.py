"""What pages show of copies: the film from where it is, a quiet line about it, and polls that end."""

import re
import uuid
from html import unescape

import pytest
from django.utils import timezone

from extender.archive import copying
from extender.sharing.models import Share
from extender.states import UNSETTLED_FILES, FileState, State
from extender.tasks.models import Clip
from tests.helpers import age, lie_at, make_clip, make_task

HTMX = {"HX-Request": "true"}
EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def link(task) -> str:
    """Where a guest sees the task."""
    return Share.objects.create(task=task).get_absolute_url()


def page(browser, address: str) -> str:
    return browser.get(address).content.decode()


def line(shown: str, index: int = 1) -> list[str]:
    """What the quiet line under clip `index` says."""
    element = re.search(rf'<p class="copy[^>]*id="copy-{index}".*?</p>', shown, re.DOTALL)[0]
    return re.findall(r"<span[^>]*>(.*?)</span>", element)


def poll(shown: str) -> str:
    """The element that asks for copies."""
    return re.search(r'<div id="copies"[^>]*>', shown)[0]


def test_the_wall_plays_the_remote_file_until_our_copy_is_stored(web, guest, task, link):
    for state in ("waiting", "copying", "blocked", "barred"):
        make_clip(task, state=state)
        for shown in (page(web, f"/tasks/{task.pk}/"), page(guest, link)):
            assert f'<video src="{task.clip(1).source_url}" preload="metadata"' in shown, state
            assert "poster" not in shown
    copy = make_clip(task)
    shown = page(web, f"/tasks/{task.pk}/")
    assert f'<video src="/clips/{copy.pk}.mp4" poster="/clips/{copy.pk}.poster.webp" preload="none"' in shown
    assert f'data-storyboard="/clips/{copy.pk}.storyboard.webp"' in shown
    assert f'href="/clips/{copy.pk}.mp4" target="_blank"' in shown
    assert task.clip(1).source_url not in shown
    assert f'<video src="{task.clip(2).source_url}"' in shown
    shown = page(guest, link)
    assert f'<video src="{link}clips/{copy.pk}.mp4" poster="{link}clips/{copy.pk}.poster.webp"' in shown
    assert f'data-storyboard="{link}clips/{copy.pk}.storyboard.webp"' in shown
    assert '"/clips/' not in shown, "a guest has no other address than the link's"


@pytest.mark.parametrize(
    ("state", "fields", "said"),
    [
        ("waiting", {}, ["not copied yet"]),
        ("waiting", {"reason": "Its server stalled."}, ["not copied yet", "Its server stalled."]),
        ("copying", {"received": 40, "expected": 100}, ["copying 40 %"]),
        ("copying", {"received": 40}, ["copying"]),
        ("copying", {"received": 400, "expected": 100}, ["copying 100 %"]),
        ("blocked", {"reason": "The disk is full."}, ["copying paused", "The disk is full."]),
        ("barred", {"reason": "Its host refuses it."}, ["cannot be reached", "Its host refuses it."]),
        ("refused", {"reason": "It cannot be read."}, ["cannot be saved", "It cannot be read."]),
        ("lost", {"settled_at": "2026-11-23T12:00:00Z"}, ["lost since 23 Nov 2026"]),
        ("stored", {"bytes": 1258291}, ["5.2 s", "832 × 464", "saved"]),
        ("stored", {"reason": "what once was"}, ["5.2 s", "832 × 464", "saved"]),
        ("stored", {"contains_parent": "yes"}, ["saved", "repeats the clip before"]),
        ("stored", {"contains_parent": "no"}, ["saved"]),
    ],
)
def test_a_quiet_line_says_where_the_clip_is_stored(web, guest, task, link, state, fields, said):
    make_clip(task, state=state, **({"bytes": 1258291} if state == "stored" else {}) | fields)
    shown = line(page(web, f"/tasks/{task.pk}/"))
    assert shown[-len(said) :] == said
    assert line(page(web, f"/tasks/{task.pk}/copies/")) == shown
    assert line(page(guest, link)) == line(page(guest, link + "copies/")) == [], "guests get the pictures alone"


@pytest.mark.parametrize(
    ("codec", "bits", "said"),
    [("h264", 8, []), ("hevc", 8, ["HEVC"]), ("av1", 10, ["10-bit AV1"]), ("h264", 10, ["10-bit H.264"])],
)
def test_a_codec_that_some_browsers_do_not_play_is_named(web, task, codec, bits, said):
    make_clip(task, codec=codec, bytes=1258291, facts={"bits": bits})
    shown = page(web, f"/tasks/{task.pk}/copies/")
    assert line(shown)[:-1] == ["5.2 s", "832 × 464", *said]
    assert re.findall(r'data-codec="(.*?)"', shown) == said


def test_the_history_says_quietly_what_cannot_be_stored(web, task):
    make_clip(task, state="refused")
    shown = page(web, "/tasks/")
    assert (shown.count(">not stored</span>"), shown.count("<video")) == (1, 3)


def test_guests_read_no_word_about_our_archive(guest, task, link):
    for index, state in enumerate(("lost", "refused", "blocked", "waiting"), 1):
        make_clip(task, index, state, reason="The disk is full.")
    for path in ("", "status/", "copies/"):
        shown = page(guest, link + path)
        for word in ("APIFRAME", "disk", "copied", "copying", "verified"):
            assert word not in shown, (path, word)
    assert "This clip is no longer available." in page(guest, link)


def test_a_lost_clip_says_so_in_its_frame_and_offers_no_file(web, task):
    make_clip(task, state="lost", settled_at=timezone.now())
    make_clip(task, 2)
    shown = page(web, f"/tasks/{task.pk}/")
    assert "This clip is lost: APIFRAME no longer has it." in shown
    assert shown.count("<video") == 3
    assert f"/tasks/{task.pk}/clips/1/download/" not in shown
    assert f'href="{task.clip(1).source_url}"' not in shown
    assert f"/tasks/{task.pk}/clips/2/download/" in shown
    assert "Download all" in shown
    for index in (3, 4):
        make_clip(task, index, "lost")
    Clip.objects.filter(index=2).update(state="lost")
    assert "Download" not in page(web, f"/tasks/{task.pk}/")


def test_the_smoothest_cut_is_marked_once_there_is_something_to_compare(web, task):
    make_clip(task, 1, cut_delta_e=3.2)
    assert "smoothest" not in page(web, f"/tasks/{task.pk}/")
    make_clip(task, 2, cut_delta_e=1.1)
    shown = page(web, f"/tasks/{task.pk}/")
    assert "smoothest" not in line(shown, 1)
    assert "smoothest" in line(shown, 2)
    make_clip(task, 3, state="lost", cut_delta_e=0.2)
    shown = page(web, f"/tasks/{task.pk}/")
    assert "smoothest" in line(shown, 2)
    assert "smoothest" not in line(shown, 3)
    make_clip(task, 4, cut_delta_e=1.14)
    assert "smoothest" not in page(web, f"/tasks/{task.pk}/"), "nobody can tell the two apart"


def test_what_others_said_about_a_copy_is_text(web, browser_of, member, task):
    make_clip(task, state="refused", reason=EVIL)
    make_clip(task, 2, codec=EVIL)
    make_clip(task, 3, "waiting", source_url="https://clips.example/" + EVIL)
    member.is_staff = True
    member.save()
    addresses = [f"/tasks/{task.pk}/{path}" for path in ("", "status/", "copies/")]
    for address in [*addresses, "/tasks/", f"/tasks/new/?parent={task.pk}", "/team/archive/"]:
        shown = page(browser_of(member), address)
        assert "<script>alert" not in shown, address
    assert "&lt;script&gt;alert(1)" in line(page(web, addresses[0]))[-1]


@pytest.mark.parametrize("as_guest", [False, True])
def test_the_poll_goes_on_while_copies_are_under_way_and_ends_with_them(web, guest, task, link, as_guest):
    browser, base = (guest, link) if as_guest else (web, f"/tasks/{task.pk}/")

    def asks() -> bool:
        """Whether the page and the fragment ask on, which must be one."""
        task.refresh_from_db()
        found = {
            f'hx-get="{base}copies/?v={task.version}"' in poll(page(browser, base + path)) for path in ("", "copies/")
        }
        assert len(found) == 1
        return found.pop()

    assert asks(), "they wait for a worker"
    Clip.objects.update(state="copying", attempts=1)
    assert asks()
    Clip.objects.update(state="stored", contains_parent="")
    assert asks(), "how they cut is being measured"
    Clip.objects.update(contains_parent="unknown")
    assert not asks()
    Clip.objects.filter(index=1).update(state="waiting")
    assert asks(), "it is tried again at once"
    Clip.objects.filter(index=1).update(misses=2)
    assert asks(), "it is tried again in a moment"
    for settled in (
        {"misses": 9},
        {"state": "refused"},
        {"state": "lost"},
        {"state": "blocked"},
        {"state": "stored"},
    ):
        Clip.objects.filter(index=1).update(**{"state": "waiting", **settled})
        assert not asks(), settled
        assert "hx-trigger" not in poll(page(browser, base))


@pytest.mark.parametrize("as_guest", [False, True])
def test_a_page_that_waits_for_a_worker_who_never_comes_ends_its_poll(web, guest, task, link, as_guest):
    browser, base = (guest, link) if as_guest else (web, f"/tasks/{task.pk}/")
    assert "hx-get" in poll(page(browser, base))
    address = f"{base}copies/?v={task.version}"
    assert browser.get(address).status_code == 204
    age(task, ended_at="2026-01-01T00:00:00Z")
    answer = browser.get(address)
    assert answer.status_code == 200
    assert "hx-get" not in poll(answer.content.decode())
    make_clip(task, contains_parent="")
    assert "hx-get" not in poll(page(browser, base)), "what it would be compared with may never come"


def test_an_old_task_whose_turn_has_not_come_is_still_waited_for(web, task):
    age(task, ended_at="2026-01-01T00:00:00Z")
    make_clip(task, state="waiting", attempts=1)
    address = f"/tasks/{task.pk}/copies/?v={task.version}"
    assert f'hx-get="{address}"' in poll(page(web, f"/tasks/{task.pk}/"))
    assert web.get(address).status_code == 204, "there is no news"


def test_a_poll_leaves_the_order_as_the_page_has_it(web, task):
    for index, delta in ((1, 2.0), (2, 1.0)):
        make_clip(task, index, cut_delta_e=delta)
    make_clip(task, 3, "waiting")
    address = re.search('hx-get="(.*?)"', poll(page(web, f"/tasks/{task.pk}/?order=cut")))[1]
    assert "By number" in page(web, unescape(address).replace("?v=", "?v=0"))


def test_the_poll_brings_lines_and_never_the_videos(web, guest, task, link):
    copy = make_clip(task)
    make_clip(task, 2, "copying")
    for browser, base in ((web, f"/tasks/{task.pk}/"), (guest, link)):
        shown = page(browser, base + "copies/?v=0")
        assert "<video" not in shown
        assert "<html" not in shown
        assert len(re.findall(r'<p class="copy[^>]*hx-swap-oob', shown)) == 4
        # And the link that orders them, what a cut needs of their parent, and for the owner the branch.
        assert shown.count('hx-swap-oob="true"') == (7 if browser is web else 6)
        assert shown.index('<div id="copies"') < shown.index("hx-swap-oob")
    prefix = link.removesuffix("/")
    element = re.search(r'<p class="copy[^>]*id="copy-1"[^>]*>', shown)[0]
    assert f'data-film="{prefix}/clips/{copy.pk}.mp4"' in element
    assert f'data-poster="{prefix}/clips/{copy.pk}.poster.webp"' in element
    assert f'data-storyboard="{prefix}/clips/{copy.pk}.storyboard.webp"' in element
    assert "data-film" not in re.search(r'<p class="copy[^>]*id="copy-2"[^>]*>', shown)[0]


def test_the_final_fragment_of_the_status_asks_for_copies_whatever_their_version(web, guest, task, link):
    for browser, base in ((web, f"/tasks/{task.pk}/"), (guest, link)):
        asking = poll(page(browser, base + "status/"))
        assert f'hx-get="{base}copies/"' in asking
        assert "load" in asking
    running = make_task(task.owner, State.PROCESSING, due_at=None)
    assert 'id="copies"' not in page(web, f"/tasks/{running.pk}/status/")


@pytest.mark.parametrize("kind", ["extension", "pictures"])
def test_a_guest_is_told_upstreams_address_only_while_our_copy_is_on_its_way(web, guest, member, kind):
    task = make_task(member, kind=kind, form_nonce=uuid.uuid4(), prompt="a fox --bs 1")
    link = Share.objects.create(task=task).get_absolute_url()
    task.clip_set.exclude(index=1).delete()
    raw = task.clip(1).source_url
    for state in FileState:
        make_clip(task, state=state, facts={"codec": "png"})
        answers = [guest.get(link + path, headers=HTMX) for path in ("", "status/", "copies/")]
        told = any(raw in answer.content.decode() + str(answer.headers) for answer in answers)
        assert told == (state in UNSETTLED_FILES), state
        assert ("no longer available" in answers[0].content.decode()) == (state in ("lost", "refused")), state
        assert (raw in page(web, f"/tasks/{task.pk}/")) == (state not in ("lost", "stored")), state


def test_copies_of_other_peoples_tasks_are_not_there(browser_of, stranger, guest, task, link):
    assert browser_of(stranger).get(f"/tasks/{task.pk}/copies/").status_code == 404
    assert guest.get(f"/tasks/{task.pk}/copies/").status_code == 302
    Share.objects.update(revoked_at=timezone.now())
    for path in ("copies/", f"copies/?v={task.version}"):
        assert guest.get(link + path).status_code == 404


def test_a_card_is_watched_until_its_copies_are_settled_and_then_gets_its_pictures(web, task):
    mark = f'name="open" value="{task.pk}:'
    assert mark in page(web, "/tasks/")
    asked = {"open": f"{task.pk}:{task.version}"}
    assert web.post("/tasks/pulse/", asked).status_code == 204
    for index in range(1, 4):
        make_clip(task, index)
    last = make_clip(task, 4, "copying")
    age(task, version=2)
    answer = web.post("/tasks/pulse/", asked)
    assert answer.status_code == 200
    assert mark in answer.content.decode()
    last.delete()
    last = make_clip(task, 4)
    age(task, version=3)
    answer = web.post("/tasks/pulse/", {"open": f"{task.pk}:2"})
    shown = answer.content.decode()
    assert answer.status_code == 286, "nothing else is watched"
    assert mark not in shown
    assert f'<img class="still" src="/clips/{last.pk}.thumbnail.webp"' in shown
    assert f'data-storyboard="/clips/{last.pk}.storyboard.webp"' in shown
    assert "<video" not in shown
    assert mark not in page(web, "/tasks/")


def test_an_old_card_without_copies_is_not_watched(web, task):
    age(task, ended_at="2026-01-01T00:00:00Z")
    assert 'name="open"' not in page(web, "/tasks/")
    assert web.post("/tasks/pulse/", {"open": f"{task.pk}:{task.version}"}).status_code == 286


def test_a_card_of_a_lost_clip_has_a_sign_in_its_place(web, task):
    make_clip(task, 2, "lost")
    shown = page(web, "/tasks/")
    assert shown.count('<span class="lost"') == 1
    assert shown.count("<video") == 3
    assert f"{task.clip(2).source_url}#" not in shown


def test_the_form_plays_our_copy(web, task):
    copy = make_clip(task, 2)
    shown = page(web, f"/tasks/new/?parent={task.pk}&index=2")
    assert f'<video id="stage" src="/clips/{copy.pk}.mp4"' in shown
    assert f'data-src="/clips/{copy.pk}.mp4"' in shown
    assert f'src="/clips/{copy.pk}.thumbnail.webp"' in shown


def test_the_first_day_of_a_loss_stays_whoever_tries_again(web, original, sandbox):
    gone = f"{sandbox.url}/videos/gone.mp4"
    lie_at(original, [gone])
    age(original, remote_id="")
    copy = make_clip(original, state="waiting", gone_since="2026-01-01T00:00:00Z")
    copying.copy_next()
    copy.refresh_from_db()
    assert copy.state == "lost"
    Clip.objects.update(settled_at="2026-01-05T12:00:00Z")
    copying.copy_now()
    copying.copy_next()
    assert "lost since 5 Jan 2026" in line(page(web, f"/tasks/{original.pk}/"))


def test_a_wall_is_told_what_it_has_to_know_of_files_and_of_the_clip_that_they_continue(web, guest, member):
    parent = make_task(member)
    lead = make_clip(parent, 3, facts={"moments_ms": [0.0, 20.0, 80.5]})
    task = make_task(member, parent=parent, index=3)
    measured = {"frame_rate": 24.0, "contains_parent": "yes", "cut_ms": 5200}
    make_clip(task, 1, cut_delta_e=0.0, **measured)
    make_clip(task, 2, cut_delta_e=2.5, facts={"starts_ms": 10.0, "moments_ms": [10.0, 51.7, 120.0]}, **measured)
    make_clip(task, 3, cut_delta_e=1.5, frame_rate=24.0, contains_parent="no", cut_ms=0)
    link = Share.objects.create(task=task).get_absolute_url()
    for shown in (page(web, f"/tasks/{task.pk}/"), page(web, f"/tasks/{task.pk}/copies/")):
        lines = [re.search(rf'<p class="copy[^>]*id="copy-{n}"[^>]*>', shown)[0] for n in (1, 2, 3, 4)]
        assert 'data-ms="5200" data-fps="24.0" data-cut-ms="5200"' in lines[0]
        assert 'data-cut-delta="0.0" data-smoothest="yes"' in lines[0]
        timing = 'data-starts-ms="10.0" data-moments="10.0 51.7 120.0"'
        assert f'{timing} data-cut-ms="5200" data-cut-delta="2.5"' in lines[1]
        assert [n for n in (1, 2, 3) if "uneven frames" in line(shown, n)] == [2]
        assert "data-smoothest" not in lines[1]
        assert 'data-fps="24.0" data-cut-delta="1.5"' in lines[2]
        assert "data-ms" not in lines[3]
        assert f'data-film="/clips/{lead.pk}.mp4" data-ms="5200" data-moments="0.0 20.0 80.5"' in shown
    # A link is for one task: the clip that it continues is not shown by it.
    for address in (link, link + "copies/"):
        assert str(lead.pk) not in page(guest, address)
        assert parent.clip(3).source_url not in page(guest, address)


@pytest.mark.parametrize(("width", "height", "shape"), [(832, 464, "wide"), (640, 640, "square"), (464, 832, "tall")])
def test_a_wall_has_the_shape_of_its_clips_or_of_the_one_that_they_continue(web, member, width, height, shape):
    parent = make_task(member)
    make_clip(parent, 2, width=width, height=height)
    for state in (State.PROCESSING, State.FINISHED):
        task = make_task(member, state, parent=parent, index=2, due_at=None)
        assert f'data-shape="{shape}"' in page(web, f"/tasks/{task.pk}/")
    assert f'data-shape="{shape}"' in page(web, f"/tasks/{parent.pk}/")


def test_a_guest_is_not_told_how_a_clip_cuts_from_another(web, guest, task, link):
    make_clip(task, cut_delta_e=0.5, contains_parent="yes", cut_ms=5200)
    make_clip(task, 2, cut_delta_e=1.5, contains_parent="yes", cut_ms=5200)
    make_clip(task, 3, cut_delta_e=0.1, contains_parent="yes", cut_ms=5200)
    hidden = ("data-cut-", "data-smoothest", 'data-to="cut"', "order=cut", "the cuts")
    shown = page(web, f"/tasks/{task.pk}/")
    assert all(word in shown for word in hidden)
    for address in (link, link + "copies/"):
        assert not any(word in page(guest, address) for word in hidden)
    ordered = page(guest, link + "?order=cut")
    assert ordered.index('id="frame-1"') < ordered.index('id="frame-3"')
