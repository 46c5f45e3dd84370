"""Reading and writing are two rights: whoever may only read a task changes nothing of it, at any address."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import serializers
from django.db import connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Clip, Event, Task
from extender.tasks.models.queries import TaskQuerySet
from tests.helpers import make_task

# Signing out ends the test's session; a webhook is nobody's who is signed in, and has tests of its own.
LEFT_OUT = {"logout", "webhook", "webhook_without_slash"}
FIELDS = {"picked": "yes", "task_id": str(uuid.uuid4()), "show_prompt": "on"}


def addresses(resolver: URLResolver) -> Iterator[URLPattern]:
    """Every address of ours; the admin has rules of its own, and lets no member in."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from addresses(pattern)
        elif pattern.name not in LEFT_OUT:
            yield pattern


def stored() -> list[str]:
    """Every row about tasks, as text."""
    return [serializers.serialize("json", model.objects.order_by("pk")) for model in (Task, Clip, Event, Share)]


@pytest.fixture
def tasks(member) -> list[Task]:
    """The member's tasks, one in each state in which something can be changed."""
    return [
        make_task(member, remote_id=str(uuid.uuid4())),
        make_task(member, State.UNCONFIRMED, due_at=None),
        make_task(member, State.PROCESSING, remote_id=str(uuid.uuid4()), due_at=None),
    ]


def press_everything(web: Client, task: Task, link: Share) -> dict[str, int]:
    """Posts to every address that can name `task`; returns the status by the address's name where a row changed."""
    clip = Clip.objects.first()
    values: dict[str, Any] = {
        "pk": task.pk,
        "root_pk": task.pk,
        "index": 1,
        "share_pk": link.pk,
        "member_pk": task.owner_id,
        "export_pk": uuid.uuid4(),
        "token": link.token,
    }
    changed = {}
    for pattern in addresses(get_resolver()):
        names = pattern.pattern.converters
        of_a_clip = pattern.name in ("clip", "poster", "thumbnail", "storyboard")
        arguments = {name: clip.pk if of_a_clip else values[name] for name in names}
        before = stored()
        response = web.post(reverse(pattern.name, kwargs=arguments), FIELDS)
        if stored() != before:
            changed[pattern.name] = response.status_code
    return changed


def test_who_may_only_read_changes_nothing_at_any_address(browser_of, member, stranger, tasks, sandbox, monkeypatch):
    # Nothing shows a member somebody else's task yet, so the rule itself is widened.
    monkeypatch.setattr(TaskQuerySet, "visible_to", lambda self, member: self)
    # What was compiled before asks by the narrow rule.
    monkeypatch.setitem(vars(connections["default"]), "_compiled_queries", {})
    reader = browser_of(stranger)
    for task in tasks:
        link = Share.objects.create(task=task)
        assert reader.get(f"/tasks/{task.pk}/").status_code == 200
        assert press_everything(reader, task, link) == {}


def test_the_same_presses_change_what_is_ones_own(web, tasks, sandbox):
    changed = set()
    for task in tasks:
        changed |= set(press_everything(web, task, Share.objects.create(task=task)))
    assert changed >= {"pick", "share", "revoke", "check"}
