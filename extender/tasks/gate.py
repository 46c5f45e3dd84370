"""The breaker in front of every send: closes when APIFRAME says "bad key" or "too many", and opens by itself."""

import logging
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Now

from extender.apiframe import Account, ApiframeError, BadKey, Busy, Client
from extender.tasks.models import Gate

logger = logging.getLogger(__name__)

PROBE_EVERY = timedelta(minutes=1)


def close_for(error: ApiframeError) -> None:
    """Closes the gate if `error` says that the next request would fare no better."""
    if isinstance(error, BadKey):
        Gate.objects.update_or_create(defaults={"cause": Gate.Cause.KEY, "closed_until": Now() + PROBE_EVERY})
    elif isinstance(error, Busy):
        _pause(error.retry_in or PROBE_EVERY)
    else:
        return
    logger.warning("nothing is sent for now: %s", error)


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


def _pause(span: timedelta) -> None:
    """Closes the gate for `span`, or for longer where another answer said so.

    Not where the key is refused: a busy moment does not make it a good one. One statement decides it, since another
    process may hear of the key meanwhile.
    """
    Gate.objects.get_or_create()
    until = Now() + span
    # SQLite's greatest of a date and NULL is NULL.
    longest = Greatest(Coalesce(F("closed_until"), until), until)
    Gate.objects.exclude(cause=Gate.Cause.KEY).update(cause=Gate.Cause.BUSY, closed_until=longest)
