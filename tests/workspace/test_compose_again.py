"""The form is pressed, but its sign-in or its token is gone: it comes again, as it was written."""

from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from extender.tasks.models import Task
from extender.team.models import Member
from tests.helpers import form_of
from tests.workspace.test_compose import extensions, submits

WORDS = 'the tide comes in & "goes" <out>\n' * 45
SIGN_IN = {"username": "mira", "password": "a long enough one"}


def token(client: Client) -> dict[str, str]:
    return {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}


def sign_in(client: Client, to: str = "/tasks/", **who: str):
    client.get("/login/")
    return client.post("/login/", SIGN_IN | who | token(client) | {"next": to}, follow=True)


def lose_session(client: Client) -> None:
    del client.cookies["sessionid"]


def sign_in_elsewhere(client: Client) -> None:
    """Another tab signs out and in: the session is another, and so is the token."""
    lose_session(client)
    sign_in(client)


def lose_everything(client: Client) -> None:
    sign_in_elsewhere(client)
    lose_session(client)


@pytest.mark.parametrize("lose", [lose_session, sign_in_elsewhere, lose_everything])
def test_the_words_come_again_to_be_sent_once(original, sandbox, lose):
    client = Client(enforce_csrf_checks=True)
    sign_in(client)
    form = form_of(client.get(f"/tasks/new/?parent={original.pk}&index=2"))
    form |= {"prompt": WORDS, "motion": "high", "charged_twice": "yes"}
    old = token(client)
    lose(client)
    page = client.post("/tasks/new/", form | old, follow=True)
    if page.status_code == 200:
        page = sign_in(client, page.context["next"])
    assert "Press the button once more" in page.content.decode()
    assert form_of(page) == form
    assert extensions() == submits(sandbox) == 0
    for _ in range(2):
        assert client.post("/tasks/new/", form_of(page) | token(client)).status_code == 302
    assert Task.objects.get(prompt=WORDS.strip()).motion == "high"
    assert extensions() == submits(sandbox) == 1
    assert form_of(client.get("/tasks/new/"))["prompt"] == "", "they come again once"


def test_of_a_stranger_nothing_is_kept(guest, db):
    for address in ("/tasks/new/", "/new/video/"):
        for headers in ({}, {"HX-Request": "true"}):
            guest.post(address, {"prompt": WORDS}, headers=headers)
    assert not Session.objects.exists()


def test_who_is_not_signed_in_any_more_has_little_kept(guest, member):
    sign_in(guest)
    lose_session(guest)
    fields = {"prompt": "x" * 20_000, "name" * 1_000: "x\0"} | {f"field-{number}": "x" for number in range(20)}
    guest.post("/tasks/new/", urlencode(fields), content_type="application/x-www-form-urlencoded")
    kept = guest.session["typed"]
    assert len(kept) == 12
    assert len(kept["prompt"]) == 10_000
    assert kept["name" * 10] == "x"


def test_a_browser_that_forgets_its_session_has_one_thing_kept(guest, member):
    sign_in(guest)
    for number in range(3):
        lose_session(guest)
        guest.post("/tasks/new/", {"prompt": f"{WORDS} {number}"})
        assert guest.session["typed"] == {"prompt": f"{WORDS} {number}"}
    # Of these, and of the first sign-in.
    assert Session.objects.count() == 2
    sign_in(guest)
    assert form_of(guest.get("/tasks/new/"))["prompt"] == f"{WORDS} 2"


def test_of_who_has_left_nothing_is_kept(guest, member):
    sign_in(guest)
    lose_session(guest)
    Member.objects.update(is_active=False)
    Session.objects.all().delete()
    guest.post("/tasks/new/", {"prompt": WORDS})
    assert not Session.objects.exists()


def test_they_come_to_nobody_else_who_signs_in_at_that_browser(start, stranger):
    client = Client(enforce_csrf_checks=True)
    sign_in(client)
    form = form_of(client.get(f"/tasks/new/?parent={start.pk}")) | {"prompt": "A secret sentence"}
    old = token(client)
    lose_session(client)
    client.post("/tasks/new/", form | old, follow=True)
    assert client.session["typed"]
    sign_in(client, username=stranger.username)
    assert "A secret sentence" not in client.get("/tasks/new/").content.decode()


def test_what_was_looked_up_comes_again_too(original):
    client = Client(enforce_csrf_checks=True)
    sign_in(client)
    form = form_of(client.get("/tasks/new/")) | {"prompt": WORDS}
    page = client.post("/tasks/look-up/", form, follow=True)
    assert form_of(page) == form
    lose_session(client)
    page = client.post("/tasks/look-up/", form | token(client), follow=True)
    assert form_of(sign_in(client, page.context["next"])) == form


def test_a_poll_with_the_token_of_before_reloads_its_page(member):
    client = Client(enforce_csrf_checks=True)
    sign_in(client)
    old = token(client)
    sign_in_elsewhere(client)
    answer = client.post("/tasks/pulse/", old, headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    assert client.post("/tasks/pulse/", token(client), headers={"HX-Request": "true"}).status_code != 403


def test_what_another_site_sends_does_not_come_again(web):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = web.cookies
    answer = strict.post("/tasks/new/", {"prompt": "theirs"}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "theirs" not in answer.content.decode()
    assert "theirs" not in strict.get("/tasks/new/").content.decode()
