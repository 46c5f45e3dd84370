"""Signing in and out."""

from django.contrib.auth.views import PasswordChangeDoneView
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from extender.team import theme
from extender.team.passwords import Change, SignIn
from extender.team.sign_out import SignOut

# Django's views take PUT for POST, and answer OPTIONS.
of_a_form = require_http_methods(["GET", "HEAD", "POST"])
CHANGED = PasswordChangeDoneView.as_view(template_name="team/password_change_done.html")

urlpatterns = [
    path("login/", of_a_form(SignIn.as_view()), name="login"),
    path("logout/", require_POST(SignOut.as_view()), name="logout"),
    path("theme/", theme.choose, name="theme"),
    path("password/", of_a_form(Change.as_view()), name="password_change"),
    path("password/done/", require_safe(CHANGED), name="password_change_done"),
]
