"""How many films are read from this process at once: by one link, from one address, by one member."""

from collections import Counter
from collections.abc import Callable
from threading import Lock

from django.http import HttpRequest, HttpResponse

from extender.tasks.slots import Full
from extender.team.sign_in import client_address
from extender.team.tries import network_of

# What is smaller is gone before anybody could wait for it.
COUNTED_BYTES = 512 * 1024
# A wall of four clips takes some six connections of one browser.
BY_LINK = 60
BY_ADDRESS = 30

_reading: Counter[str] = Counter()
_lock = Lock()


def begin(request: HttpRequest, link: str = "") -> Callable[[], None]:
    """Counts one more reader, of a member's films or of those of `link`; what it gives ends that. Raises `Full`."""
    user = getattr(request, "user", None)
    most = {f"address {network_of(client_address(request) or '')}": BY_ADDRESS}
    if link:
        most[f"link {link}"] = BY_LINK
    elif user and user.is_authenticated:
        most[f"member {user.pk}"] = BY_ADDRESS
    with _lock:
        if any(_reading[key] >= number for key, number in most.items()):
            raise Full("Too many films are being read at once. Let some of them end, then try again.")
        _reading.update(list(most))
    return lambda: _end(list(most))


def refusal(error: Full) -> HttpResponse:
    """The answer to one too many."""
    return HttpResponse(f"{error}\n", status=429, content_type="text/plain", headers={"Retry-After": "5"})


def _end(keys: list[str]) -> None:
    with _lock:
        _reading.subtract(keys)
        for key in keys:
            if _reading[key] <= 0:
                del _reading[key]
