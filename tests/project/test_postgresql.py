"""A connection to PostgreSQL that is of no use any more is known before it is used."""

import psycopg
import pytest
from django.db import DatabaseError, connection

from tests.helpers import eventually

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="its connections"),
]


@pytest.fixture
def asked():
    """A connection that has answered; its cursor."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert connection.is_usable()
        yield cursor
    connection.close()


def test_one_that_the_server_has_ended(asked):
    own = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
    with psycopg.connect(**own, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", asked.fetchone())
    eventually(lambda: not connection.is_usable())


def test_one_whose_transaction_has_failed(asked):
    asked.execute("BEGIN")
    with pytest.raises(DatabaseError):
        asked.execute("SELECT 1 / 0")
    assert not connection.is_usable()
