"""The admin, where `ADMIN` is on: records of what was sent, said and paid for, to be read; accounts, to be changed.

It gives no secret away, not even to whoever guesses it letter by letter, and makes nobody more than they are.
"""

from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property

from extender.archive.exports.models import Export
from extender.operations.models import Heartbeat
from extender.sharing.models import Share
from extender.tasks.models import Clip, Event, Gate, Task
from extender.team.leaving import NotAllowed, managed
from extender.team.models import Member
from extender.team.roles import may_manage

RANKS = ("is_staff", "is_superuser", "groups", "user_permissions")
# What the filters beside a list write behind the name of their field.
ASKED = ("", "__exact", "__id__exact", "__isnull")


class Site(admin.AdminSite):
    """Django's, less its own ways in, and less the one by which a record leads to what it is about."""

    site_header = site_title = "Extender"
    index_title = "Team and records"
    site_url = None

    def get_urls(self) -> list[Any]:
        # It would say a guest's address to whoever may sign in here, whatever else they may.
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one door, which leads back here; to who came by it and may not come in, nothing is here."""
        if request.user.is_authenticated:
            raise Http404
        return redirect(f"{reverse('login')}?{request.GET.urlencode()}")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """There is one form for it."""
        return redirect("password_change")


site = Site()


class CappedPaginator(Paginator):
    """Pages of a list of which so many rows are counted at most: a million would take longer than the page."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        return len(self.object_list.order_by().values_list("pk")[: self.most])  # type: ignore[attr-defined]


class GuardedAdmin(admin.ModelAdmin):
    """Lists that are asked for by what they offer, and by nothing else."""

    view_on_site = False
    paginator = CappedPaginator

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in {f"{name}{asked}" for name in self.list_filter for asked in ASKED}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What is exactly `search_term`, where that is how fields are searched; Django's own way reads every row."""
        exact = [name.removeprefix("=") for name in self.search_fields if name.startswith("=")]
        if not (exact and search_term):
            return super().get_search_results(request, queryset, search_term)
        found = Q(pk__in=[])
        for name in exact:
            # What can be no id is none.
            with suppress(ValidationError, ValueError):
                queryset.filter(**{name: search_term})
                found |= Q(**{name: search_term})
        return queryset.filter(found), False


@admin.register(Member, site=site)
class MemberAdmin(GuardedAdmin, UserAdmin):
    """Accounts. Only superusers say who is what; nobody else changes whom they could not deactivate."""

    list_filter = ["is_staff", "is_superuser", "is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Who leaves or comes back does so on a page of the team’s; and nobody changes their own rank."""
        may_rank = request.user.is_superuser and obj != request.user
        return ("is_active",) if may_rank else ("is_active", *RANKS)

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:
        """Saves the account; of two superusers who change each other at once the second may no more."""
        if not change or obj == request.user:
            return super().save_model(request, obj, form, change)
        try:
            with managed(obj.pk, request.user, "changed in the admin"):  # type: ignore[arg-type]
                super().save_model(request, obj, form, change)
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error

    def has_change_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        staff = request.user if isinstance(request.user, Member) else None
        is_theirs = obj is None or request.user.is_superuser or may_manage(staff, obj)
        return is_theirs and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """How somebody leaves is a page of the team’s."""
        return False


class ReadOnlyAdmin(GuardedAdmin):
    """Records. A change by hand would be a lie about what was sent, said or paid."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Task, site=site)
class TaskAdmin(ReadOnlyAdmin):
    """Tasks and originals, without the words of other people's prompts in the list."""

    list_display = ["id", "kind", "owner", "state", "percentage", "created_at", "remote_id"]
    list_filter = ["state", "kind", "owner"]
    list_select_related = ["owner"]
    search_fields = ["=id", "=remote_id"]
    exclude = ["form_nonce"]


@admin.register(Event, site=site)
class EventAdmin(ReadOnlyAdmin):
    """The flight recorder of all tasks."""

    list_display = ["at", "task", "source", "said", "changed"]
    list_filter = ["source", "changed"]
    list_select_related = ["task"]
    search_fields = ["=task__id"]


@admin.register(Share, site=site)
class ShareAdmin(ReadOnlyAdmin):
    """Who made links to what, and when they were closed; never the links themselves."""

    list_display = ["id", "task", "created_at", "revoked_at", "show_prompt"]
    list_select_related = ["task"]
    exclude = ["seed", "digest"]


@admin.register(Clip, site=site)
class CopyAdmin(ReadOnlyAdmin):
    """What became of each clip's file here."""

    list_display = ["id", "task", "index", "state", "bytes", "settled_at", "reason"]
    list_filter = ["state", "contains_parent"]
    list_select_related = ["task"]
    search_fields = ["=id", "=task__id", "=sha256"]


@admin.register(Export, site=site)
class ExportAdmin(ReadOnlyAdmin):
    """Films that somebody has asked for, to be taken away."""

    list_display = ["id", "state", "percentage", "bytes", "asked_at", "settled_at", "reason"]
    list_filter = ["state"]
    search_fields = ["=id", "=cut_list"]


site.register([Gate, Heartbeat], ReadOnlyAdmin)
