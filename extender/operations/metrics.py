"""`/metrics`: what Prometheus reads. The numbers of rows are those of the Team page, by the same queries."""

import hmac
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from extender.metrics import REQUESTS
from extender.operations.models import Heartbeat
from extender.tasks.models import Clip, Gate, Task

# Each name that is counted takes room for good, and visitors may call a method as they like.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")


class TimingMiddleware:
    """Notes how long each request takes, by the name of its view: never by its address, which may be a secret."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else "none"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(view, method, response.status_code).observe(time.perf_counter() - began)
        return response


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """All of it, for who sends `Authorization: Bearer <METRICS_TOKEN>`; 404 for anybody else."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given, settings.METRICS_TOKEN.encode()):
        raise Http404
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(Rows())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Rows(Collector):
    """What the database holds now."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """A family of numbers for each thing that staff look at."""
        yield _by_label("extender_tasks", "Tasks that are not over", "state", Task.objects.counts())
        yield _by_label("extender_clips", "Clips that are not stored", "state", Clip.objects.census())
        oldest = Task.objects.unsent().order_by("submitted_at").values_list("submitted_at", Now()).first()
        age = (oldest[1] - oldest[0]).total_seconds() if oldest else 0
        yield GaugeMetricFamily("extender_queue_age_seconds", "How long the oldest unsent task waits", age)
        yield GaugeMetricFamily("extender_workers", "Living workers", Heartbeat.objects.alive().count())
        is_closed = Gate.objects.closed().exists()
        yield GaugeMetricFamily("extender_gate_closed", "Whether nothing may be sent now", is_closed)
        gate = Gate.objects.first()
        if gate and gate.credits is not None:
            yield GaugeMetricFamily("extender_credits", "What the account at APIFRAME held last", gate.credits)


def _by_label(name: str, words: str, label: str, numbers: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, number in numbers.items():
        family.add_metric([str(value)], number)
    return family


def forget_the_dead(directory: Path) -> None:
    """Removes what processes that are gone have counted: a restart begins at nothing, as Prometheus expects."""
    for file in directory.glob("*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not _lives(int(pid)):
            file.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
