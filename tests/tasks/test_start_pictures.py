"""A start picture goes to APIFRAME once, before the task that needs it; what fails there sends and bills nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from extender.operations.worker import archive
from extender.states import State
from extender.tasks.models import Picture, Task
from extender.tasks.start_pictures import keep
from extender.video.facts import NotAPicture
from tests.helpers import age, make_task
from tests.pictures import SIZE, encoded, exif, jpeg, scene


@pytest.fixture
def picture(member) -> Picture:
    """One that was given and is kept, as a row alone."""
    return Picture.objects.create(
        owner=member, sha256="1" * 64, width=SIZE[0], height=SIZE[1], content=jpeg(), preview=b"RIFF"
    )


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


def test_pictures_that_no_task_needs_are_swept_after_a_month(member, picture, shorten):
    task = make_task(member, State.PENDING, kind=Task.Kind.VIDEO, picture=picture)
    long_ago = timezone.now() - timedelta(days=31)

    def swept() -> int:
        shorten("extender.archive.sweeping._swept", float("-inf"))
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
