"""Wrong passwords are counted, by name, by address and for all; who has tried too many must wait.

Whoever is known (signed in, or in a browser in which they have signed in before) waits for their own mistakes alone.
"""

import logging
from dataclasses import dataclass
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessLog
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac

from extender.team import devices
from extender.team.addresses import network_of
from extender.team.models import TRIES_COUNT, WrongPassword

# In a quarter of an hour: for one name from one place; for one name; from one place; in all.
MOST_HERE, MOST_OF_NAME, MOST_FROM_PLACE, MOST_IN_ALL = 10, 20, 30, 200
# Of one name, in that time: each is a session and a line of the log.
MOST_SIGN_INS = 300
# How the place of who is known begins: of no address.
KNOWN = "known "

logger = logging.getLogger(__name__)


class Handler(AxesDatabaseHandler):
    """What axes asks whether somebody may try a password, and tells what came of it."""

    def is_locked(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        """Whether nobody may try a password for that name from there now."""
        request.tried = _Tried.by(request, credentials)
        request.axes_locked_out = request.tried.is_locked or _has_signed_in_often(credentials)
        return request.axes_locked_out

    def user_login_failed(self, sender: str, credentials: Any, request: Any = None, **_: Any) -> None:
        """Counts a wrong password; not one that was not even looked at, else who waits would wait for ever."""
        if request.axes_locked_out:
            logger.warning("too many tries from %s", request.axes_ip_address)
        else:
            WrongPassword.objects.create(name=request.tried.name, place=request.tried.place)
            logger.warning("wrong password from %s", request.axes_ip_address)

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Forgets the wrong ones before a right one: of that name from there alone."""
        # Not anew: whoever has just signed in is known now.
        tried: _Tried | None = getattr(request, "tried", None)
        return WrongPassword.objects.filter(name=tried.name, place=tried.place).delete()[0] if tried else 0

    def clean_expired_user_attempts(self, *_: Any, **__: Any) -> int:
        """Nothing: the worker sweeps them."""
        return 0


def locked(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """Tells somebody that they must wait."""
    answer = render(request, "team/locked.html", status=429)
    answer["Retry-After"] = int(TRIES_COUNT.total_seconds())
    return answer


@dataclass(frozen=True)
class _Tried:
    """Which name was tried, from which place, and whether that place is known to be of who bears the name."""

    name: str
    place: str
    is_known: bool

    @classmethod
    def by(cls, request: Any, credentials: dict[str, Any] | None) -> "_Tried":
        """What `request` tries. Of the name a digest: people type their password there."""
        name = _name_in(credentials)
        digest = salted_hmac("extender.tries", name, algorithm="sha256").hexdigest()[:32]
        user = getattr(request, "user", None)
        if user and user.is_authenticated and user.get_username() == name:
            return cls(digest, f"{KNOWN}sign-in", True)
        if device := devices.known(request, name):
            return cls(digest, f"{KNOWN}{device}", True)
        return cls(digest, network_of(request.axes_ip_address or "unknown"), False)

    @property
    def is_locked(self) -> bool:
        """Whether so many were wrong that this one may not be looked at. One query."""
        recent = WrongPassword.objects.filter(at__gt=Now() - TRIES_COUNT)
        here, of_name, from_place = Q(name=self.name, place=self.place), Q(name=self.name), Q(place=self.place)
        if self.is_known:
            return recent.filter(here).count() >= MOST_HERE
        # What the known mistype keeps no stranger out: a member has as many known browsers as they like.
        of_strangers = ~Q(place__startswith=KNOWN)
        caps = [
            (here, MOST_HERE),
            (of_name, MOST_OF_NAME),
            (from_place, MOST_FROM_PLACE),
            (of_strangers, MOST_IN_ALL),
        ]
        counted = recent.aggregate(**{f"cap_{most}": Count("pk", filter=which) for which, most in caps})
        return any(counted[f"cap_{most}"] >= most for _, most in caps)


def _name_in(credentials: dict[str, Any] | None) -> str:
    """The name that was typed; no database can be asked about a NUL."""
    return str((credentials or {}).get("username") or "").replace("\0", "")


def _has_signed_in_often(credentials: dict[str, Any] | None) -> bool:
    lately = AccessLog.objects.filter(username=_name_in(credentials), attempt_time__gt=Now() - TRIES_COUNT)
    return lately[:MOST_SIGN_INS].count() >= MOST_SIGN_INS
