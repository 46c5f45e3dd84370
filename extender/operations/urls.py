"""Pages for staff, and answers for machines."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from extender.operations import health, members, metrics, reports, views
from extender.operations.admin import site

urlpatterns: list[URLPattern | URLResolver] = [
    path("team/", views.health, name="team"),
    path("team/archive/", views.archive, name="archive"),
    path("team/archive/copy-now/", views.copy_now, name="copy_now"),
    path("team/no-result/", views.no_result, name="no_result"),
    path("team/no-result/check/", views.check_all, name="check_all"),
    path("team/members/", members.members, name="members"),
    path("team/members/new/", members.new, name="new_member"),
    path("team/members/<int:member_pk>/", members.account, name="account"),
    path("team/members/<int:member_pk>/password/", members.new_password, name="new_password"),
    path("team/members/<int:member_pk>/staff/", members.rank, name="rank"),
    path("team/members/<int:member_pk>/deactivate/", members.deactivate, name="deactivate"),
    path("team/members/<int:member_pk>/reactivate/", members.reactivate, name="reactivate"),
    path("team/members/<int:member_pk>/hand-over/", members.give, name="hand_over"),
    path("team/members/<int:member_pk>/anonymise/", members.anonymise, name="anonymise"),
    path("team/try-now/", views.try_now, name="try_now"),
    path("csp-reports/", reports.take, name="csp_reports"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("workz", health.workz, name="workz"),
    path("metrics", metrics.metrics, name="metrics"),
]
if settings.ADMIN:
    urlpatterns.append(path("admin/", site.urls))
