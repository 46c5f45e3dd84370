"""The days of a history, as its reader counts them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from extender.tasks.models import Task

ZONE_COOKIE = "zone"


@dataclass(frozen=True)
class Day:
    """A day that has a heading; `name` is "Today", "Yesterday", or "" where its date says more."""

    date: date
    name: str
    is_this_year: bool


def zone_of(request: HttpRequest) -> tzinfo:
    """The reader's own time zone, which a script tells by a cookie; UTC until it has."""
    try:
        return ZoneInfo(request.COOKIES.get(ZONE_COOKIE, "UTC"))
    except (ValueError, KeyError, OSError):
        return UTC


def days_of(tasks: Iterable[Task], zone: tzinfo, after: datetime | None = None) -> list[Day | None]:
    """The day of each of `tasks` (timed, newest first), where that is another than of the one before.

    `after`: when the one before the first was made, where the reader has seen that.
    """
    days: list[Day | None] = []
    before = after.astimezone(zone).date() if after else None
    for task in tasks:
        day = task.created_at.astimezone(zone).date()
        days.append(_named(day, task, zone) if day != before else None)
        before = day
    return days


def _named(day: date, task: Task, zone: tzinfo) -> Day:
    today = (task.read_at or task.created_at).astimezone(zone).date()
    names = {today: "Today", today - timedelta(days=1): "Yesterday"}
    return Day(day, names.get(day, ""), day.year == today.year)
