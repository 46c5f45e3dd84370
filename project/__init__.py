"""The settings, the addresses, and what belongs to no room. Whoever imports it has a current SQLite."""

import sys
from contextlib import suppress

# Where the system's has the fault for which it may not write ahead (see `fixed_sqlite_wal`), and a wheel is there.
with suppress(ImportError):
    import pysqlite3

    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
