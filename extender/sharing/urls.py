"""Links: made and revoked by members, opened by guests."""

from django.urls import path

from extender.sharing import views

urlpatterns = [
    path("tasks/<uuid:pk>/share/", views.share, name="share"),
    path("tasks/<uuid:pk>/share/<int:share_pk>/revoke/", views.revoke, name="revoke"),
    path("tasks/<uuid:pk>/share/<int:share_pk>/undo/", views.undo, name="undo"),
    path("s/<str:token>/", views.guest, name="guest"),
    path("s/<str:token>/status/", views.guest_status, name="guest_status"),
    path("s/<str:token>/copies/", views.guest_copies, name="guest_copies"),
]
