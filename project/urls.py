"""All addresses: a room a line. What others rely on is listed in docs/design.md."""

from django.urls import include, path

from project import errors

urlpatterns = [
    # They are looked through in turn: first what calls back, then what open pages ask every few seconds.
    path("", include("extender.tasks.urls")),
    path("", include("extender.workspace.urls")),
    path("", include("extender.team.urls")),
    path("", include("extender.lineage.urls")),
    path("", include("extender.sharing.urls")),
    path("", include("extender.archive.urls")),
    path("", include("extender.operations.urls")),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
