"""Copying: every finished clip is fetched, looked into and kept; what stands in the way is said, and passes."""

import gzip
import hashlib
from pathlib import Path

import pytest
import requests

from extender.archive import comparing, copying, looking, storage
from extender.states import State
from extender.tasks.models import Clip, Task
from extender.video import flipbook
from tests.helpers import at_once, become_due, eventually, make_task, stripped


@pytest.fixture
def finished(web, submit):
    """Submits an extension of `clips` clips that misbehave as `prompt` says, and waits until it has finished.

    Nothing of the original is copied unless a test makes it due again: each look inside a clip starts a process.
    """

    def finish(prompt: str = "and then it snows", clips: int = 1) -> Task:
        task = submit(f"{prompt} [clips-{clips}]" if clips < 4 else prompt)
        Clip.objects.filter(task__kind=Task.Kind.ORIGINAL).update(due_at=None)

        def is_done() -> bool:
            become_due(task)
            web.get(f"/tasks/{task.pk}/status/")
            task.refresh_from_db()
            return task.state == State.FINISHED

        eventually(is_done)
        return task

    return finish


def work(turns: int = 40) -> None:
    """What a worker's archive loop does, until it has nothing more to do at once."""
    while turns and (copying.copy_next() or comparing.compare_next()):
        turns -= 1
    assert turns, "there is no end to it"


def let_time_pass(**found) -> None:
    """Whatever waits for its next try is due."""
    Clip.objects.filter(due_at__isnull=False, **found).update(due_at="2020-01-01T00:00:00Z")


def a_day_passes() -> None:
    """Whatever was gone has been so for a day."""
    Clip.objects.filter(gone_since__isnull=False).update(gone_since="2020-01-01T00:00:00Z")


def files(settings) -> list[Path]:
    """Every file below the archive's directory."""
    return sorted(path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file())


def test_every_clip_is_copied_but_for_what_it_says_beside_its_pictures(finished, settings):
    task = finished(clips=2)
    work()
    copies = list(task.clip_set.order_by("index"))
    assert [(copy.index, copy.state) for copy in copies] == [(1, "stored"), (2, "stored")]
    for copy in copies:
        theirs = requests.get(task.clip(copy.index).source_url, timeout=120).content
        ours = (settings.MEDIA_ROOT / storage.name(copy.sha256, "clip")).read_bytes()
        assert (copy.sha256, copy.bytes) == (hashlib.sha256(ours).hexdigest(), len(theirs))
        assert b"Lavf" in theirs
        assert b"Lavf" not in ours
        assert ours == stripped(theirs)
        assert copy.duration_ms > 0
        assert copy.width > copy.height > 0
        assert copy.frame_rate > 0
        assert copy.codec
        for kind in ("poster", "thumbnail", "storyboard"):
            assert (settings.MEDIA_ROOT / storage.name(copy.sha256, kind)).read_bytes()[8:12] == b"WEBP"
        with (settings.MEDIA_ROOT / storage.name(copy.sha256, "flipbook")).open("rb") as book:
            assert len(flipbook.read(book).seconds) == copy.facts["frames"]
    assert not [path for path in files(settings) if path.suffix == ".part"]


def test_a_clip_that_comes_packed_is_stored_unpacked(finished):
    copy = finished("snow [clip-gzip]").clip_set.get()
    work()
    copy.refresh_from_db()
    answer = requests.get(copy.source_url, timeout=120)
    assert answer.headers["Content-Encoding"] == "gzip"
    sha256 = hashlib.sha256(stripped(answer.content)).hexdigest()
    assert (copy.state, copy.sha256) == ("stored", sha256)


def test_a_video_made_elsewhere_is_copied_too(original):
    original.clip_set.filter(index__gt=1).delete()
    work()
    assert set(original.clip_set.values_list("state", flat=True)) == {"stored"}


def copy_of_parent(original: Task) -> Clip:
    """The clip that a task of `finished` continues, once it is copied: it is all that is needed of the original."""
    original.clip_set.filter(index=2).update(due_at="2020-01-01T00:00:00Z")
    assert copying.copy_next()
    return original.clip_set.get(index=2, state="stored")


