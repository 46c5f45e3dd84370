"""What was typed into a form that could not be taken, since the sign-in or the page's token had gone meanwhile."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from extender.team import devices

View = TypeVar("View", bound=Callable[..., HttpResponse])
KEY, WHOSE = "typed", "typed_by"
# Who was signed in when a page came, for scripts; and for us where the session has gone.
MEMBER_COOKIE = "member"
# Far more than our forms take: nobody must fill the table of sessions.
MAX_FIELDS = 12
MAX_CHARACTERS = 10_000
MAX_NAME = 40


def comes_again(show: Callable[..., HttpResponse]) -> Callable[[View], View]:
    """Marks a view whose POSTs bring what somebody wrote: `show(request, typed)` is its page, filled in."""

    def mark(view: View) -> View:
        marked: Any = view
        marked.show_again = show
        return view

    return mark


def form_again(request: HttpRequest) -> HttpResponse | None:
    """The form that was refused, as it was filled in, or the way there by a sign-in; None where it is not marked."""
    show, match = _page_of(request), request.resolver_match
    if not (show and match):
        return None
    if not request.user.is_authenticated:
        _keep(request)
        return redirect_to_login(request.path)
    page: HttpResponse = show(request, _fields(request), **match.kwargs)
    page.status_code = 403
    return page


def htmx_form_again(request: HttpRequest) -> HttpResponse:
    """The same where htmx asked, which swaps no page into a page: the browser goes there, or loads this one anew."""
    if request.method != "POST" or not _page_of(request):
        return HttpResponseClientRefresh()
    _keep(request)
    way = request.path if request.user.is_authenticated else redirect_to_login(request.path)["Location"]
    return HttpResponseClientRedirect(way)


def _page_of(request: HttpRequest) -> Callable[..., HttpResponse] | None:
    return getattr(request.resolver_match and request.resolver_match.func, "show_again", None)


def _keep(request: HttpRequest) -> None:
    """Keeps what a member typed; of a stranger nothing, since they might type for ever."""
    if not request.user.is_authenticated:
        session = devices.session_of(request)
        if not session:
            return
        request.session = session
    request.session[KEY] = _fields(request)
    request.session[WHOSE] = str(request.user.pk or request.COOKIES.get(MEMBER_COOKIE, ""))


def _fields(request: HttpRequest) -> dict[str, str]:
    """The fields as they were filled in, as far as ours go; no database can be asked about a NUL."""
    kept = list(request.POST.items())[:MAX_FIELDS]
    return {name[:MAX_NAME]: str(value).replace("\0", "")[:MAX_CHARACTERS] for name, value in kept}


def typed(request: HttpRequest) -> dict[str, str]:
    """The fields that were kept over a sign-in, given back once; {} where there are none, or somebody else's."""
    kept: dict[str, str] = request.session.pop(KEY, {})
    return kept if request.session.pop(WHOSE, "") in ("", str(request.user.pk)) else {}
