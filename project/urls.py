"""All addresses. What others rely on is listed in the README."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeDoneView, PasswordChangeView
from django.urls import path

from extender.archive.serving import views as clips
from extender.lineage import views as lineage
from extender.operations import health
from extender.operations import views as operations
from extender.sharing import views as shares
from extender.tasks import webhooks
from extender.team.forms import SignInForm
from extender.workspace import compose, detail, history, picking
from project import errors

urlpatterns = [
    path("", history.home, name="home"),
    path("login/", LoginView.as_view(authentication_form=SignInForm, redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", PasswordChangeView.as_view(), name="password_change"),
    path("password/done/", PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("tasks/", history.history, name="history"),
    path("tasks/pulse/", history.pulse, name="pulse"),
    path("tasks/new/", compose.new, name="new"),
    path("tasks/look-up/", compose.look_up, name="look_up"),
    path("tasks/<uuid:pk>/", detail.detail, name="task"),
    path("tasks/<uuid:pk>/status/", detail.status, name="status"),
    path("tasks/<uuid:pk>/copies/", detail.copies, name="copies"),
    path("tasks/<uuid:pk>/download/", clips.download_all, name="download_all"),
    path("tasks/<uuid:pk>/check/", detail.check, name="check"),
    path("tasks/<uuid:pk>/adopt/", detail.adopt, name="adopt"),
    path("tasks/<uuid:pk>/events/", detail.events, name="events"),
    path("tasks/<uuid:pk>/tree/", lineage.tree, name="tree"),
    path("tasks/<uuid:pk>/tree/<uuid:root_pk>/news/", lineage.tree_news, name="tree_news"),
    path("tasks/<uuid:pk>/clips/<int:index>/pick/", picking.pick, name="pick"),
    path("tasks/<uuid:pk>/clips/<int:index>/film/", lineage.film, name="film"),
    path("tasks/<uuid:pk>/clips/<int:index>/download/", clips.download, name="download"),
    path("tasks/<uuid:pk>/share/", shares.share, name="share"),
    path("tasks/<uuid:pk>/share/<int:share_pk>/revoke/", shares.revoke, name="revoke"),
    path("s/<str:token>/", shares.guest, name="guest"),
    path("s/<str:token>/status/", shares.guest_status, name="guest_status"),
    path("s/<str:token>/copies/", shares.guest_copies, name="guest_copies"),
    path("clips/<uuid:pk>.mp4", clips.show, {"kind": "clip"}, name="clip"),
    path("clips/<uuid:pk>.poster.webp", clips.show, {"kind": "poster"}, name="poster"),
    path("clips/<uuid:pk>.card.webp", clips.show, {"kind": "card"}, name="card"),
    path("clips/<uuid:pk>.storyboard.webp", clips.show, {"kind": "storyboard"}, name="storyboard"),
    path("s/<str:token>/clips/<uuid:pk>.mp4", clips.show_guest, {"kind": "clip"}, name="guest_clip"),
    path("s/<str:token>/clips/<uuid:pk>.poster.webp", clips.show_guest, {"kind": "poster"}, name="guest_poster"),
    path("s/<str:token>/clips/<uuid:pk>.card.webp", clips.show_guest, {"kind": "card"}, name="guest_card"),
    path(
        "s/<str:token>/clips/<uuid:pk>.storyboard.webp",
        clips.show_guest,
        {"kind": "storyboard"},
        name="guest_storyboard",
    ),
    path("webhooks/apiframe/<str:nonce>/", webhooks.apiframe, name="webhook"),
    path("team/", operations.health, name="team"),
    path("team/archive/", operations.archive, name="archive"),
    path("team/archive/copy-now/", operations.copy_now, name="copy_now"),
    path("team/try-key/", operations.try_key, name="try_key"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler404 = errors.not_found
handler500 = errors.server_error
