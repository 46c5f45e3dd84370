"""The sandbox's own SQLite file: one connection, one lock."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What the tables look like. Another version in the file means: start afresh, nothing in it is worth more.
VERSION = 3
SCHEMA = """
CREATE TABLE account (
  id INTEGER PRIMARY KEY CHECK (id = 1), granted INTEGER NOT NULL, credits INTEGER NOT NULL);
CREATE TABLE tasks (
  task_id TEXT PRIMARY KEY, task_type TEXT NOT NULL, prompt TEXT NOT NULL, motion TEXT NOT NULL,
  parent_task_id TEXT, parent_index INTEGER, depth INTEGER NOT NULL, takes INTEGER NOT NULL, ratio REAL NOT NULL,
  picture TEXT, started REAL NOT NULL, seconds REAL NOT NULL, words TEXT NOT NULL, original INTEGER NOT NULL,
  webhook_url TEXT, webhook_secret TEXT, webhook_said TEXT, webhook_done INTEGER NOT NULL DEFAULT 0,
  trouble TEXT);
CREATE TABLE clips (
  task_id TEXT NOT NULL, take INTEGER NOT NULL, ending TEXT, PRIMARY KEY (task_id, take)) WITHOUT ROWID;
CREATE TABLE requests (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER,
  task_id TEXT, task_ids TEXT, parent_task_id TEXT, nonce TEXT, billed INTEGER NOT NULL, fault TEXT);
CREATE TABLE bills (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, task_id TEXT NOT NULL, task_type TEXT NOT NULL,
  credits INTEGER NOT NULL);
CREATE TABLE webhooks (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, task_id TEXT NOT NULL, status TEXT NOT NULL,
  answer TEXT NOT NULL);
"""


class Database:
    """Thread-safe: every statement and every transaction holds the lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # A killed process loses nothing this way; only a power cut could, and this is a sandbox.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA journal_mode = TRUNCATE")
        if self.rows("PRAGMA user_version")[0][0] != VERSION:
            self._create()

    def _create(self) -> None:
        for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
            self._connection.execute(f'DROP TABLE "{row["name"]}"')
        self._connection.executescript(SCHEMA)
        self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def change(self, statement: str, *values: object) -> int:
        """Runs one statement; returns how many rows it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Waits for the statement under way and keeps the lock, so that no thread starts another one."""
        self._lock.acquire()
        self._connection.close()
