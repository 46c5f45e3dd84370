"""How long the site and the workers wait for a statement of PostgreSQL. Commands, as `migrate`, may wait longer."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

# Longer than any of ours takes, shorter than a proxy's patience.
STATEMENT_SECONDS = 30


def limit_statements() -> None:
    """From now on each new connection of this process gives up a statement after half a minute.

    By a statement, since a pooler refuses to pass such an option on. Where that gives each transaction another
    connection, some go without.
    """
    connection_created.connect(_limit, dispatch_uid="statements")


def _limit(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [f"{STATEMENT_SECONDS}s"])
