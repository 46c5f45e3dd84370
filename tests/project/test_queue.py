"""Writers to one SQLite file wait for their turn, and not in sleeps that others overtake."""

import os
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection, transaction

from extender.team.models import Member
from project.sqlite3 import queue

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL queues by itself"),
]


@pytest.fixture
def is_free(shorten) -> Callable[[], bool]:
    """Whether another writer would have a turn at once."""
    shorten("project.sqlite3.queue.PATIENCE", 0.01)
    line = queue.of(str(connection.settings_dict["NAME"]))

    def ask() -> bool:
        entered = line.enter()
        if entered:
            line.leave()
        return entered

    return ask


def _fail() -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        Member.objects.update(is_staff=True)
        raise ZeroDivisionError


def _commit() -> None:
    with transaction.atomic():
        Member.objects.update(is_staff=True)


@pytest.mark.parametrize("write", [_commit, _fail, lambda: Member.objects.update(is_staff=True)])
def test_a_turn_ends_with_what_it_was_taken_for(is_free, write):
    write()
    assert is_free()


def test_nobody_has_a_turn_while_a_transaction_is_open(is_free):
    with transaction.atomic():
        assert not is_free()


def test_a_connection_that_is_closed_halfway_gives_its_turn_back(is_free):
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert not is_free()
    connection.close()
    assert is_free()


def test_who_waits_too_long_writes_without_a_turn(is_free, member):
    line = queue.of(str(connection.settings_dict["NAME"]))
    assert line.enter()
    assert Member.objects.update(is_staff=True) == 1
    line.leave()


def test_a_process_has_no_turn_of_its_parent(is_free):
    """What is forked while a turn is held waits for it to end, as any other process."""
    with transaction.atomic():
        child = os.fork()
        if not child:
            os._exit(is_free())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
