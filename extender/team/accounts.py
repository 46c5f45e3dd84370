"""New accounts, new passwords, and who is staff."""

import logging
import secrets

from django import forms
from django.db import IntegrityError, transaction

from extender.team.leaving import NotAllowed, managed
from extender.team.models import Member

logger = logging.getLogger(__name__)

# None that is read as another one.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class NewMemberForm(forms.ModelForm):
    """Who is to come in."""

    class Meta:
        model = Member
        fields = ["username", "first_name", "last_name"]
        labels = {"username": "Name to sign in with"}
        help_texts = {"username": ""}

    def clean_username(self) -> str:
        """The name; an error where it is somebody's, be it in another case of letters: it is read as theirs."""
        name: str = self.cleaned_data["username"]
        if Member.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(self.instance.unique_error_message(Member, ("username",)))
        return name


def create(form: NewMemberForm, by: Member) -> str:
    """Makes the account that the (valid) form asks for. Returns its password, which nobody can be told again.

    Where somebody has taken the name since, it returns "", and the form says so.
    """
    password = _new_password()
    form.instance.set_password(password)
    try:
        with transaction.atomic():
            member = form.save()
    except IntegrityError:
        form.add_error("username", form.instance.unique_error_message(Member, ("username",)))
        return ""
    logger.warning("member %s was made by member %s", member.pk, by.pk)
    return password


def reset(pk: int, by: Member) -> tuple[Member, str]:
    """Gives member `pk` a new password, and returns both; they are signed out everywhere. Raises `NotAllowed`."""
    with managed(pk, by, "given a new password") as member:
        if member.anonymised_at:
            raise NotAllowed("That account was anonymised, so nobody can sign in with it again.")
        password = _new_password()
        member.set_password(password)
        member.save(update_fields=["password"])
    return member, password


def set_staff(pk: int, by: Member, is_staff: bool) -> None:
    """Lets member `pk` run the team, or no more. Raises `NotAllowed`, unless `by` is a superuser."""
    with managed(pk, by, "made staff" if is_staff else "no longer made staff") as member:
        if not by.is_superuser or member.is_superuser:
            raise NotAllowed("Only a superuser may do that, and not to another one.")
        member.is_staff = is_staff
        member.save(update_fields=["is_staff"])


def _new_password() -> str:
    """99 random bits, to be read out or typed."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4))
