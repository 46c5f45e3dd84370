"""The tasks, their clips and the account, in the sandbox's database."""

import json
import time
from dataclasses import dataclass, fields
from typing import Any

from extender.sandbox import ledger
from extender.sandbox.database import Database
from extender.sandbox.life import Moment, moment

START, EXTEND, PICTURES = "imagine-video", "imagine-video-extend", "imagine"


@dataclass(frozen=True)
class Task:
    task_id: str
    task_type: str
    prompt: str
    motion: str
    started: float  # wall clock, seconds since the epoch
    seconds: float  # length of its life
    takes: int = 4  # clips or pictures it will have
    ratio: float = 16 / 9  # width over height
    parent_task_id: str | None = None  # what it continues: a video, or for a start video a picture
    parent_index: int | None = None
    depth: int = 0  # extensions between it and its start video
    picture: str | None = None  # what it begins with: the name of an upload
    words: tuple[str, ...] = ()  # its misbehaviour
    original: bool = False
    webhook_url: str | None = None
    webhook_secret: str | None = None
    trouble: str | None = None  # why it cannot be painted

    @property
    def suffix(self) -> str:
        """What its files are called."""
        return "png" if self.task_type == PICTURES else "mp4"

    @property
    def seed(self) -> int:
        return int(self.task_id[:8], 16)


COLUMNS = [field.name for field in fields(Task)]


class Store:
    """Thread-safe, as its database is."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # The account

    def credits(self) -> int:
        return self.database.rows("SELECT credits FROM account")[0]["credits"]

    def grant(self, credits: int) -> None:
        """Sets the account to `credits`."""
        self.database.change("INSERT OR REPLACE INTO account VALUES (1, ?, ?)", credits, credits)

    def grant_once(self, credits: int) -> None:
        """Sets the account to `credits` unless it was granted as many before: a restart refills nothing."""
        rows = self.database.rows("SELECT granted FROM account")
        if not rows or rows[0]["granted"] != credits:
            self.grant(credits)

    def total_images(self) -> int:
        return self.database.rows("SELECT COUNT(*) FROM clips")[0][0]

    # Tasks

    def accept(self, task: Task, price: int) -> bool:
        """Bills a task and keeps it, both or neither. False: the credits do not suffice."""
        with self.database.transaction():
            paid = self.database.change("UPDATE account SET credits = credits - ? WHERE credits >= ?", price, price)
            if not paid:
                return False
            self.keep(task)
            ledger.bill(self.database, task.task_id, task.task_type, price)
        return True

    def keep(self, task: Task) -> None:
        values = [getattr(task, name) for name in COLUMNS]
        values[COLUMNS.index("words")] = json.dumps(task.words)
        marks = ", ".join("?" * len(COLUMNS))
        statement = f"INSERT OR IGNORE INTO tasks ({', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608
        self.database.change(statement, *values)

    def _tasks(self, condition: str, *values: object) -> list[Task]:
        rows = self.database.rows(f"SELECT * FROM tasks WHERE {condition} ORDER BY rowid", *values)  # noqa: S608
        return [_task(row) for row in rows]

    def task(self, task_id: str) -> Task | None:
        return next(iter(self._tasks("task_id = ?", task_id)), None)

    def originals(self) -> list[Task]:
        return self._tasks("original")

    def unpainted(self) -> list[Task]:
        """Tasks with clips still to be made, originals first."""
        found = self._tasks(
            "trouble IS NULL AND takes > (SELECT COUNT(*) FROM clips WHERE clips.task_id = tasks.task_id)"
        )
        return sorted(found, key=lambda task: not task.original)

    def moment(self, task: Task) -> Moment:
        """What the task shows now."""
        count = self.database.rows("SELECT COUNT(*) FROM clips WHERE task_id = ?", task.task_id)[0][0]
        if task.original and not task.trouble and count < task.takes:
            return Moment("processing", str(100 * count // task.takes))
        elapsed = time.time() - task.started
        return moment(elapsed, task.seconds, task.words, painted=count >= task.takes, trouble=task.trouble)

    # Clips

    def add_clip(self, task_id: str, take: int, ending: dict[str, Any] | None) -> bool:
        """Notes that a clip's file exists. False: its task was forgotten meanwhile."""
        return bool(
            self.database.change(
                "INSERT OR REPLACE INTO clips SELECT task_id, ?, ? FROM tasks WHERE task_id = ?",
                take,
                json.dumps(ending) if ending else None,
                task_id,
            )
        )

    def clips(self, task_id: str) -> dict[int, dict[str, Any] | None]:
        """The endings of the clips that exist, by take; None for a tiny one."""
        rows = self.database.rows("SELECT take, ending FROM clips WHERE task_id = ?", task_id)
        return {row["take"]: json.loads(row["ending"]) if row["ending"] else None for row in rows}

    def forget_clips(self, task_id: str) -> None:
        """The clips are to be made again."""
        self.database.change("DELETE FROM clips WHERE task_id = ?", task_id)
        self.database.change("UPDATE tasks SET trouble = NULL WHERE task_id = ?", task_id)

    def give_up(self, task_id: str, trouble: str) -> None:
        self.database.change("UPDATE tasks SET trouble = ? WHERE task_id = ?", trouble, task_id)

    # Webhooks

    def unannounced(self) -> list[tuple[Task, str | None]]:
        """Tasks whose result has not been posted yet, each with what was posted last."""
        rows = self.database.rows("SELECT * FROM tasks WHERE webhook_url IS NOT NULL AND NOT webhook_done")
        return [(_task(row), row["webhook_said"]) for row in rows]

    def announced(self, task_id: str, said: str, *, final: bool) -> None:
        self.database.change(
            "UPDATE tasks SET webhook_said = ?, webhook_done = webhook_done OR ? WHERE task_id = ?",
            said,
            final,
            task_id,
        )

    def forget(self) -> None:
        """Forgets every task but the originals, and the ledger."""
        with self.database.transaction():
            self.database.change("DELETE FROM tasks WHERE NOT original")
            self.database.change("DELETE FROM clips WHERE task_id NOT IN (SELECT task_id FROM tasks)")
            ledger.forget(self.database)


def _task(row: Any) -> Task:
    values = {name: row[name] for name in COLUMNS}
    return Task(**{**values, "words": tuple(json.loads(row["words"])), "original": bool(row["original"])})
