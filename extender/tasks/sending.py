"""The only place that spends money."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F
from django.urls import reverse

from extender.apiframe import (
    ApiframeError,
    Client,
    NotSent,
    NotUploaded,
    Refused,
    Standing,
    TaskUpdate,
    Unknown,
    Unsendable,
)
from extender.keys import derived
from extender.network.backoff import backoff
from extender.states import State
from extender.tasks import gate, start_pictures
from extender.tasks.models import Event, Picture, Task
from extender.tasks.public import public_address
from extender.tasks.updates import FIRST_LOOK, Taken, apply_update, record
from extender.team.roles import active

# What APIFRAME is asked for by each kind of task: the call, and the columns that go with it under their own names.
# An original was made elsewhere, and is never sent.
CALLS: dict[Task.Kind, tuple[Callable[..., TaskUpdate], tuple[str, ...]]] = {
    Task.Kind.EXTENSION: (Client.extend, ("parent_task_id", "index", "prompt", "image_url", "motion")),
    Task.Kind.VIDEO: (Client.video, ("prompt", "image_url", "motion")),
    Task.Kind.PICTURES: (Client.pictures, ("prompt", "aspect_ratio")),
}
LONGEST_PAUSE = timedelta(hours=1)
MOST_COUNTED = 6
# After these APIFRAME has said nothing that can be used.
UNHEARD = (NotSent, NotUploaded, Unknown, Unsendable)
# Seconds between tries to write down an outcome while the database is away.
PAUSES = (0.2, 1, 3)
# Until a picture that could not be uploaded is tried again, the first time and at most.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)
# After a longer upload than this a submit with all its patience would keep a page waiting for too long.
LONG_UPLOAD = 3.0

logger = logging.getLogger(__name__)


def send(task: Task) -> None:
    """Sends `task` to APIFRAME, if it is still unsent and nobody else is at it: at most once, for ever.

    Whatever comes back, and whatever does not, goes through the door. No transaction is open meanwhile.
    """
    if not gate.claim(task):
        return
    trouble: ApiframeError | None = None
    try:
        update, source = _submit(task), Event.Source.ANSWER
    except _Overtaken:
        return
    except ApiframeError as error:
        update = TaskUpdate(error.state, reason=str(error), retry_in=_pause_after(error, task), raw=error.raw)
        source = Event.Source.SILENCE if isinstance(error, UNHEARD) else Event.Source.ANSWER
        trouble = error
    moved = _hand_over(task, update, source)
    if trouble is None or isinstance(trouble, Refused):
        gate.answered()
    else:
        gate.close_for(trouble)
    if moved and update.state == State.UNCONFIRMED:
        gate.unanswered()
        try:
            _note_credits(task, "credits_after")
        except ApiframeError as error:
            gate.close_for_silence(error)


def webhook_secret(nonce: str) -> str:
    """The secret that APIFRAME must send along with a webhook to the address `nonce`; kept nowhere."""
    return webhook_secrets(nonce)[0]


def webhook_secrets(nonce: str) -> list[str]:
    """That secret, and those of which APIFRAME may have been told before `SECRET_KEY` changed."""
    return derived("extender.webhook", nonce)


def give_up_abandoned() -> None:
    """Says of each row that a dead process left in the middle of a send what is true of it: nobody knows.

    But that of a picture which has no address yet is unsent: the address comes first.
    """
    for task in Task.objects.abandoned()[:100]:
        update = TaskUpdate(State.UNCONFIRMED, reason="Extender stopped while it was sending this.")
        if task.picture_id and Picture.objects.filter(pk=task.picture_id, image_url="").exists():
            update = TaskUpdate(State.QUEUED, reason="Extender stopped while it was uploading the picture.")
        apply_update(task, update, Event.Source.SWEEP)


def _pause_after(error: ApiframeError, task: Task) -> timedelta | None:
    """How long to wait before `task` is sent again: the longer, the oftener it was turned away.

    What looks true of all may be about this one request, and each time the others wait behind it.
    """
    if isinstance(error, Standing) and not isinstance(error, NotSent):
        return min(LONGEST_PAUSE, FIRST_LOOK * 4 ** min(task.attempts, MOST_COUNTED))
    return error.retry_in


class _Overtaken(Exception):
    """This process slept past its claim, and the row was given up meanwhile; or its owner may spend no more."""


def _hand_over(task: Task, update: TaskUpdate, source: Event.Source) -> bool:
    """Hands the outcome to the door, and tries again where the database is gone: APIFRAME says its id only once.

    Returns whether the row changed: not where a webhook was quicker.
    """
    for pause in PAUSES:
        try:
            return apply_update(task, update, source)
        except Taken:
            # It was taken, and under which id nobody knows.
            said = "APIFRAME answered with another task’s id."
            return apply_update(task, TaskUpdate(State.UNCONFIRMED, reason=said, raw=update.raw), source)
        except DatabaseError:
            connection.close()
            time.sleep(pause)
    logger.critical("task %s: what APIFRAME answered could not be kept; its id is %r", task.pk, update.remote_id)
    return apply_update(task, update, source)


def _submit(task: Task) -> TaskUpdate:
    try:
        _note_credits(task, "credits_before")
    except ApiframeError as error:
        # What the account holds is a help for later. The submit needs no leave from it, unless it would fare no
        # better; that nobody was reached is not known before the submit itself, which waits longer.
        if isinstance(error, Standing) and not isinstance(error, NotSent) and gate.heeds_account():
            raise
    address = _picture_address(task)
    record(task, "sending to APIFRAME", Event.Source.SEND)
    if not Task.objects.renew_claim(task.pk, attempt=task.attempts + 1):
        logger.warning("task %s was taken for lost before it was sent, or its owner left: it is not sent", task.pk)
        if not Task.objects.filter(pk=task.pk, owner__in=active()).exists():
            apply_update(task, TaskUpdate(State.QUEUED, reason="Its owner was deactivated."), Event.Source.SEND)
        raise _Overtaken
    call, fields = CALLS[Task.Kind(task.kind)]
    asked = {name: str(getattr(task, name)) for name in fields}
    if address:
        asked["image_url"] = address
    return call(Client.from_settings(), **asked, **_webhook(task))


def _picture_address(task: Task) -> str:
    """Where APIFRAME has the task's start picture, which it is given first where it has not; "" for none.

    The address is in the picture's row before the submit leaves. Raises `ApiframeError`: nothing was sent then.
    """
    if not task.picture_id:
        return ""
    picture = Picture.objects.light().get(pk=task.picture_id)
    if picture.image_url:
        return picture.image_url
    record(task, "uploading the picture to APIFRAME", Event.Source.SEND)
    began = time.monotonic()
    try:
        address = start_pictures.upload(picture)
    except NotUploaded as error:
        raise NotUploaded(str(error), backoff(task.attempts, FIRST_WAIT, LONGEST_WAIT), error.raw) from error
    if time.monotonic() - began > LONG_UPLOAD:
        raise NotUploaded("The picture is at APIFRAME. The request itself follows in a moment.")
    return address


def _note_credits(task: Task, column: str) -> None:
    """Writes down what the account holds now. Raises `ApiframeError` where it does not say so quickly."""
    account = Client.from_settings().account()
    gate.learn(account)
    Task.objects.filter(pk=task.pk).update(**{column: account.credits, "version": F("version") + 1})


def _webhook(task: Task) -> dict[str, str]:
    if not settings.PUBLIC_URL or not (settings.HTTPS or settings.SANDBOX):
        # APIFRAME would have to call our loopback.
        return {}
    path = reverse("webhook", args=[task.webhook_nonce])
    return {
        "webhook_url": public_address(path),
        "webhook_secret": webhook_secret(task.webhook_nonce),
    }
