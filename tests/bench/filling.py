"""A history of any length, made by the database itself: a million tasks with a clip each in less than a minute."""

import uuid
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from extender.tasks.models import Clip, Task
from extender.team.models import Member

# Of ten tasks one is another member's.
OTHERS = 10
# What tells the rows apart, as each database says it: `n` counts from 1, `owner` and `other` are members.
DIFFERENT = {
    "sqlite": {
        "series": "WITH RECURSIVE series(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n < {last})",
        "id": "printf('%%032x', n)",
        "created_at": "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now', '-' || n || ' minutes')",
        "text": "printf('%%032x', n)",
    },
    "postgresql": {
        "series": "WITH series(n) AS (SELECT * FROM generate_series({first}, {last}))",
        "id": "lpad(to_hex(n), 32, '0')::uuid",
        "created_at": "now() - n * interval '1 minute'",
        "text": "lpad(to_hex(n), 32, '0')",
    },
}


def fill(owner: Member, other: Member, count: int, first: int = 1) -> None:
    """Gives them `count` finished tasks a minute apart, the newest first, each with one stored clip.

    `first` is the number of the newest one: those that are there already have others.
    """
    long_ago = timezone.now() - timedelta(days=3650)
    pattern = Task.objects.create(
        owner=owner,
        kind=Task.Kind.ORIGINAL,
        prompt="A kite over a quiet beach",
        state="finished",
        remote_id=str(uuid.uuid4()),
        sent_at=long_ago,
        ended_at=long_ago,
        due_at=None,
        created_at=long_ago,
    )
    clip = Clip.objects.create(
        task=pattern,
        index=1,
        source_url="https://clips.example/1.mp4",
        state="stored",
        sha256="0" * 64,
        width=1280,
        height=720,
        duration_ms=5000,
        bytes=1_000_000,
        frame_rate=24,
        contains_parent=Clip.Contains.UNKNOWN,
        due_at=None,
    )
    words = DIFFERENT[connection.vendor]
    whose = f"CASE WHEN n %% {OTHERS} = 0 THEN {other.pk} ELSE {owner.pk} END"
    series = words["series"].format(first=first, last=first + count - 1)
    task = {"owner_id": whose, "remote_id": words["text"]}
    _repeat(pattern, series, id=words["id"], created_at=words["created_at"], **task)
    _repeat(clip, series, id=words["id"], task_id=words["id"])


def _repeat(pattern: Task | Clip, series: str, **different: str) -> None:
    """Inserts a row like `pattern` for each `n` of `series`, but for the columns of which an expression is given."""
    quote = connection.ops.quote_name
    columns = [field.column for field in pattern._meta.concrete_fields]
    taken = ", ".join(different.get(column, f"pattern.{quote(column)}") for column in columns)
    table = quote(pattern._meta.db_table)
    into = f"INSERT INTO {table} ({', '.join(map(quote, columns))})"
    key = pattern._meta.pk.get_db_prep_value(pattern.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(f"{into} {series} SELECT {taken} FROM series, {table} AS pattern WHERE pattern.id = %s", [key])
