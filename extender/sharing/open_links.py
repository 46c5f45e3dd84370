"""All open links, for staff: who shows what to guests, and one press to close any."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from extender.sharing import links
from extender.sharing.models import Share
from extender.team.sign_in import MemberRequest, staff_only

PAGE = 50


@require_safe
def open_links(request: MemberRequest) -> HttpResponse:
    """A page of the links that nobody has closed, newest first, from behind link `?before=` on."""
    staff_only(request.user)
    before = request.GET.get("before", "")
    found = Share.objects.live().select_related("task__owner")
    if before:
        found = found.filter(pk__lt=_number(before))
    page = list(found[: PAGE + 1])
    older = f"?before={page[PAGE - 1].pk}" if len(page) > PAGE else ""
    return render(request, "sharing/open_links.html", {"links": page[:PAGE], "older": older})


@require_POST
def close(request: MemberRequest, share_pk: int) -> HttpResponse:
    """Closes a link, whosever it is."""
    staff_only(request.user)
    links.close(share_pk, by=request.user)
    return redirect("open_links")


def _number(text: str) -> int:
    """The number of a link, or 404."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404
    return int(text)
