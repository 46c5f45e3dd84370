"""Signing in and out."""

from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeDoneView, PasswordChangeView
from django.urls import path

from extender.team import theme
from extender.team.forms import SignInForm

SIGN_IN = {
    "template_name": "team/login.html",
    "authentication_form": SignInForm,
    "redirect_authenticated_user": True,
}
CHANGE = PasswordChangeView.as_view(template_name="team/password_change_form.html")
CHANGED = PasswordChangeDoneView.as_view(template_name="team/password_change_done.html")

urlpatterns = [
    path("login/", LoginView.as_view(**SIGN_IN), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("theme/", theme.choose, name="theme"),
    path("password/", CHANGE, name="password_change"),
    path("password/done/", CHANGED, name="password_change_done"),
]
