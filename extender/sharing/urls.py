"""Links: made and revoked by members, opened by guests."""

from django.urls import path

from extender.sharing import open_links, views

urlpatterns = [
    path("tasks/<uuid:pk>/share/", views.share, name="share"),
    path("tasks/<uuid:pk>/share/<int:share_pk>/revoke/", views.revoke, name="revoke"),
    path("tasks/<uuid:pk>/share/<int:share_pk>/undo/", views.undo, name="undo"),
    path("team/links/", open_links.open_links, name="open_links"),
    path("team/links/<int:share_pk>/close/", open_links.close, name="close_link"),
    path("s/<str:token>/", views.guest, name="guest"),
    path("s/<str:token>/status/", views.guest_status, name="guest_status"),
    path("s/<str:token>/copies/", views.guest_copies, name="guest_copies"),
]
