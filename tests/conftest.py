"""What every test stands on: a real sandbox, a real database file, members, and videos to continue."""

import gc
import io
import logging
import os
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from fcntl import LOCK_EX, flock
from functools import lru_cache
from pathlib import Path

import pytest
import requests
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from extender.tasks.lookup import look_up
from extender.tasks.models import Task
from extender.team.models import Member
from project.addresses import bucket as bucket_options
from project.request_id import RequestIdFilter
from tests.helpers import make_task
from tests.paths import PROJECT
from tests.sandbox_process import Sandbox

MEASURED = "measured"


# Half of what is in the browser, by the processor time that it takes.
FIRST_BROWSER = ("test_accessibility", "test_story", "test_picking", "test_connection", "test_wall", "test_copies")


@lru_cache
def _shares(module: str) -> bool:
    """Whether it has a fixture of its own: each process that runs some of its tests would make that anew."""
    places = (PROJECT / module, (PROJECT / module).with_name("conftest.py"))
    return any('scope="module"' in place.read_text() for place in places if place.exists())


class _Sharing(LoadScopeScheduling):
    """Which of several processes (`-n 2`) runs which test: each goes to whoever is free, or the module whole.

    But what is in the browser shares a house and a Chromium. It is the longest work: two processes begin with it.
    (`--dist loadgroup` would say that by a mark; xdist 3.8 does not manage it with pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::")[0]
        if not module.startswith("tests/browser/"):
            return module if _shares(module) else nodeid
        return "browser 1" if any(name in nodeid for name in FIRST_BROWSER) else "browser 2"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Sharing(config, log)


def pytest_collection_finish() -> None:
    """Leaves what all tests share, thousands of objects, out of each search for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture
