"""What a sign-in is worth, and what ends with it."""

import pytest
from django.test import Client

from extender.team.models import Member

PASSWORD = "a long enough one"


def test_a_sign_in_takes_a_new_session_and_the_old_one_opens_nothing(member):
    web, thief = Client(), Client()
    sessions = []
    for _ in range(2):
        web.post("/login/", {"username": "mira", "password": PASSWORD})
        sessions.append(web.cookies["sessionid"].value)
        assert web.get("/tasks/").status_code == 200
        # Whoever is signed in signs out; what was planted before, or copied, is worth nothing afterwards.
        web.post("/logout/")
        thief.cookies["sessionid"] = sessions[-1]
        assert thief.get("/tasks/").status_code == 302
        web.cookies["sessionid"] = sessions[0]
    assert len(set(sessions)) == 2


def test_who_signs_out_leaves_nothing_in_the_browser(web):
    left = web.post("/logout/")
    assert left["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in web.get("/login/")


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("7 chars", False),
        ("password1234", False),
        ("mirabelle1", False),
        ("only small letters", True),
        ("  blanks around it are part of it ", True),
        ("雪 \N{CLAPPER BOARD} snow, and nothing else", True),
        ("x" * 8 + " and so on" * 20, True),
    ],
)
def test_a_password_is_long_and_not_common_and_that_is_all(web, member, password, is_taken):
    Member.objects.filter(pk=member.pk).update(username="mirabelle")
    form = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    assert web.post("/password/", form).status_code == (302 if is_taken else 200)
    assert Member.objects.get(pk=member.pk).check_password(password) == is_taken
    # Not as it is trimmed or cut.
    for other in (password.strip(), password[:64], password.upper()):
        assert other == password or not Member.objects.get(pk=member.pk).check_password(other)
