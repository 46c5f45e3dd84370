"""The keys of pages: that each list names what its page's script can do, and only what is offered there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from extender.tasks.models import Task
from extender.tasks.templatetags.keys import film_keys, tree_keys, wall_keys
from tests.helpers import URLS, make_task

SCRIPTS = Path(settings.BASE_DIR) / "static" / "js"
FINISHED = {"state": "finished", "kind": Task.Kind.EXTENSION}


@pytest.fixture
def task(member) -> Callable[..., Task]:
    """Makes a task with so many clips."""

    def make(clips: int = 4, **columns: str) -> Task:
        return make_task(member, urls=URLS[:clips], **FINISHED | columns)

    return make


def commands(listed: str) -> set[str]:
    return set(re.findall(r'data-do="(\w+)"', listed))


def table(script: str) -> set[str]:
    """The commands that a script knows."""
    (entries,) = re.findall(
        r"^const COMMANDS = \{\n(.*?)^\};", (SCRIPTS / script).read_text(), re.DOTALL | re.MULTILINE
    )
    return set(re.findall(r"^  (\w+)[:,]", entries, re.MULTILINE))


@pytest.mark.parametrize(
    ("script", "list_for"),
    [
        ("wall/commands.js", lambda task: wall_keys(task, guest=False)),
        ("film/film.js", lambda task: film_keys()),
        ("tree/tree.js", lambda task: render_to_string("shared/_key_list.html", {"lines": tree_keys()})),
    ],
)
def test_every_key_gives_a_command_that_its_page_knows_and_means_one_thing(task, script, list_for):
    listed = list_for(task())
    assert commands(listed) <= table(script)
    names = [name for names in re.findall('data-key="(.+?)"', listed) for name in names.split()]
    assert len(names) == len(set(names)) > 10


OWNERS = {"pick", "write", "along", "download", "save", "begin"}


@pytest.mark.parametrize(
    ("wall", "guest", "missing"),
    [
        ({}, False, set()),
        ({}, True, OWNERS),
        ({"clips": 1}, False, {"number"}),
        ({"clips": 1}, True, {"number", "back", "view", *OWNERS}),
        ({"clips": 1, "kind": Task.Kind.ORIGINAL}, False, {"number", "back", "view"}),
        ({"clips": 0, "state": "processing"}, False, set()),
    ],
)
def test_a_wall_lists_only_the_keys_for_what_it_offers(task, wall, guest, missing):
    assert commands(wall_keys(task(), guest=False)) - commands(wall_keys(task(**wall), guest)) == missing


def test_a_list_shows_each_key_and_says_what_it_does():
    shown = film_keys()
    assert '<kbd data-key="ArrowLeft" data-do="step" data-to="-1">←</kbd>' in shown
    assert '<kbd>Shift</kbd> <kbd data-key="Shift+ArrowLeft" data-do="second" data-to="-1">←</kbd>' in shown
    assert "<dd>one second</dd>" in shown
