"""What APIFRAME calls back with: verify, parse, hand over."""

import hmac
import json
import logging
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from extender.apiframe import ApiframeError, Client
from extender.models import Event, Task
from extender.sending import webhook_secret
from extender.updates import apply_update, record

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024


@csrf_exempt
@login_not_required
@require_POST
def apiframe(request: HttpRequest, nonce: str) -> HttpResponse:
    """Takes one update about the task that `nonce` belongs to."""
    if not _is_genuine(request, nonce):
        return HttpResponse(status=401)
    if request.content_type != "application/json":
        return HttpResponse(status=415)
    # Django keeps the length within what was announced; what was not announced is not read.
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
        return HttpResponse(status=413)
    try:
        update = Client.from_settings().parse(json.loads(request.body))
    except (ApiframeError, ValueError, RecursionError):
        return HttpResponse(status=400)
    try:
        return HttpResponse(status=_hand_over(nonce, update))
    except DatabaseError:
        # Not 200: what was not kept must not look as if it had been.
        logger.warning("a webhook could not be kept", exc_info=True)
        return HttpResponse(status=503)


def _is_genuine(request: HttpRequest, nonce: str) -> bool:
    # As bytes: compare_digest raises on text that is not ASCII.
    given = request.headers.get("x-webhook-secret", "").encode()
    return hmac.compare_digest(given, webhook_secret(nonce).encode())


def _hand_over(nonce: str, update: Any) -> int:
    task = Task.objects.filter(webhook_nonce=nonce).first()
    if task is None:
        return 404
    if task.remote_id not in ("", update.remote_id):
        record(task, "a webhook named another task and was ignored", Event.Source.WEBHOOK)
        return 404
    apply_update(task, update, Event.Source.WEBHOOK)
    return 200
