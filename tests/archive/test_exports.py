"""Films to take away: asked for on the film's page, made by a worker's turn, downloaded whole."""

import pytest

from extender.archive.exports.models import Export
from extender.states import EXPORT_MOVES, EXPORT_WORDS, ExportState
from extender.video.cutlist import CutList, Part
from tests.helpers import at_once

ONE = (["a" * 64], CutList((Part(0, 1000),)))


def test_each_state_has_its_words_and_its_moves():
    assert set(EXPORT_WORDS) == set(EXPORT_MOVES) == set(ExportState)


@pytest.mark.django_db
def test_an_export_moves_only_as_the_table_allows():
    for old in ExportState:
        for new in ExportState:
            export = Export.objects.create(cut_list=f"{old}-{new}", files=[], cuts="", state=old)
            assert Export.objects.filter(pk=export.pk).move(new) == (new in EXPORT_MOVES[old]), (old, new)


@pytest.mark.django_db
def test_the_same_cut_list_is_one_film_and_any_other_another():
    first = Export.objects.ask_for(*ONE)
    assert Export.objects.ask_for(*ONE) == first
    others = [
        (["b" * 64], ONE[1]),
        (ONE[0], CutList((Part(0, 999),))),
        (ONE[0], CutList(ONE[1].parts, shape="1:1")),
        (ONE[0], CutList(ONE[1].parts, shape="1:1", fit="crop")),
    ]
    assert len({first.pk, *(Export.objects.ask_for(*other).pk for other in others)}) == 5


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "then"), [("failed", "waiting"), ("cancelled", "waiting"), ("stored", "stored")])
def test_what_was_not_to_be_had_is_made_anew_when_somebody_asks_again(state, then):
    export = Export.objects.ask_for(*ONE)
    Export.objects.update(state=state, due_at=None, reason="so", asked_at="2020-01-01T00:00:00Z")
    again = Export.objects.ask_for(*ONE)
    assert (again.pk, again.state) == (export.pk, then)
    assert again.asked_at.year > 2020
    assert Export.objects.to_export().exists() == (then == "waiting")


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_one_row_and_two_workers_make_it_once():
    asked = at_once(*[lambda: Export.objects.ask_for(*ONE)] * 6)
    assert len({export.pk for export in asked}) == Export.objects.count() == 1
    claimed = at_once(*[lambda: Export.objects.claim(asked[0])] * 6)
    assert sorted(claimed) == [False] * 5 + [True]
