"""The whole site at a path of a larger one, behind nginx as it is deployed: every address that it says leads back."""

import re
import threading
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from django.conf import settings as configured
from django.urls import set_script_prefix

from extender.sharing.models import Share
from extender.tasks.models import Clip, Task
from extender.tasks.public import public_address
from extender.team.models import Member
from tests.helpers import database_url, make_clip, make_task
from tests.ports import free_port
from tests.servers import Server, find_nginx, gunicorn, nginx_as_deployed

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(find_nginx() is None, reason="LEFT OUT: there is no nginx"),
]
PATH = "/extender/"
BODY = bytes(range(256)) * 10
SAID = re.compile(r'\b(?:href|src|action|poster|hx-(?:get|post|delete))="([^"#?]+)')


@pytest.fixture(scope="module")
def fronted(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Server]:
    here, port = tmp_path_factory.mktemp("fronted"), free_port()
    with django_db_blocker.unblock():
        database = database_url()
    more = {
        "DATABASE_URL": database,
        "SECRET_KEY": configured.SECRET_KEY,
        "PUBLIC_URL": f"https://127.0.0.1:{port}/extender",
        "X_ACCEL_PREFIX": "/protected/",
        "ADMIN": "on",
    }
    with (
        gunicorn(here, here / "log", site="project.wsgi", **more) as behind,
        nginx_as_deployed(here / "nginx", [behind.address], here, port, PATH) as server,
    ):
        server.behind, server.media_root = behind, here
        yield server


@pytest.fixture
def browser(fronted, settings) -> Iterator[requests.Session]:
    """Signed in."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    Member.objects.create_superuser("mira", password="a long enough one")
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(fronted.certificate)
        login = f"{fronted.url}/extender/login/"
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', session.get(login, timeout=120).text)[1]
        form = {"username": "mira", "password": "a long enough one", "csrfmiddlewaretoken": token}
        session.headers["Referer"] = login
        answer = session.post(login, form, timeout=120, allow_redirects=False)
        assert answer.headers["Location"] == "/extender/tasks/"
        yield session


@pytest.fixture
def clip(fronted, browser, settings) -> Clip:
    settings.MEDIA_ROOT = fronted.media_root
    return make_clip(make_task(Member.objects.get()), body=BODY)


def test_every_address_leads_back_to_it(fronted, browser, clip):
    link = Share.objects.create(task=clip.task)
    pages = [
        "",
        "tasks/",
        "new/",
        f"tasks/{clip.task.pk}/",
        f"tasks/{clip.task.pk}/tree/",
        "team/",
        f"s/{link.token}/",
    ]
    said = set()
    for page in [*pages, "team/members/", "admin/"]:
        answer = browser.get(f"{fronted.url}{PATH}{page}", timeout=120)
        assert (page, answer.status_code) == (page, 200)
        assert "report-uri /extender/csp-reports/" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Reporting-Endpoints"] == 'csp="/extender/csp-reports/"'
        said |= {urljoin(urlsplit(answer.url).path, address) for address in SAID.findall(answer.text)}
    assert {address for address in said if not address.startswith((PATH, "https://clips.example/"))} == set()
    scripts = [address for address in said if address.endswith((".js", ".css"))]
    assert scripts
    assert {browser.get(fronted.url + address, timeout=120).status_code for address in scripts} == {200}
    assert (
        f"{fronted.url}{PATH}s/{link.token}/"
        in browser.get(f"{fronted.url}{PATH}tasks/{clip.task.pk}/", timeout=120).text
    )


def test_its_cookies_go_nowhere_else(browser):
    kept = {cookie.name: cookie.path for cookie in browser.cookies}
    assert {"__Secure-sessionid", "__Secure-csrftoken", "__Secure-device"} <= set(kept)
    assert set(kept.values()) == {PATH}


def test_films_reports_and_words_for_machines_come_through(fronted, browser, clip):
    film = browser.get(f"{fronted.url}{PATH}clips/{clip.pk}.mp4", headers={"Range": "bytes=5-9"}, timeout=120)
    assert (film.status_code, film.content) == (206, BODY[5:10])
    report = {"Content-Type": "application/csp-report"}
    told = browser.post(f"{fronted.url}{PATH}csp-reports/", "{}", headers=report, timeout=120)
    assert told.status_code in (204, 400)
    for url in (fronted.behind.url + "/", fronted.url + PATH):
        assert browser.get(f"{url}healthz", timeout=120).text == "ok"
    task = Task.objects.get()
    called = browser.post(f"{fronted.url}{PATH}webhooks/apiframe/{task.webhook_nonce}/", json={}, timeout=120)
    assert called.status_code == 401


def test_a_thread_that_answers_nobody_says_the_same_address(settings):
    settings.PUBLIC_URL = "https://example.org/extender"
    said = []

    def say(prefix: str) -> None:
        set_script_prefix(prefix)
        said.append(public_address(f"{prefix}webhooks/apiframe/x/"))

    for prefix in ("/", PATH):
        thread = threading.Thread(target=say, args=[prefix])
        thread.start()
        thread.join()
    assert set(said) == {"https://example.org/extender/webhooks/apiframe/x/"}
