"""Who is asking, found by queries that are compiled once: every request asks."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone

from extender.compiled import CompiledQuery, Given
from extender.team.models import Member

_session = CompiledQuery(
    lambda: Session.objects.filter(
        session_key=Given("key", models.CharField()), expire_date__gt=Given("now", models.DateTimeField())
    )
)
_member = CompiledQuery(lambda: Member.objects.filter(pk=Given("pk", models.BigAutoField())))


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _validate_session_key(self, key: str) -> bool:
        """Whether it can be one: no database can be asked about a NUL."""
        known: Any = super()
        return bool(key) and key.isalnum() and known._validate_session_key(key)

    def _get_session_from_db(self) -> Session | None:
        found = _session.first(key=self.session_key, now=timezone.now())
        if not found:
            self._session_key = None
        return found


class MemberBackend(ModelBackend):
    """Members, by their names and passwords."""

    def get_user(self, user_id: int) -> Member | None:
        member = _member.first(pk=user_id)
        return member if member and self.user_can_authenticate(member) else None
