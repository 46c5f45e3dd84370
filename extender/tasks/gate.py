"""The breaker in front of every send: closes for what is true of the whole account or host, and opens by itself."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Now

from extender.apiframe import Account, ApiframeError, BadKey, Busy, Client, NoCredits, NotSent, Standing
from extender.network.backoff import MOST_DOUBLINGS
from extender.tasks.models import Gate, Task
from extender.tasks.models.gate import GateQuerySet

logger = logging.getLogger(__name__)

PROBE_EVERY = timedelta(minutes=1)
# A connection that fails costs nobody anything, and comes back by itself.
PROBE_UNREACHED_EVERY = timedelta(seconds=5)
# Until one row is tried. Longer than it takes to ask for the account, which has the first word where it has any.
FIRST_TRIAL, LONGEST_TRIAL = timedelta(minutes=2), timedelta(hours=1)
SILENCE = (
    "APIFRAME gives no usable answer to requests: what is sent may be billed and not be seen."
    " So one task at a time is tried, ever more rarely, until it answers."
)


def claim(task: Task) -> bool:
    """Takes the right to send `task`: true for one caller alone; where the gate is ajar, for one row alone.

    A row that a limit of spending keeps back is told so.
    """
    with transaction.atomic():
        # One claim at a time, so that each sees what those before it spend.
        Gate.objects.select_for_update().get_or_create()
        on_trial = _take_trial()
        claimed = Task.objects.claim_to_send(task.pk, on_trial=on_trial)
        if on_trial and not claimed:
            transaction.set_rollback(True)
    if not claimed:
        Task.objects.keep_back(task.owner_id)
    return claimed


def _take_trial() -> bool:
    """Whether the caller alone may send a row although the gate is closed. The next trial is later each time."""
    gate = Gate.objects.ajar().first()
    if gate is None:
        return False
    pause = min(LONGEST_TRIAL, FIRST_TRIAL * 2 ** min(gate.trials + 1, MOST_DOUBLINGS))
    taken = {"trials": gate.trials + 1, "trial_at": Now() + pause, "heeds_account": False}
    return bool(Gate.objects.ajar().filter(trials=gate.trials).update(**taken))


def close_for(error: ApiframeError) -> None:
    """Closes the gate if `error` says that the next request would fare no better."""
    if isinstance(error, Standing):
        _close(error.cause, str(error))
    elif isinstance(error, Busy):
        _pause(error.retry_in or PROBE_EVERY)
        logger.warning("nothing is sent for now: %s", error)


def close_for_silence(error: ApiframeError) -> None:
    """Closes the gate after a send without a usable answer, since by `error` the account has none either."""
    if isinstance(error, Standing | Busy):
        close_for(error)
    else:
        _close(Gate.Cause.SILENT, SILENCE)


def unanswered() -> None:
    """Counts a send without a usable answer; closes the gate after a few in a row, whatever the account says."""
    Gate.objects.get_or_create()
    Gate.objects.exclude(cause__in=Gate.STANDING).update(unanswered=F("unanswered") + 1)
    if Gate.objects.failing().exists():
        _close(Gate.Cause.SILENT, SILENCE)


def answered() -> None:
    """Opens a gate that a standing cause had closed: APIFRAME has read a request and has answered it."""
    _heard(Gate.objects.standing())


def called_back() -> None:
    """Opens a gate that silence had closed: a webhook about what had no usable answer is one."""
    _heard(Gate.objects.filter(cause=Gate.Cause.SILENT))


def _heard(closed: GateQuerySet) -> None:
    Gate.objects.exclude(unanswered=0).update(unanswered=0)
    _open(closed)


def heeds_account() -> bool:
    """Whether what the account says may keep rows from being sent."""
    return not Gate.objects.filter(heeds_account=False).exists()


def probe() -> None:
    """Tries whether a standing cause is gone, where that is due and nobody else does; opens the gate if so."""
    due = Gate.objects.standing().filter(closed_until__lte=Now())
    if due.update(closed_until=Now() + PROBE_EVERY):
        try_now()


def insist() -> None:
    """Tries all at once that would be tried by itself in a while, one row too where requests had no usable answer."""
    Gate.objects.filter(cause=Gate.Cause.SILENT).update(trial_at=Now())
    try_now()


def try_now() -> None:
    """Asks for the account, and opens a gate that a standing cause had closed where that is gone."""
    try:
        account = Client.from_settings().account(patiently=True)
    except ApiframeError as error:
        if isinstance(error, BadKey | NoCredits | NotSent):
            # A row would be told the same.
            _postpone_trial(Gate.objects.standing())
        if heeds_account():
            close_for(error)
        return
    learn(account)
    closed = Gate.objects.standing()
    if account.credits is not None and account.credits <= 0:
        _postpone_trial(closed.filter(cause=Gate.Cause.CREDITS))
        closed = closed.exclude(cause=Gate.Cause.CREDITS)
    if not closed.failing().update(cause=Gate.Cause.SILENT, said=SILENCE):
        _open(closed)


def learn(account: Account) -> None:
    """Keeps what the account holds, for staff."""
    Gate.objects.update_or_create(defaults={"credits": account.credits, "credits_at": Now(), "heeds_account": True})


def _close(cause: str, said: str) -> None:
    Gate.objects.get_or_create()
    Gate.objects.update(
        cause=cause,
        said=said[:500],
        closed_until=Now() + _pause_after(cause),
        trial_at=Coalesce(F("trial_at"), Now() + FIRST_TRIAL),
    )
    logger.warning("nothing is sent for now: %s", said)


def _open(closed: GateQuerySet) -> None:
    if closed.update(cause=Gate.Cause.NONE, said="", closed_until=None, trial_at=None, trials=0):
        logger.warning("APIFRAME answers again: sending goes on")


def _postpone_trial(closed: GateQuerySet) -> None:
    closed.update(trial_at=Now() + FIRST_TRIAL)


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
