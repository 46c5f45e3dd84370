"""A clip's file moves along its table of moves and no other way, and one method alone moves it."""

import re

import pytest

from extender.states import FILE_MOVES, FILE_WORDS, FileState
from extender.tasks.models import Clip
from tests.helpers import make_clip, make_task
from tests.paths import PROJECT

PRODUCT = PROJECT / "extender"
# An update of the column beside the table of moves; rows are made in their first state.
STATE_WRITTEN = re.compile(r"\.update\([^)]*\bstate=", re.DOTALL)


def test_each_state_has_its_words_and_its_moves():
    assert set(FILE_WORDS) == set(FILE_MOVES) == set(FileState)


@pytest.mark.parametrize("old", FileState)
@pytest.mark.parametrize("new", FileState)
def test_only_what_the_table_allows_happens(member, old, new):
    clip = make_clip(make_task(member), state=old)
    allowed = new in FILE_MOVES[old]
    assert Clip.objects.filter(pk=clip.pk).move(new, reason="moved") == allowed
    clip.refresh_from_db()
    assert (clip.state, clip.reason) == ((new, "moved") if allowed else (old, ""))


def test_nothing_writes_a_files_state_beside_the_table():
    texts = {path: path.read_text() for path in (PRODUCT / "archive").rglob("*.py")}
    assert [str(path) for path, text in texts.items() if STATE_WRITTEN.search(text)] == []
