"""What protects every page: headers, forms that come from here, and logs that keep secrets."""

import re
import uuid
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import pytest
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest
from django.test import Client
from django.urls import path

from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Task
from extender.tasks.sending import webhook_secret
from extender.tasks.updates import record
from project import errors, urls
from project import settings as own_settings
from tests.helpers import make_task

HTMX = {"HX-Request": "true"}
PASSWORD = "a long enough one"

OWN = ["'self'"]
# Pages with clips, which play from their own hosts until they are copied.
WITH_CLIPS = [*OWN, "https:", own_settings.APIFRAME_BASE_URL]
WITHOUT_CLIPS = re.compile("not found|crash|foreign|sign-in|password|links|guest, (cancelled|failed)")
POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["default"],
    "report-uri": ["/csp-reports/"],
    "report-to": ["csp"],
}


@login_not_required
def crash(request: HttpRequest) -> None:
    raise RuntimeError("the view broke")


# The project's addresses (ROOT_URLCONF names this module), and one that breaks.
urlpatterns = [*urls.urlpatterns, path("crash/", crash)]
handler404 = errors.not_found
handler500 = errors.server_error


@pytest.fixture
def crashing(settings):
    settings.ROOT_URLCONF = __name__


class Scanner(HTMLParser):
    """Collects what a strict policy forbids: inline scripts and styles, handlers, and what others serve."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.found.append(f"<{tag}>")
        for name, value in values.items():
            if name == "style" or name.startswith(("on", "hx-on", "hx-vals", "hx-vars")):
                self.found.append(f"{name}=")
            if value.strip().lower().startswith(("javascript:", "data:")):
                self.found.append(value)
            if name == "hx-trigger" and "[" in value:
                self.found.append(value)
        served = values.get("src") if tag in ("script", "img", "iframe") else tag == "link" and values.get("href")
        if served and not re.match(r"/(?!/)", served):
            self.found.append(served)


@pytest.fixture
def pages(web, member, settings, crashing) -> dict[str, object]:
    """An answer of every kind that has HTML in it, by a name."""
    shown, visitor = {}, Client(raise_request_exception=False)
    shown["history, empty"] = web.get("/tasks/")
    shown["begin"] = web.get("/new/")
    shown["begin, refused"] = web.post("/new/video/", {"prompt": "x" * 2001, "image_url": "x"})
    shown["form, empty"] = web.get("/tasks/new/")
    parent = make_task(member, remote_id=str(uuid.uuid4()), image_url="https://example.com/a.jpg")
    for state in State:
        task = make_task(member, state, parent=parent, due_at=None, percentage=40, reason="a reason")
        link = Share.objects.create(task=task, show_prompt=state == State.PENDING).get_absolute_url()
        record(task, "said", "poll")
        for name, address in (("page", ""), ("status", "status/"), ("what happened", "events/")):
            shown[f"{name}, {state}"] = web.get(f"/tasks/{task.pk}/{address}")
        shown[f"again, {state}"] = web.get(f"/tasks/new/?again={task.pk}")
        shown[f"guest, {state}"] = visitor.get(link)
        shown[f"guest's status, {state}"] = visitor.get(link + "status/")
    shown["links"] = web.post(f"/tasks/{task.pk}/share/", headers=HTMX)
    shown["history"] = web.get("/tasks/")
    shown["cards"] = web.get("/tasks/", headers=HTMX)
    shown["pulse"] = web.post("/tasks/pulse/", {"open": f"{parent.pk}:0"})
    shown["form"] = web.get(f"/tasks/new/?parent={parent.pk}")
    shown["film"] = web.get(f"/tasks/{parent.pk}/clips/1/film/")
    shown["form, refused"] = web.post("/tasks/new/", {"prompt": "x" * 2001, "image_url": "x"})
    shown["form, looked up"] = web.post("/tasks/look-up/", {"parent_task_id": "x"})
    shown["password"] = web.get("/password/")
    shown["password, refused"] = web.post("/password/", {"old_password": "x"})
    shown["password, changed"] = web.get("/password/done/")
    shown["sign-in"] = visitor.get("/login/")
    shown["sign-in, refused"] = visitor.post("/login/", {"username": "x", "password": "x"})
    for _ in range(10):
        shown["sign-in, locked"] = visitor.post("/login/", {"username": "x", "password": "x"})
    shown["not found"] = web.get("/nowhere/")
    shown["not found, visitor"] = visitor.get("/nowhere/")
    shown["crash"] = visitor.get("/crash/")
    strict = Client(enforce_csrf_checks=True)
    shown["foreign form"] = strict.post("/login/", {"username": "x"})
    assert {name for name, page in shown.items() if page.status_code not in (200, 286)} == {
        "sign-in, locked",
        "not found",
        "not found, visitor",
        "crash",
        "foreign form",
    }
    return shown


def test_every_page_carries_the_headers_that_protect_it(pages):
    for name, page in pages.items():
        policy = {part.split()[0]: part.split()[1:] for part in page["Content-Security-Policy"].split(";")}
        media = OWN if WITHOUT_CLIPS.match(name) else WITH_CLIPS
        assert policy == POLICY | {"img-src": media, "media-src": media}, name
        assert "unsafe" not in page["Content-Security-Policy"]
        assert page["X-Frame-Options"] == "DENY", name
        assert page["X-Content-Type-Options"] == "nosniff", name
        assert page["Referrer-Policy"] == ("no-referrer" if name.startswith("guest") else "same-origin"), name
        assert page["Cross-Origin-Opener-Policy"] == "same-origin", name


def test_no_page_holds_what_the_policy_forbids(pages):
    assert {name: found for name, page in pages.items() if (found := Scanner(page.content.decode()).found)} == {}


@pytest.mark.parametrize(
    "piece",
    [
        "<script>go()</script>",
        "<style>p { color: red }</style>",
        '<p style="color: red">',
        '<img src="/a.png" onerror="go()">',
        '<a href="javascript:go()">',
        '<p hx-on:click="go()">',
        '<p hx-trigger="every 3s [go()]">',
        '<script src="https://cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/a.css">',
    ],
)
def test_what_the_policy_forbids_would_be_seen(piece):
    assert Scanner(f"<!doctype html><body><p>before {piece} after").found


def test_htmx_may_neither_evaluate_nor_add_scripts(web):
    (found,) = re.findall(r"<meta name=\"htmx-config\" content='([^']*)'>", web.get("/tasks/").content.decode())
    for setting in ('"allowEval":false', '"allowScriptTags":false', '"includeIndicatorStyles":false'):
        assert setting in found


def test_no_script_or_style_of_ours_needs_what_the_policy_forbids():
    static = Path(own_settings.BASE_DIR) / "static"
    for file in [*static.rglob("*.js"), *static.rglob("*.css")]:
        text = file.read_text()
        for forbidden in ("eval(", "new Function", "innerHTML", "document.write", "https://", "http://", "@import"):
            assert forbidden not in text, f"{file.name}: {forbidden}"


@pytest.fixture
def strict(member) -> Client:
    """The member's browser, to a server that checks where forms come from, as it does in earnest."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    return client


