"""A member's own pages."""

from django.urls import path

from extender.workspace import again, begin, compose, detail, extending, giving, history, picking

urlpatterns = [
    path("", history.home, name="home"),
    path("new/", begin.begin, name="begin"),
    path("new/video/", begin.video, name="new_video"),
    path("new/pictures/", begin.pictures, name="new_pictures"),
    path("pictures/<uuid:pk>.webp", giving.preview, name="preview"),
    path("tasks/", history.history, name="history"),
    path("tasks/pulse/", history.pulse, name="pulse"),
    path("tasks/cancel/", history.cancel_waiting, name="cancel_waiting"),
    path("tasks/running/", history.bar, name="bar"),
    path("tasks/new/", compose.new, name="new"),
    path("tasks/look-up/", compose.look_up, name="look_up"),
    path("tasks/<uuid:pk>/", detail.detail, name="task"),
    path("tasks/<uuid:pk>/status/", detail.status, name="status"),
    path("tasks/<uuid:pk>/copies/", detail.copies, name="copies"),
    path("tasks/<uuid:pk>/extend/", extending.extend, name="extend"),
    path("tasks/<uuid:pk>/again/", again.again, name="again"),
    path("tasks/<uuid:pk>/check/", detail.check, name="check"),
    path("tasks/<uuid:pk>/cancel/", detail.cancel, name="cancel"),
    path("tasks/<uuid:pk>/adopt/", detail.adopt, name="adopt"),
    path("tasks/<uuid:pk>/events/", detail.events, name="events"),
    path("tasks/<uuid:pk>/clips/<int:index>/pick/", picking.pick, name="pick"),
]
