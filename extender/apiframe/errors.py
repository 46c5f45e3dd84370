"""What can go wrong with a request to APIFRAME, sorted by what may be done next.

Each error is a sentence for the task's owner, and knows the state that a submit is in after it.
"""

from datetime import timedelta
from typing import ClassVar

from extender.states import State


class ApiframeError(Exception):
    """A request to APIFRAME brought no usable answer. `str()` is a sentence for the owner."""

    state: ClassVar[State]

    def __init__(self, sentence: str, retry_in: timedelta | None = None, raw: str = "") -> None:
        super().__init__(sentence)
        self.retry_in = retry_in
        self.raw = raw

    @property
    def concerns_the_request(self) -> bool:
        """Whether another request may fare better now: an answer came, and not one that holds for all."""
        return bool(self.raw) and not isinstance(self, Standing | Busy)


class Refused(ApiframeError):
    """APIFRAME read it and said no: a person must change something first."""

    state = State.FAILED


class NotFound(Refused):
    """APIFRAME does not know what was asked for."""


class Unsendable(ApiframeError):
    """What would have to be sent is here no more: nothing was sent, and a person must give it again."""

    state = State.FAILED


class Unknown(ApiframeError):
    """It left this machine and no usable answer came: it may be running, and billed. Never send it again unasked."""

    state = State.UNCONFIRMED


class Standing(ApiframeError):
    """True of the whole account or host, not of one request: nothing was billed, nor would the next be.

    Its sentence says what staff must do. `cause` is the word that the gate keeps.
    """

    state = State.QUEUED
    cause: ClassVar[str]


class NotSent(Standing):
    """No byte of the request left this machine: its host's name leads nowhere, or nobody listens there."""

    cause = "unreached"


class BadKey(Standing):
    """APIFRAME does not accept the API key."""

    cause = "key"


class NoCredits(Standing):
    """The account has nothing left to pay with."""

    cause = "credits"


class KeptOut(Standing):
    """What stands in front of APIFRAME refuses this server, whatever it asks."""

    cause = "kept_out"


class Moved(Standing):
    """APIFRAME is to be had at another address. Nothing follows it there by itself: the key would go along."""

    cause = "moved"


class NotUploaded(ApiframeError):
    """A picture did not get to APIFRAME, or where it lies there was not to be read: nothing was billed, try again."""

    state = State.QUEUED


class Busy(ApiframeError):
    """APIFRAME has too many requests (429): nothing was billed; send again after `retry_in`."""

    state = State.QUEUED
