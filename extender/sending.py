"""The only place that spends money."""

import random
import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils.crypto import salted_hmac

from extender import gate
from extender.apiframe import ApiframeError, BadKey, Client, NotSent, TaskUpdate, Unknown
from extender.models import Event, Member, Task
from extender.states import State
from extender.updates import apply_update, record

MAX_ATTEMPTS = 8
LONGEST_WAIT = timedelta(minutes=5)


def enqueue(owner: Member, nonce: uuid.UUID, parent: Task | None, **asked: Any) -> tuple[Task, bool]:
    """The row of the form `nonce`: made now, or found where the form was posted before.

    Returns it, and whether it stands for what was asked. It does not where somebody went back, wrote something else
    and posted the old form again: then the old row must neither be hidden behind the new words nor sent twice.
    """
    task, made = Task.objects.get_or_create(owner=owner, form_nonce=nonce, defaults={"parent": parent, **asked})
    if made:
        record(task, f"submitted by {owner.get_username()}", Event.Source.MEMBER)
    return task, all(getattr(task, name) == value for name, value in asked.items())


def send(task: Task) -> None:
    """Sends `task` to APIFRAME, if it is still unsent and nobody else is at it: at most once, for ever.

    Whatever comes back, and whatever does not, goes through the door. No transaction is open meanwhile.
    """
    if not Task.objects.claim_to_send(task.pk):
        return
    try:
        update, source = _submit(task), Event.Source.ANSWER
    except ApiframeError as error:
        gate.close_for(error)
        update = _after(error, task)
        source = Event.Source.SILENCE if isinstance(error, NotSent | Unknown) else Event.Source.ANSWER
    apply_update(task, update, source)
    if update.state == State.UNCONFIRMED:
        with suppress(ApiframeError):
            _note_credits(task, "credits_after")


def webhook_secret(nonce: str) -> str:
    """The secret that APIFRAME must send along with a webhook to the address `nonce`; kept nowhere."""
    return salted_hmac("extender.webhook", nonce, algorithm="sha256").hexdigest()


def give_up_abandoned() -> None:
    """Says of each row that a dead process left in the middle of a send what is true of it: nobody knows."""
    for task in Task.objects.abandoned()[:100]:
        reason = "Extender stopped while it was sending this."
        apply_update(task, TaskUpdate(State.UNCONFIRMED, reason=reason), Event.Source.SWEEP)


def _submit(task: Task) -> TaskUpdate:
    try:
        _note_credits(task, "credits_before")
    except BadKey:
        # The submit would fare no better, and would count as a try.
        raise
    except ApiframeError:
        # What the account holds is a help for later; the submit needs no leave from it.
        pass
    record(task, "sent to APIFRAME", Event.Source.SEND)
    return Client.from_settings().extend(
        parent_task_id=task.parent_task_id,
        index=str(task.index),
        prompt=task.prompt,
        image_url=task.image_url,
        motion=task.motion,
        **_webhook(task),
    )


def _note_credits(task: Task, column: str) -> None:
    """Writes down what the account holds now. Raises `ApiframeError` where it does not say so quickly."""
    account = Client.from_settings().account()
    gate.learn(account)
    Task.objects.filter(pk=task.pk).update(**{column: account.credits, "version": F("version") + 1})


def _webhook(task: Task) -> dict[str, str]:
    if not settings.PUBLIC_URL:
        return {}
    path = reverse("webhook", args=[task.webhook_nonce])
    return {
        "webhook_url": settings.PUBLIC_URL + path,
        "webhook_secret": webhook_secret(task.webhook_nonce),
    }


def _after(error: ApiframeError, task: Task) -> TaskUpdate:
    """What `error` means for the task that was being sent."""
    update = TaskUpdate(error.state, reason=str(error), retry_in=error.retry_in, raw=error.raw)
    if not isinstance(error, NotSent):
        return update
    # `attempts` was read before the claim counted this one.
    if task.attempts + 1 >= MAX_ATTEMPTS:
        return replace(update, state=State.FAILED, reason=f"{error} Nothing was sent and nothing was billed.")
    return replace(update, retry_in=_backoff(task.attempts))


def _backoff(attempts: int) -> timedelta:
    """Full jitter: many rows that wait for the same outage must not come back in one moment."""
    longest = min(LONGEST_WAIT, timedelta(seconds=2 * 2**attempts))
    return longest * random.uniform(0.1, 1)  # noqa: S311, a wait is no secret
