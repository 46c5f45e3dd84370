"""What every test stands on: a real sandbox, a real database file, members, and videos to continue."""

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from extender.following import look_up
from extender.models import Member, Task
from tests.helpers import form_of
from tests.sandbox_process import Sandbox


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """A database in a file: threads then have connections of their own, as in production."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def static_files():
    """The manifest that pages look their styles up in."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def _sandbox():
    with Sandbox(stall=3) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox, settings):
    """APIFRAME for this test: a process of its own, with an empty ledger and no faults."""
    _sandbox.reset()
    _sandbox.options(seconds=0.4, misbehave=[])
    settings.APIFRAME_BASE_URL = _sandbox.url
    settings.APIFRAME_API_KEY = _sandbox.key
    settings.SANDBOX = True
    return _sandbox


@pytest.fixture(autouse=True)
def _quiet(settings):
    cache.clear()
    settings.PUBLIC_URL = ""
    settings.ALLOWED_HOSTS = ["*"]
    # Argon2 is slow on purpose; who signs in is not what most tests are about.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch):
    """Does at once what pages have done in the background: another thread sees nothing of a test's transaction."""
    monkeypatch.setattr("extender.views.upstream.LOOKS.submit", lambda work, due: work(due))
    # It would end that transaction, which is why Django's own test client leaves it out too.
    monkeypatch.setattr("extender.views.upstream.close_old_connections", lambda: None)


@pytest.fixture
def member(db):
    return Member.objects.create_user("mira", password="a long enough one")


@pytest.fixture
def stranger(db):
    return Member.objects.create_user("otto", password="a long enough one")


@pytest.fixture
def browser_of():
    """A signed-in HTTP client for a member."""

    def sign_in(member: Member) -> Client:
        client = Client()
        client.force_login(member)
        return client

    return sign_in


@pytest.fixture
def web(browser_of, member):
    """The member's HTTP client."""
    return browser_of(member)


@pytest.fixture
def original(member, sandbox) -> Task:
    """A finished video of the member, made at the sandbox and looked up through the front door."""
    return look_up(member, sandbox.start_video())


@pytest.fixture
def submit(web, original):
    """Fills the form in as a member would, posts it, and returns the task that came of it."""

    def post(prompt: str = "and then it snows", **changes: object) -> Task:
        fields = form_of(web.get(f"/tasks/new/?parent={original.pk}&index=2")) | {"prompt": prompt, **changes}
        response = web.post("/tasks/new/", fields)
        assert response.status_code == 302, response.content.decode()
        return Task.objects.get(pk=response["Location"].split("/")[2])

    return post
