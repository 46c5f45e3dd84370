"""One moment of the database, while everything else goes on reading and writing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

# The copy of SQLite's file, in the directory of a backup while it is made.
SNAPSHOT = "snapshot.sqlite3"


@contextmanager
def snapshot(directory: Path) -> Iterator[None]:
    """As long as the `with` lasts, all that this thread reads is of one moment.

    PostgreSQL keeps that moment for whoever reads. SQLite's file is copied into `directory`, by its own means, and
    the copy is read: a long reader would keep writers waiting where SQLite may not write ahead.
    """
    if connection.vendor == "sqlite":
        with _copy_of_file(directory / SNAPSHOT):
            yield
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


@contextmanager
def _copy_of_file(path: Path) -> Iterator[None]:
    # A backup that was killed may have left one.
    _remove(path)
    own = connections[DEFAULT_DB_ALIAS]
    copy = type(own)(own.settings_dict | {"NAME": str(path)}, DEFAULT_DB_ALIAS)
    try:
        copy.ensure_connection()
        own.ensure_connection()
        own.connection.backup(copy.connection)
        connections[DEFAULT_DB_ALIAS] = copy
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = own
        copy.close()
        _remove(path)


def _remove(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        with suppress(FileNotFoundError):
            each.unlink()
