"""Signing in and out."""

from django.contrib.auth.views import LogoutView, PasswordChangeDoneView
from django.urls import path

from extender.team import theme
from extender.team.passwords import Change, SignIn

CHANGED = PasswordChangeDoneView.as_view(template_name="team/password_change_done.html")

urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("theme/", theme.choose, name="theme"),
    path("password/", Change.as_view(), name="password_change"),
    path("password/done/", CHANGED, name="password_change_done"),
]
