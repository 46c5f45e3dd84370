"""What members type to come in."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, UsernameField
from django.http import HttpRequest


class SignInForm(AuthenticationForm):
    """Django's own, with the limit that its field forgets: no name is longer."""

    username = UsernameField(max_length=150, widget=forms.TextInput(attrs={"autofocus": True}))


class ChangeForm(PasswordChangeForm):
    """Django's own, but that wrong old passwords are counted like those of a sign-in."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean_old_password(self) -> str:
        """The old password; an error where it is not the one."""
        old: str = self.cleaned_data["old_password"]
        if not authenticate(self._request, username=self.user.get_username(), password=old):
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old
