"""Plain answers for machines."""

from collections.abc import Callable
from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from extender.operations.models import Heartbeat


class AnyHostMiddleware:
    """Lets machines ask by whatever address they know: a load balancer names no host of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in ("/healthz", "/readyz"):
            request.META["HTTP_HOST"] = "localhost"
        return self.get_response(request)


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive."""
    return HttpResponse("ok", content_type="text/plain")


class Missing(Exception):
    """The database is older than this code."""


@cache
def migrations_done() -> None:
    """Returns where no migration is missing, and remembers it: none can go missing later. Raises `Missing`."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Missing


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where everything is there that tasks need, 503 where something is missing; a line for each says what."""
    found = {"database": "gone"}
    wrong: list[tuple[str, str]] = []
    try:
        connection.ensure_connection()
        found["database"] = "ok"
        found["migrations"] = "missing"
        migrations_done()
        found["migrations"] = "ok"
        found["worker"] = "ok" if Heartbeat.objects.alive().exists() else "none"
        wrong = Heartbeat.objects.wrong_clocks()
    except (DatabaseError, Missing):
        pass
    ready = all(word == "ok" for word in found.values())
    # Nothing depends on these clocks, so they keep nobody from being ready.
    clocks = [(f"clock of {machine}", skew) for machine, skew in wrong]
    lines = "".join(f"{what} {word}\n" for what, word in [*found.items(), *clocks])
    return HttpResponse(lines, content_type="text/plain", status=200 if ready else 503)
