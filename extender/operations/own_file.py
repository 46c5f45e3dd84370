"""SQLite's file is nobody else's to read: it holds password hashes, sessions and the keys of links."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# What a file has that was made just now, with no table in it: one page at most.
NEW_BYTES = 4096


def keep(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Closes a file that was made just now to others; one that has something in it is as its operator wants it."""
    if connection.vendor != "sqlite":
        return
    file = Path(str(connection.settings_dict["NAME"]))
    if file.is_file() and file.stat().st_size <= NEW_BYTES:
        # What comes beside it later has the rights of the file.
        for path in (file, *file.parent.glob(f"{file.name}-*")):
            # It may be somebody else's, or gone again.
            with suppress(OSError):
                path.chmod(0o600)
