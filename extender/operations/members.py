"""The members, for staff: who comes in, by which password, and what becomes of what somebody made who has left."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from extender.states import State
from extender.tasks.handing_over import hand_over
from extender.tasks.models import Task
from extender.team import accounts, leaving
from extender.team.accounts import NewMemberForm
from extender.team.leaving import NotAllowed
from extender.team.models import Member
from extender.team.roles import active, may_manage
from extender.team.sign_in import MemberRequest, staff_only

PAGE = 50


@require_safe
def members(request: MemberRequest) -> HttpResponse:
    """A page of the members by name, from behind the name `?after=` on."""
    staff_only(request.user)
    return _list(request)


@require_POST
def deactivate(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Lets a member in no more; nothing of theirs is sent or shown."""
    return _done(request, lambda: leaving.deactivate(member_pk, by=request.user))


@require_POST
def reactivate(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Has a member back as they were."""
    return _done(request, lambda: leaving.reactivate(member_pk, by=request.user))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """Makes an account, and says its password this once."""
    staff_only(request.user)
    form = NewMemberForm(request.POST or None)
    if form.is_valid() and (password := accounts.create(form, by=request.user)):
        return _told(request, form.instance, password)
    return render(request, "operations/new_member.html", {"form": form})


@never_cache
@require_POST
def new_password(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Gives a member a new password, and says it this once."""
    staff_only(request.user)
    try:
        return _told(request, *accounts.reset(member_pk, by=request.user))
    except NotAllowed as reason:
        return _list(request, refused=str(reason), status=403)


@require_POST
def rank(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Lets a member run the team, where `staff` is ticked, or no more."""
    return _done(request, lambda: accounts.set_staff(member_pk, request.user, is_staff="staff" in request.POST))


@require_safe
def account(request: MemberRequest, member_pk: int) -> HttpResponse:
    """A member's password and rank; of who has left, what may become of what they made, and of their name."""
    staff_only(request.user)
    member = get_object_or_404(Member, pk=member_pk)
    tasks = Task.objects.owned_by(member)
    context = {
        "member": member,
        "queued": tasks.filter(state=State.QUEUED).count(),
        "made_something": tasks.exists() or member.pictures.exists(),
        "heirs": active().order_by("username"),
        "may_manage": may_manage(request.user, member),
    }
    return render(request, "operations/member.html", context)


@require_POST
def give(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Makes an active member, `heir`, the owner of all that somebody made who has left."""
    staff_only(request.user)
    number = request.POST.get("heir", "")
    heir = active().filter(pk=number[:18]).first() if number.isascii() and number.isdecimal() else None
    if heir is None:
        raise BadRequest("No active member is named.")

    def deed() -> None:
        with leaving.managed(member_pk, request.user, f"handed over to member {heir.pk}") as member:
            leaving.must_have_left(member)
            hand_over(member, heir)

    return _done(request, deed)


@require_POST
def anonymise(request: MemberRequest, member_pk: int) -> HttpResponse:
    """Forgets who somebody was who has left, where `sure` is ticked."""
    if "sure" not in request.POST:
        return redirect("account", member_pk)
    return _done(request, lambda: leaving.anonymise(member_pk, by=request.user))


def _told(request: MemberRequest, member: Member, password: str) -> HttpResponse:
    return render(request, "operations/new_password.html", {"member": member, "password": password})


def _done(request: MemberRequest, deed: Callable[[], None]) -> HttpResponse:
    """Leads back to the list after `deed`, or says there why it was refused."""
    staff_only(request.user)
    try:
        deed()
    except NotAllowed as reason:
        return _list(request, refused=str(reason), status=403)
    return redirect("members")


def _list(request: MemberRequest, refused: str = "", status: int = 200) -> HttpResponse:
    queued = Task.objects.filter(owner=OuterRef("pk"), state=State.QUEUED).order_by()
    counted = queued.values("owner").annotate(number=Count("pk")).values("number")
    found = Member.objects.annotate(queued=Coalesce(Subquery(counted, IntegerField()), 0)).order_by("username")
    after = request.GET.get("after", "").replace("\0", "")
    page = list(found.filter(username__gt=after)[: PAGE + 1])
    context = {
        "members": [(member, may_manage(request.user, member)) for member in page[:PAGE]],
        "after": page[PAGE - 1].username if len(page) > PAGE else "",
        "refused": refused,
    }
    return render(request, "operations/members.html", context, status=status)
