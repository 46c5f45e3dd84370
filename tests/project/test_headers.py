"""What every kind of answer carries: the headers that protect it, and for how long it may be kept."""

import base64
import hashlib
import re
import uuid
from typing import NamedTuple

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpResponseBase
from django.test import Client

from extender.sharing.models import Share
from project.headers import HEADERS
from tests.helpers import make_clip, make_task

PAGE = "private, no-cache"
# Nothing of a guest's page may be kept, for its link may be closed.
NEVER = "max-age=0, no-cache, no-store, must-revalidate, private"
FILE, GUESTS_FILE = "private, max-age=604800, immutable", "private, no-cache"


class Asked(NamedTuple):
    """A kind of answer: how it is asked for, and what it is."""

    who: str
    address: str
    status: int
    kept: str
    headers: dict[str, str] = {}
    method: str = "GET"


ANSWERS = {
    "page": Asked("web", "/tasks/", 200, PAGE),
    "fragment": Asked("web", "/tasks/", 200, PAGE, {"HX-Request": "true"}),
    "nothing new": Asked("web", "/tasks/{task}/status/?v={version}", 204, PAGE),
    "redirect": Asked("web", "/", 302, PAGE),
    "led to the sign-in": Asked("visitor", "/tasks/", 302, PAGE),
    "sign-in": Asked("visitor", "/login/", 200, NEVER),
    "no such page": Asked("web", "/nowhere/", 404, PAGE),
    "not by this method": Asked("web", "/logout/", 405, PAGE),
    "admin": Asked("staff", "/admin/", 200, NEVER),
    "staff's page": Asked("staff", "/team/", 200, PAGE),
    "guest's page": Asked("visitor", "/s/{token}/", 200, NEVER),
    "guest's poll": Asked("visitor", "/s/{token}/status/?v={version}", 204, NEVER),
    "closed link": Asked("visitor", "/s/nobody/", 404, NEVER),
    "whole file": Asked("web", "/clips/{clip}.mp4", 200, FILE),
    "part of a file": Asked("web", "/clips/{clip}.mp4", 206, FILE, {"Range": "bytes=0-9"}),
    "known file": Asked("web", "/clips/{clip}.mp4", 304, FILE, {"If-None-Match": '"{sha256}"'}),
    "beyond a file": Asked("web", "/clips/{clip}.mp4", 416, PAGE, {"Range": "bytes=9999999-"}),
    "guest's file": Asked("visitor", "/s/{token}/clips/{clip}.mp4", 206, GUESTS_FILE, {"Range": "bytes=0-9"}),
    "zip that is streamed": Asked("web", "/tasks/{task}/download/", 200, "private"),
    "static file": Asked("visitor", "{script}", 200, "max-age=315360000, public, immutable"),
    "health": Asked("visitor", "/healthz", 200, PAGE),
    "webhook": Asked("visitor", "/webhooks/apiframe/nobody/", 401, PAGE, {}, "POST"),
    "another's host": Asked("visitor", "/login/", 400, PAGE, {"Host": "evil.example"}),
    "chunks without an end": Asked("visitor", "/login/", 411, PAGE, {"Transfer-Encoding": "chunked"}, "POST"),
}


@pytest.fixture
def ask(web, staff, member, settings):
    task = make_task(member, remote_id=str(uuid.uuid4()), due_at=None)
    clip = make_clip(task)
    for index in (2, 3, 4):
        make_clip(task, index)
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]
    names = {
        "task": task.pk,
        "version": task.version,
        "clip": clip.pk,
        "sha256": clip.sha256,
        "token": Share.objects.create(task=task).get_absolute_url().split("/")[2],
        "script": staticfiles_storage.url("js/shared/clock.js"),
    }

    def send(asked: Asked) -> HttpResponseBase:
        client = {"web": web, "staff": staff, "visitor": Client()}[asked.who]
        headers = {name: value.format(**names) for name, value in asked.headers.items()}
        return client.generic(asked.method, asked.address.format(**names), headers=headers)

    return send


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_kind_of_answer_is_protected_and_kept_as_long_as_it_may(kind, ask, admin_on):
    asked = ANSWERS[kind]
    answer = ask(asked)
    assert answer.status_code == asked.status
    expected = HEADERS | {"Cache-Control": asked.kept}
    if kind in ("guest's page", "guest's file", "closed link"):
        expected["Referrer-Policy"] = "no-referrer"
    assert {name: answer.get(name) for name in HEADERS} == expected
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer
    answer.close()


def test_each_cookie_goes_to_us_alone_and_scripts_read_one_of_them(member, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    visitor = Client()
    visitor.get("/login/")
    visitor.post("/login/", {"username": "mira", "password": "a long enough one"})
    visitor.get("/tasks/")
    visitor.post("/theme/", {"theme": "dark"})
    found = {name: cookie for name, cookie in visitor.cookies.items() if cookie.value}
    assert found.keys() == {"sessionid", "csrftoken", "member", "theme", "device"}
    for name, cookie in found.items():
        assert (cookie["samesite"], cookie["path"], cookie["domain"], cookie["secure"]) == ("Lax", "/", "", True)
        assert bool(cookie["httponly"]) == (name != "member")


def test_browsers_run_a_script_only_with_its_checksum_and_ask_for_its_imports_at_once(web, member):
    """What is imported, by what is imported too, is named once; each checksum is that of what we serve."""
    page = web.get(f"/tasks/{make_task(member).pk}/").content.decode()
    named = re.findall(r'(?:src|href)="/static/(\S+?\.js)" integrity="(sha256-\S+?)"', page)
    assert page.count(".js") == len(named)
    at_once = re.findall(r'<link rel="modulepreload" href="/static/(\S+?)"', page)
    assert len(set(at_once)) == len(at_once) > 10
    for path, checksum in named:
        with staticfiles_storage.open(path) as file:
            digest = hashlib.sha256(file.read()).digest()
        assert checksum == f"sha256-{base64.b64encode(digest).decode()}"
