"""The history: every task of a member, newest first."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from urllib.parse import urlsplit

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import replace_url

from extender.tasks import submitting
from extender.tasks.access import read_tasks_and_running
from extender.tasks.background import run_due
from extender.tasks.models import Task
from extender.tasks.models.queries import TaskQuerySet
from extender.tasks.running import Running
from extender.team.models import Member
from extender.team.sign_in import MemberRequest
from extender.workspace.cards import cards_of
from extender.workspace.days import Day, days_of, zone_of

PAGE = 24
# As many as are shown again at once to who comes back.
MOST_PAGES = 10
Mark = tuple[datetime, uuid.UUID]
FILTERS = {"picked": "yes", "state": "running"}
# htmx stops a poll that is answered with this status.
STOP_POLLING = 286


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The address without a path."""
    return redirect("history")


@require_safe
@vary_on_headers("HX-Request")
def history(request: MemberRequest) -> HttpResponse:
    """A page of the history, after the card with the mark `?before=`, or as many as `?pages=` says.

    `?picked=yes`: only tasks with a pick. `?state=running`: only those that end by themselves.
    """
    chosen = next((name for name, value in FILTERS.items() if request.GET.get(name) == value), "")
    mark = _read_mark(request.GET["before"]) if request.GET.get("before") else None
    context: dict[str, object] = {"chosen": chosen, "is_first_page": not mark}
    tasks: Sequence[Task] | TaskQuerySet
    if chosen == "state":
        running = list(Task.objects.owned_by(request.user).timed().select_related("parent").running())
        tasks = _newest_first(running, mark)
        # Asked for already: on every page the bar on top counts them.
        context["running"] = Running.of(running)
    else:
        tasks = _own(request.user, picked=bool(chosen), mark=mark)
    # One more than is shown tells whether there are more, without counting.
    number = PAGE * _pages(request.GET)
    page = list(tasks[: number + 1])
    shown = page[:number]
    cards = cards_of(shown)
    context |= {
        "cards": list(zip(_days(request, shown, mark, chosen), shown, cards, strict=True)),
        "next_page": _address_after(shown[-1], chosen) if len(page) > number else "",
        "watching": any(card.is_watched for card in cards),
    }
    if not request.htmx:
        return render(request, "workspace/history.html", context)
    # Who comes back to this page finds all that was loaded.
    return _at_one_page_more(render(request, "workspace/_cards.html", context), _path_of_page(request))


@require_POST
def pulse(request: MemberRequest) -> HttpResponse:
    """One poll for all cards: `open=<id>:<version>` for each that may change; the changed ones come back.

    POST, since an address has no room for a hundred of them.
    """
    shown = _shown(request.POST.getlist("open"))
    tasks, running = read_tasks_and_running(request.user, shown.keys())
    run_due(tasks)
    prefetch_related_objects([task for task in tasks if task.is_final], "clip_set")
    status = 200 if any(task.is_watched for task in tasks) else STOP_POLLING
    changed = [task for task in tasks if task.version != shown[task.pk]]
    if not changed and status == 200:
        return HttpResponse(status=204)
    return render(request, "workspace/_pulse.html", {"tasks": changed, "running": Running.of(running)}, status=status)


@require_POST
def cancel_waiting(request: MemberRequest) -> HttpResponse:
    """Takes back all that is not sent yet."""
    submitting.cancel_waiting(request.user)
    return redirect(f"{reverse('history')}?state=running")


@require_safe
def bar(request: MemberRequest) -> HttpResponse:
    """What runs, for the bar of a page on which nothing else asks; 204 where it shows that (`?v=`)."""
    running = Running.of_member(request.user)
    if request.GET.get("v") == running.version:
        return HttpResponse(status=204)
    return render(request, "shared/_running.html", {"running": running})


def _own(member: Member, *, picked: bool, mark: Mark | None) -> TaskQuerySet:
    """The member's tasks, newest first, from behind the mark on."""
    tasks = Task.objects.visible_to(member).timed().newest_first()
    tasks = tasks.select_related("parent")
    tasks = tasks.picked() if picked else tasks
    return tasks.older_than(*mark) if mark else tasks


def _days(request: MemberRequest, shown: Sequence[Task], mark: Mark | None, chosen: str) -> list[Day | None]:
    """The headings of days, without one that the reader has already where more is loaded.

    Picks are days apart: under headings each would stand alone in its row.
    """
    if chosen == "picked":
        return [None] * len(shown)
    return days_of(shown, zone_of(request), after=mark[0] if mark and request.htmx else None)


def _newest_first(running: list[Task], mark: Mark | None) -> list[Task]:
    """Those that run, newest first, from behind the mark on. (To sort them SQLite would read a whole history.)"""
    ordered = sorted(((task.created_at, task.pk), task) for task in running)
    return [task for place, task in reversed(ordered) if not mark or place < mark]


def _pages(asked: QueryDict) -> int:
    number = asked.get("pages", "")
    # Of thousands of digits Python makes no number.
    return min(MOST_PAGES, max(1, int(number[:9]))) if number.isascii() and number.isdecimal() else 1


def _path_of_page(request: MemberRequest) -> str | None:
    """The path of the page that htmx asks from; None where it is none of ours, or no address."""
    with suppress(ValueError):
        return request.htmx.current_url_abs_path
    return None


def _at_one_page_more(response: HttpResponse, address: str | None) -> HttpResponse:
    """The response, after which the page at `address` is at the one that shows one page more."""
    if not address:
        return response
    parts = urlsplit(address)
    asked = QueryDict(parts.query, mutable=True)
    asked["pages"] = str(min(MOST_PAGES, _pages(asked) + 1))
    return replace_url(response, f"{parts.path}?{asked.urlencode()}")


def _address_after(task: Task, chosen: str) -> str:
    filters = {chosen: FILTERS[chosen]} if chosen else {}
    return f"{reverse('history')}?{urlencode(filters | {'before': _mark(task)})}"


def _mark(task: Task) -> str:
    return f"{task.created_at.isoformat()}_{task.pk}"


def _read_mark(text: str) -> Mark:
    moment, _, pk = text.partition("_")
    try:
        created_at = datetime.fromisoformat(moment)
        # In the first year and the last another zone's moment may lie outside of all years.
        if created_at.tzinfo is None or not MINYEAR < created_at.year < MAXYEAR:
            raise ValueError
        # PostgreSQL knows no zone that is further off than 16 hours.
        return created_at.astimezone(UTC), uuid.UUID(pk)
    except ValueError as error:
        raise Http404 from error


def _shown(pairs: list[str]) -> dict[uuid.UUID, int]:
    """The versions that the browser shows, by id; what cannot be read is left out."""
    shown = {}
    for pair in pairs:
        pk, _, version = pair.partition(":")
        try:
            shown[uuid.UUID(pk)] = int(version)
        except ValueError:
            continue
    return shown
