"""The slots for downloads, as tests see them."""

from unittest import mock

from django.core.signals import request_finished
from django.http import HttpResponseBase

from extender.tasks.slots import Slots


def free(places: Slots) -> int:
    """How many of them are free."""
    return places._free._value


def end(response: HttpResponseBase) -> None:
    """Closes a download as the web server does, without ending the test's own transaction."""
    # Django closes the database's connection then, on which the test's transaction is.
    with mock.patch.object(request_finished, "send"):
        response.close()
