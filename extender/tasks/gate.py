"""The breaker in front of every send: closes for what is true of the whole account or host, and opens by itself."""

import logging
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Now

from extender.apiframe import Account, ApiframeError, Busy, Client, Standing
from extender.tasks.models import Gate

logger = logging.getLogger(__name__)

PROBE_EVERY = timedelta(minutes=1)
# A connection that fails costs nobody anything, and comes back by itself.
PROBE_UNREACHED_EVERY = timedelta(seconds=5)


def close_for(error: ApiframeError) -> None:
    """Closes the gate if `error` says that the next request would fare no better."""
    if isinstance(error, Standing):
        closed = {"cause": error.cause, "said": str(error)[:500], "closed_until": Now() + _pause_after(error.cause)}
        Gate.objects.update_or_create(defaults=closed)
    elif isinstance(error, Busy):
        _pause(error.retry_in or PROBE_EVERY)
    else:
        return
    logger.warning("nothing is sent for now: %s", error)


def probe() -> None:
    """Tries whether a standing cause is gone, where that is due and nobody else does; opens the gate if so."""
    due = Gate.objects.standing().filter(closed_until__lte=Now())
    if due.update(closed_until=Now() + PROBE_EVERY):
        try_now()


def try_now() -> None:
    """Asks for the account, and opens a gate that a standing cause had closed where that is gone."""
    try:
        account = Client.from_settings().account(patiently=True)
    except ApiframeError as error:
        close_for(error)
        return
    learn(account)
    closed = Gate.objects.standing()
    if account.credits is not None and account.credits <= 0:
        closed = closed.exclude(cause=Gate.Cause.CREDITS)
    if closed.update(cause=Gate.Cause.NONE, said="", closed_until=None):
        logger.warning("APIFRAME answers again: sending goes on")


def learn(account: Account) -> None:
    """Keeps what the account holds, for staff."""
    Gate.objects.update_or_create(defaults={"credits": account.credits, "credits_at": Now()})


def _pause_after(cause: str) -> timedelta:
    return PROBE_UNREACHED_EVERY if cause == Gate.Cause.UNREACHED else PROBE_EVERY


def _pause(span: timedelta) -> None:
    """Closes the gate for `span`, or for longer where another answer said so.

    Not where a standing cause holds: a busy moment does not end it. One statement decides it, since another
    process may hear of that cause meanwhile.
    """
    Gate.objects.get_or_create()
    until = Now() + span
    # SQLite's greatest of a date and NULL is NULL.
    longest = Greatest(Coalesce(F("closed_until"), until), until)
    Gate.objects.exclude(cause__in=Gate.STANDING).update(cause=Gate.Cause.BUSY, closed_until=longest)
