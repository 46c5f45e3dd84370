"""The files of clips: shown to members and to guests, and downloaded."""

from django.urls import path

from extender.archive import frames
from extender.archive.exports import views as exports
from extender.archive.serving import views
from extender.archive.storage import KINDS
from extender.video.layout import PICTURE_SUFFIXES

SERVED = KINDS | PICTURE_SUFFIXES

FILM = "tasks/<uuid:pk>/clips/<int:index>/film/export/"

urlpatterns = [
    path(FILM, exports.export, name="export"),
    path(f"{FILM}<uuid:export_pk>/", exports.download, name="export_download"),
    path(f"{FILM}<uuid:export_pk>/cancel/", exports.cancel, name="export_cancel"),
    path("tasks/<uuid:pk>/download/", views.download_all, name="download_all"),
    path("tasks/<uuid:pk>/clips/<int:index>/download/", views.download, name="download"),
    path("tasks/<uuid:pk>/clips/<int:index>/frame/", frames.frame, name="frame"),
    path("tasks/<uuid:pk>/clips/<int:index>/film/editors/", views.download_for_editors, name="film_for_editors"),
    *(path(f"clips/<uuid:pk>{end}", views.show, {"kind": kind}, name=kind) for kind, end in SERVED.items()),
    *(
        path(f"s/<str:token>/clips/<uuid:pk>{end}", views.show_guest, {"kind": kind}, name=f"guest_{kind}")
        for kind, end in SERVED.items()
    ),
]
