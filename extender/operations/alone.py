"""What may be done by one process at a time, however many begin it together, on any of the machines."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

# A number that no other program at the same database takes for its own.
NUMBER = 0x657874656E646572  # "extender"


@contextmanager
def alone() -> Iterator[None]:
    """Waits until no other process is in it, and keeps all others out as long as the `with` lasts.

    The death of a process ends its turn. PostgreSQL's lock hangs on a transaction, so a pooler may stand between.
    """
    with _directory_locked() if connection.vendor == "sqlite" else _transaction_locked():
        yield


@contextmanager
def _directory_locked() -> Iterator[None]:
    """The directory of SQLite's file: a file of our own would belong to whoever came first, root perhaps."""
    directory = os.open(Path(connection.settings_dict["NAME"]).parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


@contextmanager
def _transaction_locked() -> Iterator[None]:
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            # Others may be at it for longer than a statement, or an idle transaction, may take here.
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBER])
        yield
    finally:
        other.close()
