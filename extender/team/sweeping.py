"""What is over about signing in goes: sessions, and tries that count no more."""

from datetime import timedelta

from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from extender.team.models import TRIES_COUNT, WrongPassword

# Who signed in, when and from where: for whoever looks into what happened.
SIGN_INS_KEPT = timedelta(days=30)


def sweep() -> None:
    """Removes what is over."""
    Session.objects.filter(expire_date__lt=Now()).delete()
    WrongPassword.objects.filter(at__lt=Now() - TRIES_COUNT).delete()
    AccessLog.objects.filter(attempt_time__lt=Now() - SIGN_INS_KEPT).delete()