def token_of(response) -> dict[str, str]:
    return {
        "csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', response.content.decode())[1]
    }


def test_a_form_without_its_token_is_refused_with_a_page_that_says_what_to_do(strict, member, sandbox):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    for address, body in (
        (f"/tasks/{task.pk}/share/", {}),
        ("/logout/", {}),
        ("/login/", {"username": "mira", "password": PASSWORD}),
    ):
        response = strict.post(address, body)
        assert response.status_code == 403, address
        assert "Go back, reload the page and try again" in response.content.decode()
        assert "Nothing was sent" in response.content.decode()
        assert '<a class="button" href="/">' in response.content.decode()
    assert (Task.objects.count(), Share.objects.count()) == (1, 0)
    assert sandbox.ledger()["requests"] == []


def test_a_form_from_elsewhere_is_refused_even_with_a_token(strict, member):
    task = make_task(member)
    token = token_of(strict.get(f"/tasks/{task.pk}/"))
    address = f"/tasks/{task.pk}/share/"
    for origin in ("https://evil.example", "http://testserver.evil.example", "https://testserver", "null"):
        response = strict.post(address, token, headers={"Origin": origin})
        assert response.status_code == 403, origin
        assert b"It came from another site" in response.content
    assert not Share.objects.exists()
    assert strict.post(address, token, headers={"Origin": "http://testserver"}).status_code == 302
    assert Share.objects.count() == 1


def test_a_page_of_htmx_sends_the_token_too(strict, member):
    task = make_task(member)
    address = f"/tasks/{task.pk}/share/"
    fragment = strict.post(address, token_of(strict.get(f"/tasks/{task.pk}/")), headers=HTMX)
    assert fragment.status_code == 200
    assert strict.post(address, token_of(fragment), headers=HTMX).status_code == 200


def test_an_unknown_address_leads_back(web):
    for client in (web, Client()):
        for address in ("/nowhere/", "/tasks/nonsense/", "/tasks/new/x", f"/tasks/{uuid.uuid4()}x/", "/s/"):
            response = client.get(address)
            assert response.status_code == 404, address
            assert b"This page does not exist" in response.content
            assert b'<a class="button" href="/">' in response.content


def test_a_refusal_says_what_to_do_next(web, member, admin_on):
    member.is_staff = True
    member.save()
    for response, status, words in (
        (
            web.post("/password/", {f"field{number}": "" for number in range(1001)}),
            400,
            "reload the page and try again",
        ),
        (web.get("/admin/tasks/task/"), 403, "Ask an admin of your team"),
    ):
        assert response.status_code == status
        assert words in response.content.decode()
        assert "Nothing was sent or billed" in response.content.decode()


