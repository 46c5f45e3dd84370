"""How much is read from this process at once: films by one link, from one address, by one member; and downloads."""

from collections import Counter
from collections.abc import Callable
from threading import Lock

from django.http import HttpRequest

from extender.tasks.slots import TooMany
from extender.team.addresses import network_of
from extender.team.models import Member
from extender.team.sign_in import client_address

# What is smaller is gone before anybody could wait for it.
COUNTED_BYTES = 512 * 1024
# A wall of four clips takes some six connections of one browser.
BY_LINK = 60
BY_ADDRESS = 30
# One that passes through us keeps a thread; the other place is for somebody else.
DOWNLOADS_BY_MEMBER = 1

_reading: Counter[str] = Counter()
_lock = Lock()


def begin(request: HttpRequest, link: str = "") -> Callable[[], None]:
    """Counts one more reader, of a member's films or of those of `link`; what it gives ends it. Raises `TooMany`."""
    user = getattr(request, "user", None)
    most = {f"address {network_of(client_address(request) or '')}": BY_ADDRESS}
    if link:
        most[f"link {link}"] = BY_LINK
    elif user and user.is_authenticated:
        most[f"member {user.pk}"] = BY_ADDRESS
    return _begin(most, "Too many films are being read at once. Let some of them end, then try again.")


def begin_download(member: Member) -> Callable[[], None]:
    """Counts one more download of `member`'s that passes through us; what it gives ends that. Raises `TooMany`."""
    most = {f"download {member.pk}": DOWNLOADS_BY_MEMBER}
    return _begin(most, "A download of yours is still on its way. Let it end, then try again.")


def _begin(most: dict[str, int], sentence: str) -> Callable[[], None]:
    with _lock:
        if any(_reading[key] >= number for key, number in most.items()):
            raise TooMany(sentence)
        _reading.update(list(most))
    return lambda: _end(list(most))


def _end(keys: list[str]) -> None:
    with _lock:
        _reading.subtract(keys)
        for key in keys:
            if _reading[key] <= 0:
                del _reading[key]
