"""Who may do what: asked where money is spent and where something is shown, each time anew."""

from django.db.models import QuerySet

from extender.team.models import Member


def active() -> QuerySet[Member]:
    """Who may spend and show: what is theirs is sent, and their links open. Of who left neither, from that moment."""
    return Member.objects.filter(is_active=True)
