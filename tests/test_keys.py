"""The keys of pages: that each list names what its page's script can do, and only what is offered there."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

from extender.models import Task
from extender.templatetags.keys import Line, film_keys, tree_keys, wall_keys

SCRIPTS = Path(settings.BASE_DIR) / "static" / "js"
FINISHED = {"state": "finished", "kind": Task.Kind.EXTENSION}


def task(clips: int = 4, **columns: str) -> Task:
    urls = [f"https://clips.example/{number}.mp4" for number in range(1, clips + 1)]
    return Task(video_urls=urls, **FINISHED | columns)


def commands(lines: list[Line]) -> set[str]:
    return {key.command for line in lines for key in line.keys}


def table(script: str) -> set[str]:
    """The commands that a script knows."""
    (entries,) = re.findall(
        r"^const COMMANDS = \{\n(.*?)^\};", (SCRIPTS / script).read_text(), re.DOTALL | re.MULTILINE
    )
    return set(re.findall(r"^  (\w+)[:,]", entries, re.MULTILINE))


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("wall/commands.js", wall_keys(task(), guest=False)),
        ("film/film.js", film_keys()),
        ("tree/tree.js", tree_keys()),
    ],
)
def test_every_key_gives_a_command_that_its_page_knows_and_means_one_thing(script, lines):
    assert commands(lines) <= table(script)
    names = [name for line in lines for key in line.keys for name in key.names.split()]
    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize(
    ("wall", "guest", "missing"),
    [
        (task(), False, set()),
        (task(), True, {"keep", "edit", "download"}),
        (task(clips=1), False, {"number"}),
        (task(clips=1), True, {"number", "back", "look", "keep", "edit", "download"}),
        (task(clips=1, kind=Task.Kind.ORIGINAL), False, {"number", "back", "look"}),
        (task(clips=0, state="processing"), False, set()),
    ],
)
def test_a_wall_lists_only_the_keys_for_what_it_offers(wall, guest, missing):
    assert commands(wall_keys(task(), guest=False)) - commands(wall_keys(wall, guest)) == missing


def test_a_list_shows_each_key_and_says_what_it_does():
    shown = engines["django"].get_template("_key_list.html").render({"lines": film_keys()})
    assert '<kbd data-key="ArrowLeft" data-do="step" data-to="-1">←</kbd>' in shown
    assert '<kbd>Shift</kbd> <kbd data-key="Shift+ArrowLeft" data-do="second" data-to="-1">←</kbd>' in shown
    assert "<dd>one second</dd>" in shown