@pytest.mark.parametrize("parent_comes", ["before", "later"])
def test_a_copy_is_held_against_the_clip_that_it_continues(finished, original, parent_comes):
    task = finished()
    if parent_comes == "later":
        assert copying.copy_next()
        assert task.clip_set.get().contains_parent == ""
    assert copy_of_parent(original).contains_parent == "unknown"
    if parent_comes == "before":
        assert copying.copy_next()
        assert not comparing.compare_next(), "it was compared in the same look"
    work()
    copy = task.clip_set.get(index=1)
    assert copy.contains_parent in ("yes", "no", "unknown")
    assert copy.due_at is None
    assert copy.cut_delta_e is not None
    assert copy.drift_colour is not None


@pytest.mark.parametrize("fault", ["clip-404-once", "clip-500-once", "clips-signed"])
def test_what_fails_once_is_tried_again_and_kept(finished, fault):
    task = finished(f"snow [{fault}]")
    work()
    let_time_pass(state="waiting")
    work()
    assert set(task.clip_set.values_list("state", flat=True)) == {"stored"}


def test_a_host_that_is_behind_is_asked_until_it_has_the_clip(finished):
    task = finished("snow [clip-late]")
    for _ in range(4):
        assert set(task.clip_set.values_list("state", flat=True)) == {"waiting"}
        work()
        let_time_pass(state="waiting")
    assert set(task.clip_set.values_list("state", flat=True)) == {"stored"}
    assert task.clip_set.get().gone_since is None


@pytest.mark.parametrize("fault", ["clips-lost", "clip-410", "clip-403"])
def test_what_is_gone_is_lost_with_the_date_after_a_day_of_asking_where_it_lies_now(finished, sandbox, fault):
    task = finished(f"snow [{fault}]")
    fetches = _fetches(sandbox, task)
    for tries in (1, 2):
        work()
        assert set(task.clip_set.values_list("state", flat=True)) == {"waiting"}
        assert _fetches(sandbox, task) == fetches + tries
        let_time_pass()
    a_day_passes()
    work()
    assert set(task.clip_set.values_list("state", flat=True)) == {"lost"}
    assert all(copy.settled_at and copy.due_at is None for copy in task.clip_set.all())
    let_time_pass()
    work()
    assert _fetches(sandbox, task) == fetches + 3


def test_what_apiframe_has_forgotten_is_lost_at_once(finished, sandbox):
    task = finished("snow [clips-lost]")
    sandbox.options(misbehave=["fetch-404"])
    work()
    assert set(task.clip_set.values_list("state", flat=True)) == {"lost"}


@pytest.mark.parametrize("fault", ["fetch-500", "fetch-html-404"])
def test_nothing_is_given_up_while_apiframe_is_out_of_reach(finished, sandbox, fault):
    task = finished("snow [clips-lost]")
    sandbox.options(misbehave=[fault])
    for _ in range(2):
        work()
        assert set(task.clip_set.values_list("state", flat=True)) == {"waiting"}
        let_time_pass()
        a_day_passes()
    sandbox.options(misbehave=[])
    for _ in range(2):
        work()
        let_time_pass()
        a_day_passes()
    assert set(task.clip_set.values_list("state", flat=True)) == {"lost"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("clip-browsers-only", "Its host refuses this server for now."),
        ("clip-html", "Its host sends this server a page instead of it."),
        ("clip-br", "Its host sends this server a packing of it that cannot be read here."),
        ("clip-redirect-loop", "It was redirected too often."),
        ("clip-redirect-inside", "Its address leads where nothing may be fetched."),
    ],
)
def test_a_host_that_refuses_this_server_is_tried_for_ever_and_browsers_play_its_clips(web, finished, fault, said):
    task = finished(f"snow [{fault}]")
    for _ in range(3):
        work()
        copy = task.clip_set.get()
        assert (copy.state, copy.reason) == ("barred", said)
        assert f'<video src="{copy.source_url}"' in web.get(f"/tasks/{task.pk}/").content.decode()
        let_time_pass()
        Clip.objects.update(made_at="2020-01-01T00:00:00Z")
    task.clip_set.update(source_url=Task.objects.get(kind="original").clips[0].source_url)
    work()
    assert task.clip_set.get().state == "stored"


