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


class Refused(ApiframeError):
    """APIFRAME read it and said no: a person must change something first."""

    state = State.FAILED


class NotFound(Refused):
    """APIFRAME does not know what was asked for."""


class Unknown(ApiframeError):
    """It left this machine and no usable answer came: it may be running, and billed. Never send it again unasked."""

    state = State.UNCONFIRMED


class NotSent(ApiframeError):
    """No byte of the request left this machine, so it may be sent again."""

    state = State.QUEUED


class BadKey(ApiframeError):
    """APIFRAME does not accept the API key: nothing was billed, and nothing will be until staff mend it."""

    state = State.QUEUED


class Busy(ApiframeError):
    """APIFRAME has too many requests (429): nothing was billed; send again after `retry_in`."""

    state = State.QUEUED
