"""Who may do what: asked where money is spent and where something is shown, each time anew."""

from django.db.models import QuerySet

from extender.team.models import Member


def active() -> QuerySet[Member]:
    """Who may spend and show: what is theirs is sent, and their links open. Of who left neither, from that moment."""
    return Member.objects.filter(is_active=True)


def may_manage(staff: Member | None, member: Member | None) -> bool:
    """Whether `staff` may deactivate `member`, or whatever follows from that: never themselves, nor who may more.

    So somebody of every rank stays: of superusers and staff whoever did it last.
    """
    if not (staff and member and staff.is_active and staff.is_staff) or staff == member:
        return False
    return staff.is_superuser or not (member.is_staff or member.is_superuser)
