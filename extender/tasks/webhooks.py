"""What APIFRAME calls back with: verify, parse, hand over."""

import hmac
import json
import logging

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from extender.apiframe import ApiframeError, Client, TaskUpdate
from extender.tasks.models import Event, Task
from extender.tasks.sending import webhook_secret
from extender.tasks.updates import apply_update, record

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024


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
    if not _is_genuine(request, nonce):
        _record_forgery(nonce)
        return 401
    if request.content_type != "application/json":
        return 415
    # Django keeps the length within what was announced; what was not announced is not read.
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
        return 413
    try:
        update = Client.from_settings().parse(json.loads(request.body))
    except (ApiframeError, ValueError, RecursionError):
        return 400
    return _hand_over(nonce, update)


def _is_genuine(request: HttpRequest, nonce: str) -> bool:
    # As bytes: compare_digest raises on text that is not ASCII.
    given = request.headers.get("x-webhook-secret", "").encode()
    return hmac.compare_digest(given, webhook_secret(nonce).encode())


def _record_forgery(nonce: str) -> None:
    # The address is a secret too: whoever knows it and not the other half is worth a look by staff.
    if "\0" not in nonce and (task := Task.objects.filter(webhook_nonce=nonce).first()):
        record(task, "a webhook with a wrong secret was refused", Event.Source.WEBHOOK)


def _hand_over(nonce: str, update: TaskUpdate) -> int:
    task = Task.objects.filter(webhook_nonce=nonce).first()
    if task is None:
        # The secret proves that the address was ours: a task that was deleted. Nothing to do, and no error of theirs.
        return 200
    if task.remote_id not in ("", update.remote_id):
        record(task, "a webhook named another task and was ignored", Event.Source.WEBHOOK, update.raw)
        return 404
    apply_update(task, update, Event.Source.WEBHOOK)
    return 200