def test_a_crash_gives_a_page_and_a_log_line_of_one_name_and_asks_no_database(crashing, log):
    # This test has no database: whoever asked for one would raise.
    response = Client(raise_request_exception=False).get("/crash/")
    name = response["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{8}", name)
    assert response.status_code == 500
    page = response.content.decode()
    assert f"<code>{name}</code>" in page
    assert '<a class="button" href="/">' in page
    assert "the view broke" not in page
    written = log.getvalue()
    assert f"ERROR django.request [{name}] Internal Server Error: /crash/" in written
    assert "RuntimeError: the view broke" in written


def test_a_database_that_is_gone_gives_that_page_too(log):
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    response = client.get("/tasks/")
    assert response.status_code == 500
    assert f"<code>{response['X-Request-ID']}</code>" in response.content.decode()
    assert f"[{response['X-Request-ID']}] Internal Server Error: /tasks/" in log.getvalue()


def test_a_crash_of_a_members_page_looks_the_same(web, member, log):
    task = make_task(member)
    web.raise_request_exception = False
    # No request that we know of makes a page crash.
    with mock.patch("extender.workspace.detail.read_task", side_effect=RuntimeError("the view broke")):
        response = web.get(f"/tasks/{task.pk}/events/")
    assert response.status_code == 500
    assert b"Something went wrong" in response.content
    assert f"[{response['X-Request-ID']}] Internal Server Error" in log.getvalue()


def test_each_request_has_a_name_of_its_own_and_takes_none_from_the_visitor(db):
    client = Client()
    names = {client.get("/login/", headers={"X-Request-ID": "mine"})["X-Request-ID"] for _ in range(3)}
    assert len(names) == 3
    assert "mine" not in names


def test_no_secret_is_written_to_the_log(submit, web, member, sandbox, settings, log):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    words = "the duchess and her greyhound"
    task, failed = submit(words), submit(f"[400] {words}")
    sandbox.options(misbehave=["500-billed"])
    unconfirmed = submit(words)
    sandbox.options(misbehave=[])
    sandbox.finished(task.remote_id)
    web.post("/tasks/look-up/", {"parent_task_id": task.remote_id, "prompt": words})
    web.post(f"/tasks/{task.pk}/share/")
    share = Share.objects.get()
    link = share.get_absolute_url()
    secret = webhook_secret(task.webhook_nonce)
    callback = f"/webhooks/apiframe/{task.webhook_nonce}/"
    guest = Client(raise_request_exception=False)
    for given in (secret, "wrong", secret):
        for body in (
            {"task_id": task.remote_id, "status": "processing", "percentage": "40"},
            {"task_id": "other"},
            [],
        ):
            guest.post(callback, body, content_type="application/json", headers={"x-webhook-secret": given})
    guest.get(callback)
    for ask in (guest.get, guest.head, guest.post):
        ask(link)
    # Nothing that a guest sends makes this page crash.
    with mock.patch("extender.sharing.views.run_due", side_effect=RuntimeError("it broke")):
        assert guest.get(link + "status/").status_code == 500
    web.post(f"/tasks/{task.pk}/share/{share.pk}/revoke/")
    guest.get(link)
    guest.get(link + "status/")
    settings.APIFRAME_API_KEY = "k-0f9a7c5513"
    submit(words)
    Client().post("/login/", {"username": "mira", "password": "not-my-password"})
    written = log.getvalue()
    for ended in (failed, unconfirmed):
        assert str(ended.pk) in written
    assert "Internal Server Error" in written
    assert "401" in written or "Unauthorized" in written
    for hidden in (
        "duchess",
        share.token,
        secret,
        task.webhook_nonce,
        settings.APIFRAME_API_KEY,
        "not-my-password",
        settings.SECRET_KEY,
    ):
        assert hidden not in written, hidden


def test_modules_name_each_other_as_they_are_served_and_leave_their_comments_here(static_files):
    folder = own_settings.BASE_DIR / "static" / "js"
    modules = [path.relative_to(folder.parent) for path in folder.rglob("*.js")]
    served = {Path(staticfiles_storage.path(staticfiles_storage.stored_name(str(name)))) for name in modules}
    for file in served:
        text = file.read_text()
        assert not re.search(r"^\s*//", text, re.MULTILINE), file
        for imported in re.findall(r'from "([^"]+)"', text):
            assert (file.parent / imported).resolve() in served, f"{file}: {imported}"
    assert len(modules) > 20


def test_sheets_leave_their_comments_here_and_nothing_else(static_files):
    folder = own_settings.BASE_DIR / "static"
    for sheet in (folder / "css").rglob("*.css"):
        served = Path(staticfiles_storage.path(staticfiles_storage.stored_name(str(sheet.relative_to(folder)))))
        text = re.sub(r"\.[0-9a-f]{12}(?=\.webp)", "", served.read_text())
        assert text.split() == re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL).split()
