"""A start picture goes to APIFRAME once, before the task that needs it; what fails there sends and bills nothing."""

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from extender.apiframe import Unknown
from extender.operations.worker import archive, follow, send_next
from extender.states import State
from extender.tasks import gate
from extender.tasks.models import Gate, Picture, Task
from extender.tasks.sending import give_up_abandoned, send
from extender.tasks.start_pictures import keep
from extender.tasks.submitting import enqueue
from extender.video.facts import NotAPicture
from tests.helpers import age, become_due, eventually, make_task
from tests.pictures import SIZE, encoded, exif, jpeg, scene


@pytest.fixture
def picture(member) -> Picture:
    """One that was given and is kept, as a row alone."""
    return Picture.objects.create(
        owner=member, sha256="1" * 64, width=SIZE[0], height=SIZE[1], content=jpeg(), preview=b"RIFF"
    )


@pytest.fixture
def begin(member, picture):
    """Asks for a video that begins with the picture, and sends it."""

    def ask(prompt: str = "a kite [seconds-0]", **more: object) -> Task:
        asked = {"kind": Task.Kind.VIDEO, "motion": "low", "picture": picture, **more}
        task, _ = enqueue(member, uuid.uuid4(), None, prompt=prompt, **asked)
        send(task)
        task.refresh_from_db()
        return task

    return ask


def calls(sandbox) -> list[str]:
    """What was asked of APIFRAME, looks at the account aside."""
    return [row["path"] for row in sandbox.ledger()["requests"] if row["path"] != "/account"]


def test_what_is_given_is_kept_once_for_each_member(member, stranger):
    first, again = (keep(member, [encoded(scene(), "PNG", exif=exif())]) for _ in range(2))
    assert (first.pk, again.width, again.height) == (again.pk, *SIZE)
    kept = Picture.objects.get(pk=first.pk)
    assert bytes(kept.content).startswith(b"\xff\xd8\xff")
    assert bytes(kept.preview).startswith(b"RIFF")
    assert keep(stranger, [encoded(scene(), "PNG")]).pk != first.pk
    Picture.objects.filter(pk=first.pk).update(content=None, image_url="https://old.example/1.jpg")
    keep(member, [encoded(scene(), "PNG")])
    kept.refresh_from_db()
    assert (bool(kept.content), kept.image_url) == (True, ""), "what was swept is uploaded anew"
    with pytest.raises(NotAPicture):
        keep(member, [b"GIF89a"])


def test_a_picture_is_uploaded_once_and_before_the_first_task_that_needs_it(begin, picture, sandbox):
    first, second = begin(), begin("another [seconds-0]")
    assert {first.state, second.state} == {State.PENDING}
    assert calls(sandbox) == ["/upload", "/imagine-video", "/imagine-video"]
    picture.refresh_from_db()
    assert sandbox.get(picture.image_url.removeprefix(sandbox.url)).content == jpeg()
    assert picture.uploaded_at
    assert not sandbox.fetch(first.remote_id).get("errors")


@pytest.mark.parametrize(
    ("word", "state", "says", "shuts"),
    [
        ("upload-400", State.FAILED, "The request was refused", False),
        ("upload-401", State.QUEUED, "API key", True),
        ("upload-429", State.QUEUED, "busy", True),
        ("upload-500", State.QUEUED, "The picture could not be uploaded yet", False),
        ("upload-html", State.QUEUED, "The picture could not be uploaded yet", False),
        ("upload-hang-up", State.QUEUED, "The picture could not be uploaded yet", False),
        ("door-1010", State.QUEUED, "front door refuses", True),
    ],
)
def test_an_upload_that_fails_leaves_the_task_unsent(begin, sandbox, word, state, says, shuts):
    sandbox.options(misbehave=[word])
    task = begin()
    assert (task.state, says in task.reason) == (state, True), task.reason
    assert Gate.objects.closed().exists() == shuts
    assert not send_next(), "it must wait"
    sandbox.options(misbehave=[])
    Gate.objects.update(closed_until="2020-01-01T00:00:00Z")
    follow()
    become_due(task)
    send_next()
    task.refresh_from_db()
    assert task.state == (State.FAILED if state == State.FAILED else State.PENDING)
    assert sandbox.ledger()["totals"]["bills"] == (state != State.FAILED)


