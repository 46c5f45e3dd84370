"""Whatever somebody writes behind the question mark of an address, it is answered, and never with a 500."""

import uuid

import pytest
from django.test import Client

from extender.sharing.models import Share
from extender.tasks.models import Picture
from tests.helpers import make_task

FIRST, LAST = (f"{end}_{uuid.uuid4()}" for end in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"))


VALUES = {"first": FIRST, "last": LAST, "long": "9" * 18, "too long": "9" * 5000, "NUL": "\0"}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_no_page_breaks(member, value):
    member.is_staff = True
    member.save()
    web = Client(raise_request_exception=False)
    web.force_login(member)
    task = make_task(member)
    picture = Picture.objects.create(owner=member, sha256="a" * 64, width=1, height=1, preview=b"")
    link, goes_on = Share.objects.create(task=task), {"start": picture.pk, "parent": task.pk, "index": 1}
    asked = [
        ("/tasks/", {"before": value}),
        ("/tasks/", {"pages": value}),
        ("/team/links/", {"before": value}),
        ("/team/members/", {"after": value}),
        ("/team/no-result/", {"v": value}),
        (f"/tasks/{task.pk}/", {"clip": value, "order": value}),
        (f"/tasks/{task.pk}/tree/", {"v": value}),
        (f"{link.get_absolute_url()}status/", {"v": value}),
        ("/tasks/new/", {"parent": task.pk, "index": value}),
        *(("/new/", goes_on | {name: value}) for name in ("start", "index", "out")),
    ]
    assert not [each for each in asked if web.get(*each).status_code == 500]
