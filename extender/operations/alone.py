"""What may be done by one process at a time, however many begin it together, on any of the machines."""

import fcntl
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
    if connection.vendor == "sqlite":
        path = Path(f"{connection.settings_dict['NAME']}.lock")
        with path.open("a") as file:
            path.chmod(0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBER])
        yield
    finally:
        other.close()