@pytest.mark.parametrize(
    "came",
    [
        b"\xef\xbb\xbf<html>",
        b'{"message": "Forbidden"}',
        b"error code: 1010",
        "für Sie gesperrt".encode("latin-1"),
        b"<!doctype html>\0",
        "<p>Wait</p>".encode("utf-16"),
        gzip.compress(b"<html>" * 99, mtime=0),
    ],
)
def test_words_in_a_clips_place_are_the_hosts_and_no_verdict_on_the_clip(member, sandbox, came):
    sandbox.dictate("/account", came, headers={"Content-Type": "video/mp4"})
    task = make_task(member, urls=[f"{sandbox.url}/account"])
    work()
    copy = task.clip_set.get()
    assert (copy.state, copy.reason) == ("barred", "Its host sends this server a page instead of it.")


def test_a_picture_in_a_films_place_is_no_verdict_on_it_either(member, sandbox):
    sandbox.dictate("/account", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", headers={"Content-Type": "image/png"})
    task = make_task(member, urls=[f"{sandbox.url}/account"])
    work()
    assert task.clip_set.get().reason == "Its host sends this server a picture instead of it."


def test_what_is_no_video_is_kept_out_and_stays_linked(web, finished, settings):
    task = finished("snow [clip-not-video]")
    work()
    assert set(task.clip_set.values_list("state", flat=True)) == {"refused"}
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert task.clip(1).source_url in page
    assert "cannot be saved" in page
    assert files(settings) == []


@pytest.mark.parametrize("fault", ["clip-truncated", "clip-wrong-length", "clip-html"])
def test_what_does_not_come_whole_is_never_kept(finished, settings, fault):
    task = finished(f"snow [{fault}]")
    work()
    assert "stored" not in task.clip_set.values_list("state", flat=True)
    assert all(copy.reason for copy in task.clip_set.all())
    assert not list(settings.MEDIA_ROOT.glob("tmp/*.part"))


@pytest.mark.parametrize("is_passing", [True, False])
def test_what_breaks_off_without_an_announced_length_is_refused_only_if_it_does_so_each_time(
    finished, sandbox, shorten, is_passing
):
    shorten("extender.archive.copying.MOST_ALIKE", 2)
    sandbox.options(misbehave=["clip-cut"])
    task = finished()
    for misses in (1, 2):
        work()
        assert task.clip_set.values_list("state", "misses").get() == ("waiting", misses)
        let_time_pass()
    sandbox.options(misbehave=[] if is_passing else ["clip-cut"])
    work()
    assert task.clip_set.get().state == ("stored" if is_passing else "refused")


def test_waits_grow_from_try_to_try(finished):
    task = finished("snow [clip-truncated]")
    work()
    first = _wait(task)
    for _ in range(8):
        let_time_pass()
        work()
    assert first < 20
    assert 600 < _wait(task) < 6 * 3600


def test_a_full_disk_pauses_everything_says_why_and_passes(web, staff, finished, settings, tmp_path):
    task = finished()
    settings.ARCHIVE_KEEP_FREE_MB = 10**9
    work()
    assert Clip.objects.paused().count() == 1
    page = staff.get("/team/archive/").content.decode()
    assert "Copying is paused: The disk is nearly full." in page
    assert web.get(f"/tasks/{task.pk}/").status_code == 200
    settings.ARCHIVE_KEEP_FREE_MB = 0
    work()
    assert not task.clip_set.filter(state="stored").exists(), "it is paused"
    let_time_pass(state="blocked")
    work()
    assert set(task.clip_set.values_list("state", flat=True)) == {"stored"}
    assert "paused" not in staff.get("/team/archive/").content.decode()


def test_a_directory_that_may_not_be_written_pauses_too(finished, settings, tmp_path):
    (tmp_path / "not-a-directory").write_text("")
    settings.MEDIA_ROOT = tmp_path / "not-a-directory"
    finished()
    work()
    assert Clip.objects.paused().count() == 1


def test_copy_now_tries_everything_again(staff, finished, original):
    task = finished("snow [clip-truncated]")
    original.clip_set.filter(index__gt=1).delete()
    work()
    task.clip_set.update(source_url=Task.objects.get(kind="original").clips[0].source_url)
    work()
    assert not task.clip_set.filter(state="stored").exists()
    assert staff.post("/team/archive/copy-now/").status_code == 302
    work()
    assert set(task.clip_set.values_list("state", flat=True)) == {"stored"}


def test_members_do_not_see_the_archives_page(web):
    assert web.get("/team/archive/").status_code == 404
    assert web.post("/team/archive/copy-now/").status_code == 404


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_workers_copy_one_clip_once(member, sandbox, settings):
    task = make_task(member, urls=[f"{sandbox.url}/videos/{'0' * 8}-0000-0000-0000-{'0' * 12}/1.mp4"])
    copy = task.clip_set.get()
    claimed = at_once(*[lambda: Clip.objects.claim(copy)] * 6)
    assert sorted(claimed) == [False] * 5 + [True]


def test_a_worker_that_slept_past_its_claim_writes_nothing(finished, monkeypatch, settings):
    task = finished()
    real = looking.probing.see

    def sleep_meanwhile(*args):
        found = real(*args)
        # Another worker took the row over, after the lease.
        Clip.objects.filter(state="copying").update(attempts=99)
        return found

    # A look inside is over too soon for anybody to come in between.
    monkeypatch.setattr(looking.probing, "see", sleep_meanwhile)
    copying.copy_next()
    assert not task.clip_set.filter(state="stored").exists()
    assert files(settings) == []


def test_a_copy_whose_part_was_removed_meanwhile_comes_later(finished, monkeypatch, settings):
    task = finished()
    real = looking.probing.see

    def sweep_meanwhile(part, *rest):
        # The clock of this machine was put forward by a day.
        part.unlink()
        return real(part, *rest)

    # As above.
    monkeypatch.setattr(looking.probing, "see", sweep_meanwhile)
    assert copying.copy_next()
    copy = task.clip_set.get()
    assert (copy.state, copy.misses) == ("waiting", 1)
    assert "removed while it was in use" in copy.reason
    assert files(settings) == []


def _fetches(sandbox, task: Task) -> int:
    return sum(request["path"] == "/fetch" for request in sandbox.ledger()["requests"])


def _wait(task: Task) -> float:
    copy = task.clip_set.order_by("due_at").first()
    from django.utils import timezone

    return (copy.due_at - timezone.now()).total_seconds()


def test_a_claim_is_of_the_attempt_that_was_read(finished):
    task = finished()
    read = task.clip_set.get()
    # Meanwhile another worker took it, failed, and gave it back to be tried at once.
    Clip.objects.filter(pk=read.pk).update(attempts=1)
    assert not Clip.objects.claim(read)
    assert Clip.objects.claim(task.clip_set.get())


def test_what_nobody_expected_is_tried_later_and_says_so(finished, monkeypatch):
    task = finished()
    # No fault that can be made for real is left unexpected.
    monkeypatch.setattr(looking.probing, "see", lambda *_: 1 / 0)
    work()
    copy = task.clip_set.get()
    assert (copy.state, copy.misses) == ("waiting", 1)
    assert "unexpected" in copy.reason


def test_a_copy_is_compared_with_a_parent_that_was_stored_without_a_flipbook(finished, original, settings):
    task = finished()
    path = settings.MEDIA_ROOT / storage.name(copy_of_parent(original).sha256, "flipbook")
    book = path.read_bytes()
    path.unlink()
    assert copying.copy_next()
    assert task.clip_set.get().cut_ms is not None
    assert path.read_bytes() == book


def test_a_copy_whose_parents_file_is_gone_is_compared_no_more(finished, original, settings):
    task = finished()
    parent = copy_of_parent(original)
    for kind in ("clip", "flipbook"):
        (settings.MEDIA_ROOT / storage.name(parent.sha256, kind)).unlink()
    assert copying.copy_next()
    copy = task.clip_set.get()
    assert (copy.state, copy.contains_parent, copy.due_at) == ("stored", "unknown", None)
    assert not comparing.compare_next()
