"""How somebody leaves: deactivated at once, had back as easily, and forgotten as a person for good."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from axes.models import AccessLog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.http import Http404

from extender.team.models import Member
from extender.team.roles import may_manage

logger = logging.getLogger(__name__)


class NotAllowed(Exception):
    """The deed was refused. `str()` is a sentence for staff."""


@contextmanager
def managed(pk: int, by: Member, deed: str) -> Iterator[Member]:
    """Member `pk`, locked, for a `deed` of `by`, which then stands in the log; all or nothing of it happens.

    Both are read anew: of two who deactivate each other at once the second may no more. Raises `NotAllowed`, or
    Http404 where nobody is member `pk`.
    """
    with transaction.atomic():
        rows = Member.objects.select_for_update().filter(Q(pk=pk) | Q(pk=by.pk)).order_by("pk")
        people = {person.pk: person for person in rows}
        if pk not in people:
            raise Http404
        if not may_manage(people.get(by.pk), people.get(pk)):
            raise NotAllowed("Only another superuser may do that.")
        yield people[pk]
    logger.warning("member %s was %s by member %s", pk, deed, by.pk)


def deactivate(pk: int, by: Member) -> None:
    """From now on nothing of member `pk` is sent, none of their links opens, and they are signed out everywhere."""
    with managed(pk, by, "deactivated") as member:
        member.is_active, member.signed_out_at = False, Now()
        member.save(update_fields=["is_active", "signed_out_at"])


def reactivate(pk: int, by: Member) -> None:
    """Has member `pk` back as they were. Raises `NotAllowed` where nobody knows any more who they were."""
    with managed(pk, by, "reactivated") as member:
        if member.anonymised_at:
            raise NotAllowed("That account was anonymised, so nobody can sign in with it again.")
        member.is_active = True
        member.save(update_fields=["is_active"])


def anonymise(pk: int, by: Member) -> None:
    """Forgets who the deactivated member `pk` was, for good. What they made stays. Raises `NotAllowed`."""
    with managed(pk, by, "anonymised") as member:
        must_have_left(member)
        AccessLog.objects.filter(username=member.username).delete()
        # With a blank: no form takes such a name, so that it is free.
        member.username = f"former member {member.pk}"
        member.first_name = member.last_name = member.email = ""
        member.is_staff = member.is_superuser = False
        member.last_login, member.anonymised_at = None, Now()
        member.set_unusable_password()
        member.groups.clear()
        member.user_permissions.clear()
        member.save()


def must_have_left(member: Member) -> None:
    """Raises `NotAllowed` while `member` is active: what cannot be undone is for those who have left."""
    if member.is_active:
        raise NotAllowed(f"{member.get_username()} is active. Deactivate the account first.")
