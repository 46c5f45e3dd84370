"""What was asked, billed and posted: the sandbox's book, kept so that tests can reconcile it."""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from extender.sandbox.database import Database

SUBMITS = ("/imagine", "/imagine-video", "/imagine-video-extend")


@dataclass
class Entry:
    """One request. `status` is what is answered, None where the connection is closed instead."""

    method: str
    path: str
    status: int | None = None
    task_id: str | None = None
    task_ids: list[str] | None = None  # of a /fetch-many
    parent_task_id: str | None = None
    nonce: str | None = None  # the last segment of a submit's webhook_url
    billed: bool = False
    fault: str | None = None


def nonce(webhook_url: Any) -> str | None:
    """The last segment of a webhook address's path: `.../webhooks/apiframe/<nonce>/` gives the nonce."""
    if not isinstance(webhook_url, str):
        return None
    try:
        path = urlsplit(webhook_url).path
    except ValueError:
        return None
    return path.rstrip("/").rpartition("/")[2] or None


def request(database: Database, entry: Entry) -> None:
    database.change(
        "INSERT INTO requests (at, method, path, status, task_id, task_ids, parent_task_id, nonce, billed,"
        " fault) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        time.time(),
        entry.method,
        entry.path,
        entry.status,
        entry.task_id,
        json.dumps(entry.task_ids) if entry.task_ids is not None else None,
        entry.parent_task_id,
        entry.nonce,
        entry.billed,
        entry.fault,
    )


def bill(database: Database, task_id: str, task_type: str, credits: int) -> None:
    database.change(
        "INSERT INTO bills (at, task_id, task_type, credits) VALUES (?, ?, ?, ?)",
        time.time(),
        task_id,
        task_type,
        credits,
    )


def webhook(database: Database, task_id: str, status: str, answer: str) -> None:
    """`status` is the task's, `answer` the receiver's status code or what went wrong."""
    database.change(
        "INSERT INTO webhooks (at, task_id, status, answer) VALUES (?, ?, ?, ?)",
        time.time(),
        task_id,
        status,
        answer,
    )


def forget(database: Database) -> None:
    for table in ("requests", "bills", "webhooks"):
        database.change(f"DELETE FROM {table}")  # noqa: S608


def as_json(database: Database) -> dict[str, Any]:
    """The whole book, oldest first: requests, bills, webhooks and totals; `at` in seconds since the epoch."""
    with database.transaction():  # one moment for all three tables
        tables = {
            table: [dict(row) for row in database.rows(f"SELECT * FROM {table} ORDER BY id")]  # noqa: S608
            for table in ("requests", "bills", "webhooks")
        }
    for rows in tables.values():
        for row in rows:
            del row["id"]
    for row in tables["requests"]:
        row["billed"] = bool(row["billed"])
        row["task_ids"] = json.loads(row["task_ids"]) if row["task_ids"] else None
    for row in tables["webhooks"]:
        row["answer"] = int(row["answer"]) if row["answer"].isdecimal() else row["answer"]
    totals = {
        "requests": len(tables["requests"]),
        "submits": sum(row["path"] in SUBMITS for row in tables["requests"]),
        "bills": len(tables["bills"]),
        "credits": sum(row["credits"] for row in tables["bills"]),
    }
    return {**tables, "totals": totals}
