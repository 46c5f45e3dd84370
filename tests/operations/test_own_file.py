"""SQLite's file, where we make it."""

from stat import S_IMODE

import pytest
from django.db import connection
from django.db.utils import ConnectionHandler


@pytest.mark.django_db
def test_a_new_file_is_closed_to_others_and_one_that_is_there_stays_as_it_is(tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("a database that is a file")
    file = tmp_path / "new.sqlite3"
    journal = {"init_command": "PRAGMA journal_mode=WAL"}
    for mode in (0o600, 0o640):
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file), "OPTIONS": journal}
        own = ConnectionHandler({"default": database})["default"]
        with own.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS kites (id)")
            cursor.execute("INSERT INTO kites VALUES (1)")
        assert {S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {mode}
        own.close()
        file.chmod(0o640)
