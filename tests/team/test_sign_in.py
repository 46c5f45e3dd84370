"""Signing in: what a wrong password tells, how many are allowed, and where one lands."""

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.utils import timezone

from extender.team import hashing
from extender.team.models import Member, WrongPassword
from project import settings as own_settings
from tests.helpers import make_task, queries
from tests.paths import PROJECT

PASSWORD = "a long enough one"
# As it is hashed in earnest.
HASHED = (
    "argon2$argon2id$v=19$m=102400,t=2,p=8$MDAwMDAwMDAwMDAwMDAwMDAwMDAwMA$2+jxBeQ07ufrR24yqVUw2zyBxrOjndFzS4RvzOphyXg"
)


def test_an_answer_that_redirects_out_of_the_sign_in_stays_here(member):
    for foreign in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        response = Client().post(
            f"/login/?next={foreign}", {"username": "mira", "password": PASSWORD, "next": foreign}
        )
        assert (response.status_code, response["Location"]) == (302, "/tasks/")


@pytest.mark.parametrize("address", ["/tasks/new/", "/tasks/look-up/", "/logout/", "/tasks/{}/share/"])
def test_a_button_pressed_after_signing_out_leads_to_a_page_once_signed_in_again(member, address):
    client = Client()
    response = client.post(address.format(make_task(member).pk))
    form = {"username": "mira", "password": PASSWORD}
    back = client.post(response["Location"], form | {"next": response["Location"].partition("next=")[2]})
    assert client.get(back["Location"], follow=True).status_code == 200


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed: that is what takes time."""

    algorithm = "counting"
    runs = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.runs += 1
        return super().encode(password, salt)


def sign_in(name: str, password: str, client: Client | None = None, **more):
    return (client or Client()).post("/login/", {"username": name, "password": password}, **more)


def test_a_wrong_password_tells_nobody_whether_the_name_exists(settings, db):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    Member.objects.create_user("mira", password=PASSWORD)
    Member.objects.create_user("gone", password=PASSWORD, is_active=False)
    answers = []
    for name, password in (("mira", "wrong"), ("nobody", "wrong"), ("gone", "wrong"), ("gone", PASSWORD)):
        CountingHasher.runs = 0
        response = sign_in(name, password)
        page = re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", response.content.decode())
        answers.append((response.status_code, page.replace(f'value="{name}"', ""), CountingHasher.runs))
        assert b"do not match" in response.content
        assert not response.wsgi_request.user.is_authenticated
    assert answers[0][2] == 1
    assert answers == answers[:1] * 4
    assert sign_in("mira", PASSWORD).status_code == 302


@pytest.mark.parametrize("name", ["", "mi\0ra", "x" * 5000, "雪 \N{CLAPPER BOARD}", "' OR 1=1 --"])
def test_a_name_that_cannot_be_one_is_only_a_wrong_name(member, name):
    response = sign_in(name, "wrong")
    assert response.status_code == 200
    assert b"do not match" in response.content


def test_one_slow_hasher_alone_is_used_in_earnest():
    assert own_settings.PASSWORD_HASHERS == ["extender.team.hashing.Hasher"]


@pytest.fixture
def crowd(settings) -> Iterator[ExitStack]:
    """As many passwords being hashed as may be at once, until it is closed."""
    settings.PASSWORD_HASHERS = own_settings.PASSWORD_HASHERS
    with ExitStack() as held:
        for _ in range(hashing.AT_ONCE):
            held.enter_context(hashing.place())
        yield held


CHANGE = {"old_password": PASSWORD, "new_password1": "another long one", "new_password2": "another long one"}


def test_who_comes_while_too_many_sign_in_is_told_to_wait_and_their_name_is_kept(db, crowd):
    Member.objects.create(username="mira", password=HASHED)
    for name in ("mira", "nobody"):
        told = sign_in(name, PASSWORD)
        assert (told.status_code, told["Retry-After"]) == (503, "3")
        assert "Try again in a few seconds" in told.content.decode()
        assert f'value="{name}"' in told.content.decode()
    crowd.close()
    assert sign_in("mira", PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/password/", CHANGE),
        ("/team/members/new/", {"username": "new"}),
    ],
)
def test_whatever_hashes_a_password_waits_for_the_same_places(db, browser_of, crowd, address, form):
    superuser = Member.objects.create(username="root", is_staff=True, is_superuser=True, password=HASHED)
    told = browser_of(superuser).post(address, form)
    assert (told.status_code, told["Retry-After"]) == (503, "3")
    assert b"Nothing was changed" in told.content
    assert Member.objects.get().password == HASHED


@pytest.mark.parametrize("name", ["mira", "nobody"])
def test_ten_wrong_passwords_close_the_door_for_a_quarter_of_an_hour(member, stranger, name):
    answers = [sign_in(name, f"wrong {number}").status_code for number in range(11)]
    assert answers[:9] == [200] * 9
    assert answers[10] == 429
    locked = sign_in(name, PASSWORD)
    assert locked.status_code == 429
    assert b"Try again in 15 minutes" in locked.content
    assert b'href="/login/"' in locked.content
    # The others come in, and so does the member from elsewhere.
    assert sign_in("otto", PASSWORD).status_code == 302
    assert sign_in("mira", PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302
    WrongPassword.objects.update(at=timezone.now() - timezone.timedelta(minutes=16))
    assert sign_in(name, PASSWORD).status_code == (302 if name == "mira" else 200)


def tried(name: str, password: str, address: str = "127.0.0.1", client: Client | None = None) -> int:
    return sign_in(name, password, client, REMOTE_ADDR=address).status_code


def names(number: int) -> str:
    return f"nobody {number}"


@pytest.mark.parametrize(
    ("who", "where", "most"),
    [
        (names, lambda _: "192.0.2.7", 30),
        (names, "2001:db8::{:x}".format, 30),
        (lambda _: "mira", "192.0.2.{}".format, 20),
        (names, "192.0.{}.7".format, 200),
    ],
    ids=["many names from one address", "from one IPv6 network", "one name from many addresses", "all from all"],
)
def test_strangers_are_counted_across_names_and_addresses(member, stranger, who, where, most):
    home, at_home = Client(), "198.51.100.1"
    assert tried("mira", PASSWORD, at_home, home) == 302
    home.post("/logout/")
    answers = [tried(who(number), "wrong", where(number)) for number in range(most + 3)]
    assert answers == [200] * most + [429] * 3
    assert WrongPassword.objects.count() == most
    assert tried("mira", PASSWORD, where(most)) == 429
    # Whoever has signed in before in that browser still can, even from there, but as nobody else.
    assert tried("otto", PASSWORD, where(most), home) == (302 if who(0) == "mira" else 429)
    assert tried("mira", PASSWORD, where(most), home) == 302


def test_a_known_browser_is_no_way_to_try_on_and_no_cookie_can_be_forged(member):
    home = Client()
    sign_in("mira", PASSWORD, home)
    home.post("/logout/")
    assert [tried("mira", "wrong", f"192.0.2.{number}", home) for number in range(11)] == [200] * 10 + [429]
    home.cookies["device"] = home.cookies["device"].value[:-2] + "xx"
    assert [tried("mira", "wrong", "192.0.2.1", home) for _ in range(11)] == [200] * 10 + [429]


def test_what_the_known_mistype_keeps_no_stranger_out_and_who_has_left_is_a_stranger(member, stranger, shorten):
    shorten("extender.team.tries.MOST_IN_ALL", 5)
    home, here, elsewhere = Client(), "192.0.2.1", "198.51.100.1"
    assert tried("mira", PASSWORD, here, home) == 302
    home.post("/logout/")
    assert [tried("mira", "wrong", here, home) for _ in range(6)] == [200] * 6
    assert tried("otto", PASSWORD, elsewhere) == 302
    Member.objects.filter(pk=member.pk).update(is_active=False)
    assert [tried("mira", "wrong", here, home) for _ in range(6)] == [200] * 5 + [429]
    assert tried("otto", PASSWORD, elsewhere) == 429


def test_who_signs_in_again_and_again_must_wait_and_nobody_else(member, stranger, shorten):
    shorten("extender.team.tries.MOST_SIGN_INS", 2)
    assert [tried("mira", PASSWORD, "192.0.2.1") for _ in range(3)] == [302, 302, 429]
    assert tried("otto", PASSWORD, "192.0.2.1") == 302


def test_old_passwords_are_counted_where_the_password_is_changed(web, member):
    for number in range(20):
        tried("mira", "wrong", f"192.0.2.{number}")
    answers = [web.post("/password/", CHANGE | {"old_password": f"wrong {number}"}) for number in range(30)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 20
    assert int(answers[-1]["Retry-After"]) == 15 * 60
    assert web.post("/password/", CHANGE).status_code == 429
    WrongPassword.objects.filter(place="known sign-in").delete()
    # Strangers who try the name keep nobody who is signed in from it.
    assert web.post("/password/", CHANGE)["Location"] == "/password/done/"


DOCUMENTED = re.search(r"^failregex = (.*)$", (PROJECT / "docs" / "deploy.md").read_text(), re.MULTILINE)[1]


def found_by_fail2ban(log: str) -> list[str]:
    """The addresses that it would find by the pattern of the docs: it cuts the date out before."""
    pattern = re.compile(DOCUMENTED.replace("<ADDR>", r"(\S+)"))
    lines = [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "", line) for line in log.splitlines()]
    return [match[1] for line in lines if (match := pattern.search(line))]


@pytest.mark.parametrize("name", ["mira", "x from 203.0.113.9", "a\n{0}", "a\r{0}", "a\u2028{0}", "a\x85{0}"])
def test_the_documented_pattern_finds_who_guesses_and_nobody_can_forge_a_line(settings, member, log, name):
    settings.HTTPS = True
    forged = "2026-01-01 00:00:00,000 WARNING extender.team.tries [0123abcd] wrong password from 203.0.113.9"
    name = name.format(forged)
    headers = {"X-Forwarded-For": f"203.0.113.9\n{forged}, 2001:db8::7", "User-Agent": forged}
    answers = [sign_in(name, "pass-word", headers=headers).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    logging.getLogger("django.request").error("broke: %s", name)
    assert found_by_fail2ban(log.getvalue()) == ["2001:db8::7"] * 11
    written = "".join(line for line in log.getvalue().splitlines() if "extender.team" in line and "broke" not in line)
    assert "pass-word" not in written
    assert "mira" not in written


def test_a_right_password_forgets_the_wrong_ones(member):
    for _ in range(2):
        assert {sign_in("mira", "wrong").status_code for _ in range(9)} == {200}
        assert sign_in("mira", PASSWORD).status_code == 302


def test_signing_in_and_out(member):
    client = Client()
    assert client.get("/")["Location"] == "/login/?next=/"
    assert sign_in("mira", PASSWORD, client)["Location"] == "/tasks/"
    assert client.get("/login/")["Location"] == "/tasks/"
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/tasks/").status_code == 302


def test_what_can_be_no_session_is_asked_about_nowhere(guest, db):
    guest.cookies["sessionid"] = "\0" + "a" * 31
    assert queries(lambda: guest.get("/tasks/")) == 0


def test_who_is_signed_in_stays_so_when_the_key_changes(web, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another one"
    assert web.get("/tasks/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    settings.SECRET_KEY = "yet another one"
    assert web.get("/tasks/").status_code == 302


def test_what_was_made_for_a_member_is_kept_by_no_cache_and_known_as_theirs(member):
    client = Client()
    sign_in("mira", PASSWORD, client)
    page = client.get("/tasks/")
    assert page["Cache-Control"] == "private, no-cache"
    assert f'data-member="{client.cookies["member"].value}"' in page.content.decode()
    client.post("/logout/")
    assert not client.cookies["member"].value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("6.6.6.{}, 192.0.2.7", "192.0.2.7"),
        ("203.0.113.7:5123{}", "203.0.113.7"),
        ("[2001:db8::1]:44{}", "2001:db8::/64"),
        ("2001:DB8::1", "2001:db8::/64"),
        ("fe80::1%eth{}", "fe80::/64"),
        ("[::ffff:203.0.113.7]:44{}", "203.0.113.7"),
        ("unknown", "127.0.0.1"),
        ("_hidden:8{}", "127.0.0.1"),
        ("192.0.2.7, ", "127.0.0.1"),
    ],
)
def test_behind_https_the_proxy_says_whose_wrong_passwords_they_are(settings, member, written, meant):
    settings.HTTPS = True
    for number in range(10):
        sign_in("mira", "wrong", headers={"X-Forwarded-For": written.format(number)})
    assert set(WrongPassword.objects.values_list("place", flat=True)) == {meant}
    assert sign_in("mira", PASSWORD, headers={"X-Forwarded-For": written.format(10)}).status_code == 429


def test_without_https_nobody_is_believed_about_that(settings, member):
    settings.HTTPS = False
    sign_in("mira", "wrong", headers={"X-Forwarded-For": "192.0.2.7"})
    assert WrongPassword.objects.get().place == "127.0.0.1"


@pytest.mark.parametrize(
    ("theme", "html"), [("light", ' data-theme="light"'), ("dark", ' data-theme="dark"'), ("", "")]
)
def test_a_theme_is_kept_and_comes_with_the_page(web, theme, html):
    web.cookies["theme"] = "dark"
    assert web.post("/theme/", {"theme": theme, "next": "/new/?x=1"})["Location"] == "/new/?x=1"
    for address in ("/tasks/", "/new/", "/nowhere/"):
        assert f'<html lang="en"{html}>' in web.get(address).content.decode()
    assert (
        f'id="theme-{theme or "system"}" name="theme" value="{theme}" checked>' in web.get("/tasks/").content.decode()
    )


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "task", "#x", ""]
)
def test_a_theme_leads_to_no_other_site(web, back):
    assert web.post("/theme/", {"theme": "dark", "next": back})["Location"] == "/"


def test_a_theme_that_is_none_is_the_systems(web):
    web.post("/theme/", {"theme": '"><script>'})
    assert "theme" not in web.cookies or not web.cookies["theme"].value
