"""The browsers in which members have signed in: strangers who try their names do not lock them out there."""

import secrets
from contextlib import suppress

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from extender.team import cookies
from extender.team.models import Member
from extender.team.roles import active
from extender.team.sessions import SessionStore

SALT = "extender.device"
LASTS = 365 * 24 * 60 * 60  # s
# Who shares a browser with more people is a stranger there after a while.
MOST_MEMBERS = 4


def known(request: HttpRequest, name: str) -> str:
    """The id of this browser, if the member `name`, who still may, has signed in in it; else ""."""
    device, members = _read(request)
    return device if members and active().filter(pk__in=members, username=name).exists() else ""


def session_of(request: HttpRequest) -> SessionStore | None:
    """A new session for this browser in which nobody is signed in; None if nobody has signed in in it who still may.

    It takes the place of the last one: a browser that forgets its cookie must not fill the table.
    """
    device, members = _read(request)
    if not (members and active().filter(pk__in=members).exists()):
        return None
    session = SessionStore(salted_hmac("extender.device.session", device).hexdigest()[:32])
    session.delete()
    # Where another request of this browser made it in this very moment, they share it.
    with suppress(CreateError):
        session.save(must_create=True)
    return session


def remember(request: HttpRequest, response: HttpResponse, member: Member) -> None:
    """Has the browser remember that `member` has signed in in it."""
    device, members = _read(request)
    others = [pk for pk in members if pk != member.pk]
    kept = signing.dumps([device, [*others, member.pk][-MOST_MEMBERS:]], salt=SALT)
    cookies.keep(response, _cookie(), kept, LASTS)


def _cookie() -> str:
    """What it is called: behind https so that this very host alone can set it."""
    return f"{settings.HOST_PREFIX}device"


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    try:
        device, members = signing.loads(request.COOKIES.get(_cookie(), ""), salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        return secrets.token_hex(8), []
    return device, list(members)