def say(request) -> Callable[[str], None]:
    """Keeps a line of what was measured, to be shown at the end whichever process ran the test."""
    return lambda line: request.node.user_properties.append((MEASURED, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows what was measured."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    calls = [report for report in reports if getattr(report, "when", "") == "call"]
    lines = [line for report in calls for name, line in report.user_properties if name == MEASURED]
    if lines:
        terminalreporter.section(MEASURED)
    for line in lines:
        terminalreporter.line(f"  {line}")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """A database in a file: threads then have connections of their own, as in production."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """When a test has emptied the database, what its migrations had left there is put back as it was.

    Django would find out anew which permissions there are, which takes longer than most such tests.
    """
    with django_db_blocker.unblock():
        kept = {model: list(model.objects.all()) for model in (ContentType, Permission)}

    def put_back(*_: object) -> None:
        ContentType.objects.clear_cache()
        for model, rows in kept.items():
            model.objects.bulk_create(rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", put_back)
        yield


@pytest.fixture(scope="session")
def shared_directory(tmp_path_factory, worker_id) -> Path:
    """A directory of all processes that share the tests."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session", autouse=True)
def static_files(shared_directory):
    """The manifest that pages look their styles up in; made by the first process of those that share the tests."""
    with (shared_directory / "static-files").open("a+") as made:
        flock(made, LOCK_EX)
        if not os.fstat(made.fileno()).st_size:
            call_command("collectstatic", interactive=False, verbosity=0)
            made.write("made")
    # It may have been read before it was there.
    staticfiles_storage.hashed_files, staticfiles_storage.manifest_hash = staticfiles_storage.load_manifest()


@pytest.fixture(scope="session", autouse=True)
def patience_with_films():
    """A process that looks into a film gives way to all others: on a busy machine a second of it takes minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("extender.video.process.SECONDS", 900)
        yield


@pytest.fixture(scope="session")
def _sandbox():
    with Sandbox(stall=3) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox, settings):
    """APIFRAME for this test: a process of its own, with an empty ledger and no faults."""
    _sandbox.reset()
    settings.APIFRAME_BASE_URL = _sandbox.url
    settings.APIFRAME_API_KEY = _sandbox.key
    settings.SANDBOX = True
    return _sandbox


@pytest.fixture(scope="session")
def _s3():
    """An S3 on loopback, in this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_secret(monkeypatch):
    """The secret of the key that boto3 finds in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s/cret")
    return "s/cret"


@pytest.fixture
def bucket(_s3, s3_secret, tmp_path):
    """A store in a new bucket of its own; `bucket.options` are its settings."""
    from extender.archive.storage.bucket import Bucket

    name = f"clips-{uuid.uuid4()}"
    options = bucket_options(name, "of-ours", endpoint=_s3, region="")
    store = Bucket(tmp_path / "media", options)
    store.options = options
    assert requests.put(f"{_s3}/{name}", timeout=120).ok
    return store


@pytest.fixture
def shorten(monkeypatch) -> Callable[[str, object], None]:
    """Shortens a time limit of ours, named in full: as it stands, a test would have to wait for it."""
    return monkeypatch.setattr


@pytest.fixture
def log(caplog):
    """What is written to the log, as its reader sees it, from the lowest level on."""
    (handler,) = (
        handler
        for handler in logging.getLogger().handlers
        if any(isinstance(found, RequestIdFilter) for found in handler.filters)
    )
    for name in ("extender", "django", "axes", "urllib3"):
        caplog.set_level(logging.DEBUG, name)
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.fixture(autouse=True)
def _quiet(settings, tmp_path_factory):
    cache.clear()
    # Made by whoever keeps something there.
    settings.MEDIA_ROOT = tmp_path_factory.getbasetemp() / "media" / uuid.uuid4().hex
    settings.ARCHIVE_KEEP_FREE_MB = 0
    settings.PUBLIC_URL = settings.X_ACCEL_PREFIX = ""
    settings.ARCHIVE_BUCKET = {}
    settings.ALLOWED_HOSTS = ["*"]
    # Else each new client would index all static files, which takes longer than most tests.
    settings.WHITENOISE_AUTOREFRESH = True
    # Argon2 is slow on purpose; who signs in is not what most tests are about.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def _done_at_once(work: Callable[..., None], *arguments: object) -> Future:
    done: Future = Future()
    done.set_result(work(*arguments))
    return done


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch):
    """Does at once what pages have done in the background: another thread sees nothing of a test's transaction."""
    for threads in ("THREAD", "SENDERS"):
        monkeypatch.setattr(f"extender.tasks.background.{threads}.submit", _done_at_once)
    # It would end that transaction, which is why Django's own test client leaves it out too.
    monkeypatch.setattr("extender.tasks.background.close_old_connections", lambda: None)


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
def guest() -> Client:
    """The HTTP client of somebody without an account and without cookies."""
    return Client()


@pytest.fixture
def admin_on(settings) -> None:
    """The addresses, and what answers them, as they are with `ADMIN=on`."""
    settings.ROOT_URLCONF = "tests.with_admin"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.messages.middleware.MessageMiddleware"]


@pytest.fixture
def staff(browser_of, db) -> Client:
    """The HTTP client of somebody who looks after the installation, and has no task."""
    return browser_of(Member.objects.create_user("ada", is_staff=True))


@pytest.fixture
def task(member) -> Task:
    """A task of the member that has just finished, as a row alone."""
    return make_task(member, remote_id=str(uuid.uuid4()), ended_at=timezone.now(), due_at=None)


@pytest.fixture
def original(member, sandbox) -> Task:
    """A finished video of the member, made at the sandbox and looked up through the front door."""
    return look_up(member, sandbox.start_video("A kite over a quiet beach [seconds-0]"))


@pytest.fixture
def start(member) -> Task:
    """A finished original of the member to extend, as a row alone."""
    return make_task(member, kind=Task.Kind.ORIGINAL, index=None, prompt="a kite", remote_id=str(uuid.uuid4()))


@pytest.fixture
def submit(web, original):
    """Posts what the form would send (test_compose.py fills it in), and returns the task that came of it."""

    def post(prompt: str = "and then it snows", **changes: object) -> Task:
        fields = {"parent_task_id": original.remote_id, "index": "2", "motion": "low", "image_url": ""}
        response = web.post("/tasks/new/", fields | {"prompt": prompt, "nonce": uuid.uuid4(), **changes})
        assert response.status_code == 302, response.content.decode()
        return Task.objects.get(pk=response["Location"].split("/")[2])

    return post
