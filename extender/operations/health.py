"""Plain answers for machines: is the process alive, can it serve, is the work done?"""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.apps import apps
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from extender.operations.models import Heartbeat
from extender.tasks.models import Task

ADDRESSES = ("/healthz", "/readyz", "/workz", "/metrics")
# Seconds within which a machine is answered, whatever the database does.
PATIENCE = 2.0
# Longer than this nothing waits for a worker that does its work.
LATE = timedelta(minutes=10)
# What looks: a database that does not answer holds these, and no thread that serves pages.
PROBES = ThreadPoolExecutor(max_workers=2, thread_name_prefix="probe")
# Some load balancers ask by OPTIONS.
asked_by_machines = require_http_methods(["GET", "HEAD", "OPTIONS"])
# What was found so far, in a word each: "ok", or what is wrong.
Found = dict[str, str]


class AnyHostMiddleware:
    """Lets machines ask by whatever address they know: a load balancer names no host of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in ADDRESSES:
            request.META["HTTP_HOST"] = "localhost"
        return self.get_response(request)


@asked_by_machines
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive. Asks nobody."""
    return HttpResponse("ok", content_type="text/plain")


@asked_by_machines
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where this process can serve pages, else 503; a line for each thing that it needs says how that is."""
    return _told(_look_at_database)


@asked_by_machines
@login_not_required
def workz(request: HttpRequest) -> HttpResponse:
    """200 where what people submit is worked at, else 503: about all workers, and no reason to serve no pages."""
    return _told(_look_at_work)


def _told(look: Callable[[Found], None]) -> HttpResponse:
    """What `look` finds, within two seconds or so."""
    probe = PROBES.submit(_found_by, look)
    try:
        found = probe.result(PATIENCE)
    except TimeoutError:
        probe.cancel()
        found = {"database": "does not answer"}
    # Nothing depends on the clocks, so they keep nothing from being well.
    is_well = all(word == "ok" for what, word in found.items() if not what.startswith("clock"))
    lines = "".join(f"{what} {word}\n" for what, word in found.items())
    return HttpResponse(lines, content_type="text/plain", status=200 if is_well else 503)


def _found_by(look: Callable[[Found], None]) -> Found:
    """What `look` finds by a connection of its own, up to where the database refuses."""
    found = {"database": "gone"}
    try:
        connection.ensure_connection()
        found["database"] = "ok"
        look(found)
    except DatabaseError:
        pass
    finally:
        connection.close()
    return found


def _look_at_database(found: Found) -> None:
    found["migrations"] = "missing"
    if not _migrations_done():
        return
    found |= {"migrations": "ok", "tables": "missing"}
    if {model._meta.db_table for model in apps.get_models()} - set(connection.introspection.table_names()):
        return
    found |= {"tables": "ok", "writes": "refused"}
    _write_and_take_back()
    found["writes"] = "ok"


def _look_at_work(found: Found) -> None:
    found["worker"] = "ok" if Heartbeat.objects.alive().exists() else "none"
    unsent, unheard = Task.objects.to_send(), Task.objects.to_follow()
    waits = any(tasks.filter(due_at__lt=Now() - LATE).exists() for tasks in (unsent, unheard))
    found["queue"] = "late" if waits else "ok"
    found |= {f"clock of {machine}": skew for machine, skew in Heartbeat.objects.wrong_clocks()}


_done = False


def _migrations_done() -> bool:
    """Whether no migration is missing. Remembered: none can go missing later."""
    global _done
    if not _done:
        executor = MigrationExecutor(connection)
        _done = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _done


def _write_and_take_back() -> None:
    """Writes a little, and leaves nothing of it. Raises `DatabaseError`."""
    rows = 1
    if connection.vendor == "sqlite":
        # More than it may hold back: only so does it find a full disk before the commit that never comes.
        connection.cursor().execute("PRAGMA cache_size = 1")
        rows = 60
    with transaction.atomic():
        Heartbeat.objects.bulk_create(Heartbeat(name=secrets.token_hex(95)) for _ in range(rows))
        transaction.set_rollback(True)
