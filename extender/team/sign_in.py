"""Who comes in: every view asks for a sign-in unless it says otherwise."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django_htmx.middleware import HtmxDetails

from extender.team import cookies
from extender.team.addresses import address_of
from extender.team.hashing import TooBusy
from extender.team.models import Member
from extender.team.passwords import too_busy
from extender.team.typed import MEMBER_COOKIE, form_again, htmx_form_again


class MemberRequest(HttpRequest):
    """A request that `SignedInMiddleware` has let in, as views see it."""

    user: Member
    htmx: HtmxDetails


class SignedInMiddleware(LoginRequiredMiddleware):
    """Every view asks for a sign-in unless it says otherwise (`@login_not_required`)."""

    def process_view(  # type: ignore[override]  # a middleware's hooks are called by place
        self, request: HttpRequest, view_func: Callable[..., HttpResponse], *arguments: Any
    ) -> HttpResponseBase | None:
        # Who is asking is two queries, which guests' polls and webhooks can do without.
        is_open = not getattr(view_func, "login_required", True)
        return None if is_open else super().process_view(request, view_func, *arguments)

    def handle_no_permission(  # type: ignore[override]  # any response will do
        self, request: MemberRequest, view_func: Callable[..., HttpResponse]
    ) -> HttpResponse:
        if request.htmx:
            # The whole sign-in page would otherwise stand in the middle of the old page.
            return htmx_form_again(request)
        if request.method not in ("GET", "HEAD"):
            # Signing in leads back by GET, and what only takes POST has no page to come back to.
            return form_again(request) or redirect("login")
        return super().handle_no_permission(request, view_func)

    def process_exception(self, request: MemberRequest, exception: Exception) -> HttpResponse | None:
        """Says that too many passwords are being hashed, wherever one was to be."""
        return too_busy(request) if isinstance(exception, TooBusy) else None

    def process_response(self, request: MemberRequest, response: HttpResponse) -> HttpResponse:
        """Keeps what was made for one member to their sign-in, in the browser's own memory too."""
        # Pages alone: what browsers may keep, such as clips, carries no cookie.
        if request.session.accessed and response.get("Content-Type", "").startswith("text/html"):
            _tell_member(request, response)
        return response


def _tell_member(request: MemberRequest, response: HttpResponse) -> None:
    """Tells scripts who is signed in, so that a page which comes back after that can see that it is not theirs."""
    member = str(request.user.pk or "")
    if request.COOKIES.get(MEMBER_COOKIE, "") == member:
        return
    if member:
        cookies.keep(response, MEMBER_COOKIE, member, settings.SESSION_COOKIE_AGE, for_scripts=True)
    else:
        cookies.drop(response, MEMBER_COOKIE)


def client_address(request: HttpRequest) -> str | None:
    """Whose wrong passwords are counted together."""
    return address_of(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def staff_only(member: Member) -> None:
    """404 for whoever is not staff."""
    if not member.is_staff:
        raise Http404
