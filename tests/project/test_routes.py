"""The table of routes.py, walked: every address, by every method, as everybody who may come."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import get_resolver

from extender.tasks.models.queries import TaskQuerySet
from extender.team.models import Member
from project.headers import HEADERS
from tests.helpers import connections_kept
from tests.project.house import PASSWORD, House
from tests.project.routes import (
    ADMIN,
    ANONYMOUS,
    EVERYBODY,
    GUEST,
    NEVER,
    OFF,
    OTHER,
    OWN,
    OWNER,
    PAGE,
    REVOKED,
    ROOT,
    ROUTES,
    SIGNED_IN,
    Route,
    addresses,
)

METHODS = ("GET", "POST", "PUT")
# One who is signed in and one who is not stand for all: these are answered as GET and PUT are.
OTHER_METHODS = dict.fromkeys((OWNER, ANONYMOUS), ("HEAD", "PATCH", "DELETE", "OPTIONS", "TRACE"))
TABLE = ROUTES | ADMIN
# With `ADMIN=on`.
URLCONF = "tests.with_admin"
TOKEN = "t" * 32
# Whoever comes, and whatever becomes of it.
OF_NO_MATTER = {"django_session"}
WRITE = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')


def test_the_table_names_every_address_and_no_other():
    found = [name for name, _ in addresses(get_resolver(URLCONF))]
    assert sorted(found) == sorted(TABLE)


class Written:
    """The tables of which rows were written while it wraps the database."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, execute: Callable, sql: str, params: object, many: bool, context: dict[str, Any]) -> object:
        result = execute(sql, params, many, context)
        # Of an INSERT that returns its row SQLite does not know yet that it has made one.
        if sql.startswith(("INSERT", "WITH")) or context["cursor"].rowcount > 0:
            self.tables.update(WRITE.findall(sql))
        return result


@pytest.fixture
def people(member, stranger) -> dict[str, Member]:
    staff = Member.objects.create_user("ada", password=PASSWORD, is_staff=True)
    root = Member.objects.create_superuser("root", password=PASSWORD)
    return dict(zip((*SIGNED_IN, OFF), (member, stranger, staff, root, member), strict=True))


@pytest.fixture
def ask(people, sandbox, admin_on, shorten) -> Callable[..., tuple[HttpResponseBase, set[str]]]:
    """Asks for an address as somebody; returns the answer, and the tables that changed. All of it is taken back."""
    # These look by connections of their own, which this test's transaction keeps waiting.
    shorten("extender.operations.health.PATIENCE", 0)
    # A slow machine may need more than its ten seconds for this walk.
    shorten("extender.sharing.models.UNDO_FOR", timedelta(days=1))
    house = House(people["owner"])
    routes = dict(addresses(get_resolver(URLCONF)))

    def send(web: Client, who: str, method: str, name: str, **headers: str) -> tuple[HttpResponseBase, set[str]]:
        address = routes[name].format(**house.arguments(name, who)) + house.asks(name)
        form = {"data": house.form(name)} if method == "POST" else {}
        kept = web.cookies.output(header="", sep=";")
        with transaction.atomic():
            if who == OFF:
                Member.objects.filter(pk=people[who].pk).update(is_active=False)
            with connection.execute_wrapper(written := Written()):
                answer = getattr(web, method.lower())(address, headers=headers, **form)
            transaction.set_rollback(True)
        web.cookies = SimpleCookie(kept)
        # As a server does, read or not: else a download would keep its slot.
        with connections_kept():
            answer.close()
        return answer, written.tables - OF_NO_MATTER

    return send


@pytest.fixture
def client_of(people) -> Callable[..., Client]:
    def come(who: str, **how: Any) -> Client:
        client = Client(raise_request_exception=False, **how)
        if who in people:
            client.force_login(people[who])
        return client

    return come


def faults(route: Route, who: str, method: str, answer: HttpResponseBase, written: set[str]) -> Iterator[str]:
    """What is not as the table says."""
    expected = route.status(who, method)
    if answer.status_code != expected:
        yield f"{answer.status_code}, not {expected}"
    is_let_in = who in route.who.of and expected != 405
    if bool(written) != (is_let_in and method == "POST" and route.changes):
        yield f"changed {written}"
    may_be_kept = {route.kept} if is_let_in and method in ("GET", "HEAD") else {PAGE, NEVER}
    if answer["Cache-Control"] not in may_be_kept:
        yield f"kept: {answer['Cache-Control']}"
    if answer.get("Content-Type", "").startswith("text/") and "charset=" not in answer["Content-Type"]:
        yield "text of no charset"
    if lacking := {name for name in HEADERS if name not in answer}:
        yield f"lacks {lacking}"


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_gets_what_is_theirs_and_no_more(ask, client_of, who):
    web = client_of(who)
    asked = [(name, method) for name in ROUTES for method in (*METHODS, *OTHER_METHODS.get(who, ()))]
    # Django's admin answers other methods as it answers GET.
    asked += [(name, method) for name in ADMIN for method in ("GET", "POST")]
    found = [
        f"{method} {name}: {fault}"
        for name, method in asked
        # Beside their link they ask as anybody does.
        if who not in (GUEST, REVOKED) or name.startswith("guest")
        for fault in faults(TABLE[name], who, method, *ask(web, who, method, name))
    ]
    assert not found, "\n".join(found)


# Whoever may read a film may have it made.
OF_A_READER = {"exports_export"}


def test_who_may_only_read_changes_nothing_at_any_address(ask, client_of, monkeypatch):
    # Nothing shows a member somebody else's task yet, so the rule itself is widened.
    monkeypatch.setattr(TaskQuerySet, "visible_to", lambda self, member: self)
    # What was compiled before asks by the narrow rule.
    monkeypatch.setitem(vars(connections["default"]), "_compiled_queries", {})
    reader = client_of(OTHER)
    own = {name: route for name, route in ROUTES.items() if route.who is OWN and name != "preview"}
    read = {name for name, route in own.items() if route.get and ask(reader, OTHER, "GET", name)[0].status_code < 404}
    assert read == {name for name, route in own.items() if route.get} - {"extend"}
    changed = {name: ask(reader, OTHER, "POST", name)[1] - OF_A_READER for name, route in own.items() if route.post}
    assert not any(changed.values()), changed


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_a_form_that_no_page_of_ours_sent_changes_nothing(ask, client_of, origin):
    """Without its token where it is not said to come from elsewhere; with it, and from elsewhere."""
    web = client_of(ROOT, enforce_csrf_checks=True)
    web.cookies["csrftoken"] = TOKEN
    headers = {"Origin": origin, "X-CSRFToken": TOKEN} if origin else {}
    for name, route in TABLE.items():
        answer, changed = ask(web, ROOT, "POST", name, **headers)
        if route.from_machines:
            assert answer.status_code == route.post, name
        else:
            # Where a form comes again to be sent anew, it is only to whom it may come.
            assert (answer.status_code in (403, 404), changed) == (True, set()), name
