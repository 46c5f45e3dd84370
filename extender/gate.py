"""The breaker in front of every send: closes when APIFRAME says "bad key" or "too many", and opens by itself."""

import logging
from datetime import timedelta

from django.db.models.functions import Now

from extender.apiframe import Account, ApiframeError, BadKey, Busy, Client
from extender.models import Gate

logger = logging.getLogger(__name__)

PROBE_EVERY = timedelta(minutes=1)


def close_for(error: ApiframeError) -> None:
    """Closes the gate if `error` says that the next request would fare no better."""
    if isinstance(error, BadKey):
        _close(Gate.Cause.KEY, PROBE_EVERY)
    elif isinstance(error, Busy) and not Gate.objects.key_refused().exists():
        # Not where the key is refused: a busy moment does not make it a good one.
        _close(Gate.Cause.BUSY, error.retry_in or PROBE_EVERY)


def probe() -> None:
    """Tries a refused key again where that is due and nobody else does; opens the gate when it works."""
    if Gate.objects.key_refused().filter(closed_until__lte=Now()).update(closed_until=Now() + PROBE_EVERY):
        try_key()


def try_key() -> bool:
    """Asks for the account, and opens a gate that a refused key had closed. Returns whether the key works."""
    try:
        account = Client.from_settings().account()
    except ApiframeError as error:
        close_for(error)
        return False
    learn(account)
    if Gate.objects.key_refused().update(cause=Gate.Cause.NONE, closed_until=None):
        logger.warning("APIFRAME accepts the API key again: sending goes on")
    return True


def learn(account: Account) -> None:
    """Keeps what the account holds, for staff."""
    Gate.objects.update_or_create(defaults={"credits": account.credits, "credits_at": Now()})


def _close(cause: Gate.Cause, span: timedelta) -> None:
    Gate.objects.update_or_create(defaults={"cause": cause, "closed_until": Now() + span})
    logger.warning("nothing is sent for now: %s", cause.label)
