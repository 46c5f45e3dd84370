"""Connections to public numbers alone: a name's numbers are judged by whoever then connects to them."""

import socket
from collections.abc import Callable
from contextlib import suppress
from itertools import chain, zip_longest
from typing import Any, TypeVar

from urllib3.util.connection import create_connection

from extender.network.addresses import is_public
from extender.network.errors import Barred

T = TypeVar("T")
# More numbers than this, and dead ones would hold the line longer than a stall.
MOST_NUMBERS = 4
SECONDS_EACH = 5.0


def connect(host: str, port: int, **options: Any) -> socket.socket:
    """Connects to the first public number of `host` that answers; no other is touched. Errors as of `by_number`."""
    return by_number(host, port, lambda number: create_connection((number, port), SECONDS_EACH, **options))


def by_number(host: str, port: int, dial: Callable[[str], T]) -> T:
    """What `dial` makes of the first public number of `host` for which it raises no `OSError`.

    Raises `Barred` where the name has numbers, and none of them is public; `OSError` where none answers.
    """
    numbers = _public_numbers(host, port)
    if not numbers:
        raise Barred("Its host's name leads inside this network.")
    *others, last = numbers[:MOST_NUMBERS]
    for number in others:
        with suppress(OSError):
            return dial(number)
    return dial(last)


def _public_numbers(host: str, port: int) -> list[str]:
    """By turns of the new protocol and the old: where one of them leads nowhere, the other is tried soon."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    public = [(family, str(address[0])) for family, _, _, _, address in found if is_public(str(address[0]))]
    families = [[number for one, number in public if one == family] for family in dict.fromkeys(dict(public))]
    return list(dict.fromkeys(filter(None, chain.from_iterable(zip_longest(*families)))))
