"""Start pictures: made ready and kept when they are given, uploaded when a task that needs them is sent."""

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.db import IntegrityError
from django.db.models.functions import Now

from extender.apiframe import Client, Unsendable
from extender.tasks.models import Picture
from extender.team.models import Member
from extender.video import layout
from extender.video import process as looking

# Of each member; a form offers fewer.
MOST_UNPAID = 24


def keep(owner: Member, given: Iterable[bytes]) -> Picture:
    """Keeps the picture of which `given` are the pieces for `owner`; the same picture twice is one row.

    Raises `NotAPicture`, with a sentence for the member; `ProbeFailed` or OSError where it cannot be looked into now.
    """
    with tempfile.TemporaryDirectory() as root:
        folder, file = Path(root), Path(root) / "given"
        with file.open("wb") as opened:
            opened.writelines(given)
        facts = looking.prepare(file, folder)
        content, preview = ((folder / name).read_bytes() for name in (layout.PREPARED, layout.THUMBNAIL))
    found = {"width": facts.width, "height": facts.height, "content": content, "preview": preview}
    picture, made = Picture.objects.light().get_or_create(owner=owner, sha256=facts.sha256, defaults=found)
    if not made:
        same = Picture.objects.filter(pk=picture.pk)
        # Nobody says for how long APIFRAME keeps what it was given: what was swept here is given to it anew.
        same.filter(content=None).update(content=content, image_url="", uploaded_at=None)
        same.update(given_at=Now())
    _forget_unpaid(owner)
    return picture


def _forget_unpaid(owner: Member) -> None:
    """Forgets what `owner` gave and paid for no request with, save the newest: giving pictures costs nothing."""
    old = Picture.objects.visible_to(owner).unpaid().order_by("-given_at")[MOST_UNPAID:]
    unneeded = Picture.objects.unpaid().filter(pk__in=list(old.values_list("pk", flat=True)))
    unneeded.update(content=None)
    # Where a task begins with one in this very moment, its row stays.
    with suppress(IntegrityError):
        unneeded.filter(tasks=None).delete()


def upload(picture: Picture) -> str:
    """Gives `picture` to APIFRAME, and returns its address there. Raises as `Client.upload`, and `Unsendable`."""
    if not picture.content:
        raise Unsendable("The start picture is kept here no more. Give it again.")
    url = Client.from_settings().upload(bytes(picture.content))
    # Who came first is right: what was answered once stands.
    Picture.objects.filter(pk=picture.pk, image_url="").update(image_url=url, uploaded_at=Now())
    picture.refresh_from_db(fields=["image_url"])
    return picture.image_url
