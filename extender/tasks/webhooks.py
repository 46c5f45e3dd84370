"""What APIFRAME calls back with: verify, parse, hand over."""

import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from extender.apiframe import ApiframeError, Client, TaskUpdate, read
from extender.compiled import CompiledQuery, Given
from extender.keys import is_one_of
from extender.tasks import gate
from extender.tasks.models import Event, Task
from extender.tasks.sending import webhook_secrets
from extender.tasks.updates import Taken, apply_update, contradict, hear, record

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024
MAX_NAMED = 2048
# Of each task no more are kept once so many changed nothing: whoever learns its address must not fill the table.
MOST_REFUSED = 100
# What proxies and their scripts put around it.
AROUND = " \"'"


# No more than what is read of it here and in `updates`: a row is wide, and renders call back often.
_with_id = CompiledQuery(
    lambda: Task.objects.only("remote_id", "state", "reason", "parent").filter(pk=Given("pk", Task._meta.pk))
)


@csrf_exempt
@login_not_required
@require_POST
def apiframe(request: HttpRequest, nonce: str) -> HttpResponse:
    """Takes one update about the task that `nonce` belongs to."""
    try:
        return HttpResponse(status=_take(request, nonce))
    except DatabaseError:
        # Not 200: what was not kept must not look as if it had been.
        logger.warning("a webhook could not be kept", exc_info=True)
        return HttpResponse(status=503)


def _take(request: HttpRequest, nonce: str) -> int:
    """Verifies, parses and hands over; returns the HTTP status."""
    # The address is a secret too: whoever knows it and not the other half is worth a look by staff.
    pk = _named(nonce)
    came = request.read(MAX_BYTES + 1)
    body = read(came, request.headers.get("Content-Encoding"), MAX_BYTES)
    secrets = webhook_secrets(nonce)
    kept = body.kept(nonce, *secrets)
    if not is_one_of(request.headers.get("x-webhook-secret", "").strip(AROUND), secrets):
        _record(request, _task(pk), "a webhook with a wrong secret was refused", kept)
        return 401
    if len(came) > MAX_BYTES:
        _record(request, _task(pk), "a webhook that was too long was refused", kept)
        return 413
    parse = partial(Client.from_settings().parse, body.said, kept)
    if pk and _goes_on(pk, parse):
        return 200
    task = _task(pk)
    try:
        update = parse(task.remote_id if task else "")
    except ApiframeError:
        _record(request, task, "a webhook that cannot be read was refused", kept)
        return 400
    return _hand_over(task, update)


def _named(nonce: str) -> UUID | None:
    """Whose address this is: it begins with the task's id, and goes on as only our keys can make it."""
    try:
        pk = UUID(nonce.partition(".")[0])
    except ValueError:
        return None
    return pk if is_one_of(nonce, Task.webhook_nonces(pk)) else None


def _task(pk: UUID | None) -> Task | None:
    return _with_id.first(pk=pk) if pk else None


def _goes_on(pk: UUID, parse: Callable[[], TaskUpdate]) -> bool:
    """Whether no more was said than that the render goes on under the id that the task has: that is kept by now."""
    try:
        return hear(pk, parse(), Event.Source.WEBHOOK)
    except ApiframeError:
        return False


def _record(request: HttpRequest, task: Task | None, said: str, kept: str) -> None:
    """Keeps what was refused: it may be APIFRAME's, signed or shaped as nobody here has seen."""
    if task and not _has_told_enough(task):
        names = ", ".join(request.headers)[:MAX_NAMED]
        record(task, said, Event.Source.WEBHOOK, f"{kept}\n\nIts headers: {names}")


def _has_told_enough(task: Task) -> bool:
    idle = task.events.filter(source=Event.Source.WEBHOOK, changed=False)
    return idle[:MOST_REFUSED].count() == MOST_REFUSED


def _hand_over(task: Task | None, update: TaskUpdate) -> int:
    if task is None:
        # The secret proves that the address was ours: a task that was deleted. Nothing to do, and no error of theirs.
        return 200
    if task.remote_id not in ("", update.remote_id):
        record(task, "a webhook named another task and was ignored", Event.Source.WEBHOOK, update.raw)
        return 404
    try:
        changed = apply_update(task, update, Event.Source.WEBHOOK)
    except Taken:
        record(task, "a webhook named the render of another task and was ignored", Event.Source.WEBHOOK, update.raw)
        return 404
    if changed and not task.remote_id:
        gate.called_back()
    elif task.is_fruitless and not task.remote_id:
        contradict(task, update)
    return 200