def test_our_key_is_not_in_the_reason_why_a_picture_is_refused(begin, sandbox):
    said = {"errors": [{"msg": f"{sandbox.key} may not upload this"}]}
    sandbox.dictate("/upload", json.dumps(said).encode())
    task = begin()
    assert (task.state, task.reason) == (State.FAILED, "… may not upload this")


def test_the_waits_between_uploads_grow(begin, sandbox):
    sandbox.options(misbehave=["upload-500"])
    task = begin()
    waits = [task.due_at - task.changed_at]
    age(task, attempts=6)
    send(become_due(task))
    task.refresh_from_db()
    assert waits[0] <= timedelta(seconds=5) < timedelta(minutes=2) < task.due_at - task.changed_at


def test_after_a_long_upload_the_request_follows_by_itself(begin, sandbox, shorten):
    shorten("extender.tasks.sending.LONG_UPLOAD", 0)
    task = begin()
    assert (task.state, calls(sandbox)) == (State.QUEUED, ["/upload"])
    become_due(task)
    assert send_next()
    assert calls(sandbox) == ["/upload", "/imagine-video"]


def test_what_died_in_an_upload_is_unsent(member, picture):
    task = make_task(member, State.SENDING, kind=Task.Kind.VIDEO, picture=picture)
    become_due(task)
    give_up_abandoned()
    task.refresh_from_db()
    assert task.state == State.QUEUED
    Picture.objects.update(image_url="https://cdn.example/1.jpg")
    age(task, state=State.SENDING)
    become_due(task)
    give_up_abandoned()
    task.refresh_from_db()
    assert task.state == State.UNCONFIRMED, "its request may have left"


def test_pictures_that_no_task_needs_are_swept_after_a_month(member, picture, shorten):
    task = make_task(member, State.PENDING, kind=Task.Kind.VIDEO, picture=picture)
    long_ago = timezone.now() - timedelta(days=31)

    def swept() -> int:
        shorten("extender.operations.worker._swept", {})
        archive()
        return Picture.objects.filter(content=None).count()

    assert swept() == 0
    Picture.objects.update(given_at=long_ago)
    assert swept() == 0, "a task may still need it"
    age(task, state=State.FAILED)
    Picture.objects.update(given_at=timezone.now())
    assert swept() == 0
    Picture.objects.update(given_at=long_ago)
    assert swept() == 1
    picture.refresh_from_db()
    assert (picture.content, bytes(picture.preview)) == (None, b"RIFF")


def test_of_what_is_given_and_begins_nothing_the_newest_is_kept(member, stranger, picture, shorten):
    shorten("extender.tasks.start_pictures.MOST_UNPAID", 1)
    others = keep(stranger, [jpeg()])
    paid = keep(member, [encoded(scene((320, 180)), "PNG")])
    make_task(member, State.PENDING, kind=Task.Kind.VIDEO, picture=paid)
    taken_back = keep(member, [encoded(scene((320, 184)), "PNG")])
    make_task(member, State.CANCELLED, kind=Task.Kind.VIDEO, picture=taken_back)
    newest = keep(member, [encoded(scene((320, 188)), "PNG")])
    # `picture` is gone whole, of what was taken back the bytes.
    assert set(Picture.objects.exclude(content=None)) == {others, paid, newest}
    assert set(Picture.objects.filter(content=None)) == {taken_back}


def test_a_picture_that_is_gone_and_was_never_uploaded_is_asked_for_again(begin, picture, sandbox):
    Picture.objects.update(content=None)
    gate.close_for_silence(Unknown("no answer"))
    Gate.objects.update(trial_at="2020-01-01T00:00:00Z")
    task = begin()
    assert Gate.objects.standing().exists(), "nobody was asked, so nobody has answered"
    assert (task.state, task.reason) == (State.FAILED, "The start picture is kept here no more. Give it again.")
    assert calls(sandbox) == []


def test_four_pictures_come_from_words(member, sandbox):
    task, _ = enqueue(member, uuid.uuid4(), None, kind=Task.Kind.PICTURES, prompt="a lake", aspect_ratio="9:16")
    send(task)
    task.refresh_from_db()
    assert task.state == State.PENDING

    def finished() -> bool:
        follow()
        become_due(task)
        return task.state == State.FINISHED

    eventually(finished)
    assert calls(sandbox)[0] == "/imagine"
    assert [clip.source_url for clip in task.clips] == sandbox.fetch(task.remote_id)["image_urls"]
    assert all(clip.is_picture for clip in task.clips)
