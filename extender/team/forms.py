"""What members type to come in."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField


class SignInForm(AuthenticationForm):
    """Django's own, with the limit that its field forgets: a longer name would break the table of failed sign-ins."""

    username = UsernameField(max_length=150, widget=forms.TextInput(attrs={"autofocus": True}))
