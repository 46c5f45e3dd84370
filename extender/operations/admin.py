"""The admin: members are made here; what APIFRAME said, and what was paid for, is only read."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model
from django.http import HttpRequest

from extender.archive.exports.models import Export
from extender.operations.models import Heartbeat
from extender.sharing.models import Share
from extender.tasks.models import Clip, Event, Gate, Task
from extender.team.models import Member

admin.site.site_header = admin.site.site_title = "Extender"
admin.site.index_title = "Team and records"
admin.site.register(Member, UserAdmin)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Records. A change by hand would be a lie about what was sent, said or paid."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """Tasks and originals, without the words of other people's prompts in the list."""

    list_display = ["id", "kind", "owner", "state", "percentage", "created_at", "remote_id"]
    list_filter = ["state", "kind", "owner"]
    list_select_related = ["owner"]
    search_fields = ["=id", "=remote_id"]
    exclude = ["form_nonce"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The flight recorder of all tasks."""

    list_display = ["at", "task", "source", "said", "changed"]
    list_filter = ["source", "changed"]
    list_select_related = ["task"]
    search_fields = ["=task__id"]


@admin.register(Share)
class ShareAdmin(ReadOnlyAdmin):
    """Who made links to what, and when they were closed; never the links themselves."""

    list_display = ["id", "task", "created_at", "revoked_at", "show_prompt"]
    list_select_related = ["task"]
    exclude = ["seed", "digest"]


@admin.register(Clip)
class CopyAdmin(ReadOnlyAdmin):
    """What became of each clip's file here."""

    list_display = ["id", "task", "index", "state", "bytes", "settled_at", "reason"]
    list_filter = ["state", "contains_parent"]
    list_select_related = ["task"]
    search_fields = ["=id", "=task__id", "=sha256"]


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Films that somebody has asked for, to be taken away."""

    list_display = ["id", "state", "percentage", "bytes", "asked_at", "settled_at", "reason"]
    list_filter = ["state"]
    search_fields = ["=id", "=cut_list"]


admin.site.register([Gate, Heartbeat], ReadOnlyAdmin)
