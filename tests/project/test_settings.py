"""Settings from the environment: a bad one stops the start with a sentence, a good deployment is silent."""

import os
import runpy
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests import LIMITS
from tests.paths import PROJECT

OURS = {
    "APIFRAME_API_KEY",
    "APIFRAME_BASE_URL",
    "PUBLIC_URL",
    "DATABASE_URL",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "DEBUG",
    "ADMIN",
    "ALLOWED_HOSTS",
    "CLIP_HOSTS",
    "HSTS_PRELOAD",
    "MEDIA_ROOT",
    "S3_BUCKET",
    "S3_PREFIX",
    "S3_ENDPOINT",
    "S3_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "X_ACCEL_PREFIX",
    "ARCHIVE_MAX_MB",
    "ARCHIVE_KEEP_FREE_MB",
    "COPIES_AT_ONCE",
    *LIMITS,
}
LONG_SECRET = "q8V-" + "xK2m9TzRw4Yb7Nc1LpHs" * 3

REAL = {"APIFRAME_API_KEY": "a-real-key", "SECRET_KEY": LONG_SECRET}
AFK = {"APIFRAME_API_KEY": "afk_0123456789", "SECRET_KEY": "x" * 60}
BUCKET = {"S3_BUCKET": "clips", "S3_REGION": "eu-central-1"}


# Each start below is forked from a process that has loaded what no setting has a say in.
starts = get_context("forkserver")
starts.set_forkserver_preload(["django.core.management", "django.db.models", "environs", "requests", "csp.constants"])


def start(flags: tuple[str, ...], environment: dict[str, str], said: Path) -> None:
    """Becomes `manage.py check`, which writes to `said` what it has to say."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(PROJECT)
    sys.argv = ["manage.py", "check", *flags]
    sys.path.insert(0, str(PROJECT))
    # A module that is None cannot be imported.
    sys.modules.update(dict.fromkeys(environment.get("NOT_INSTALLED", "").split()))
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(said / name, os.O_CREAT | os.O_WRONLY), number)
    runpy.run_path("manage.py", run_name="__main__")


@pytest.fixture
def check(tmp_path):
    """Runs `manage.py check` under nothing but what it is given; an empty value hides what a `.env` file may say."""

    def run(*flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        hidden = dict.fromkeys(("APIFRAME_API_KEY", "PUBLIC_URL", "SECRET_KEY", "S3_BUCKET", "X_ACCEL_PREFIX"), "")
        process = starts.Process(target=start, args=(flags, {**inherited, **hidden, **environment}, tmp_path))
        process.start()
        process.join()
        said = [(tmp_path / name).read_text() for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(flags, process.exitcode, *said)

    return run


BAD = [
    ("DEBUG", {"DEBUG": "perhaps"}),
    ("APIFRAME_BASE_URL", {"APIFRAME_BASE_URL": "ftp://x"}),
    ("APIFRAME_BASE_URL", {**REAL, "APIFRAME_BASE_URL": "https://gateway.example/apiframe?team=3"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "http://example.org"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://example.org/a.b/"}),
    ("CLIP_HOSTS", {"CLIP_HOSTS": "cdn.example,https://other.example"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://example.org:port"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://[example.org"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://[fe80::1%eth0]"}),
    ("DATABASE_URL", {"DATABASE_URL": "nonsense"}),
    ("APIFRAME_API_KEY", {"APIFRAME_API_KEY": "two words"}),
    ("APIFRAME_API_KEY", {"APIFRAME_BASE_URL": "https://api.apiframe.pro"}),
    ("another generation", AFK),
    ("another generation", {**AFK, "APIFRAME_API_KEY": "Bearer afk_0123456789"}),
    ("another generation", {**AFK, "APIFRAME_BASE_URL": "https://api.apiframe.ai"}),
    ("SECRET_KEY", {"APIFRAME_API_KEY": "a-real-key"}),
    ("HTTPS_PROXY", {**REAL, "HTTPS_PROXY": "socks5://two words@127.0.0.1:1080"}),
    ("HTTPS_PROXY", {**REAL, "HTTPS_PROXY": "http://:3128"}),
    ("REQUESTS_CA_BUNDLE", {**REAL, "REQUESTS_CA_BUNDLE": "/two words"}),
    ("REQUESTS_CA_BUNDLE", {**REAL, "REQUESTS_CA_BUNDLE": "README.md"}),
    ("S3_BUCKET", {"S3_BUCKET": "two words", "S3_REGION": "eu-central-1"}),
    ("S3_BUCKET", {"S3_BUCKET": "s3://key:two words@clips", "S3_REGION": "eu-central-1"}),
    ("S3_BUCKET", {"S3_ENDPOINT": "https://s3.example.org"}),
    ("S3_PREFIX", {**BUCKET, "S3_PREFIX": "../two words"}),
    ("S3_PREFIX", {**BUCKET, "S3_PREFIX": "a//b"}),
    ("S3_REGION", {"S3_BUCKET": "clips"}),
    ("S3_REGION", {**BUCKET, "S3_REGION": "evil.example/two words"}),
    ("AWS_SECRET_ACCESS_KEY", {**BUCKET, "AWS_ACCESS_KEY_ID": "a-key"}),
    ("AWS_ACCESS_KEY_ID", {**BUCKET, "AWS_SECRET_ACCESS_KEY": "two words"}),
    ("S3_ENDPOINT", {**BUCKET, "S3_ENDPOINT": "http://s3.example.org"}),
    ("S3_ENDPOINT", {**BUCKET, "S3_ENDPOINT": "https://s3.example.org/clips"}),
    ("X_ACCEL_PREFIX", {"X_ACCEL_PREFIX": "protected"}),
    ("X_ACCEL_PREFIX", {"X_ACCEL_PREFIX": "/protected"}),
    ("ARCHIVE_MAX_MB", {"ARCHIVE_MAX_MB": "0"}),
    ("ARCHIVE_KEEP_FREE_MB", {"ARCHIVE_KEEP_FREE_MB": "some"}),
    ("COPIES_AT_ONCE", {"COPIES_AT_ONCE": "0"}),
    ("PAID_PER_DAY", {"PAID_PER_DAY": "many"}),
    ("PAID_PER_MINUTE", {"PAID_PER_DAY_MEMBER": "-1"}),
]


@pytest.mark.parametrize(("name", "environment"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_a_bad_value_stops_the_start_with_a_sentence_that_names_it(check, name, environment):
    result = check(**environment)
    assert result.returncode != 0
    said = result.stderr.strip()
    assert name in said
    assert said.startswith("Extender cannot start: ")
    assert len(said.splitlines()) == 1
    assert said.endswith(".")
    assert "two words" not in said


def test_a_bucket_without_what_it_needs_stops_the_start(check):
    assert check(**BUCKET).returncode == 0
    result = check(**BUCKET, NOT_INSTALLED="boto3")
    assert result.stderr == (
        "Extender cannot start: S3_BUCKET needs more than is installed: pip install -r .pins/s3.txt.\n"
    )


# Where no admin is, nothing is ready for what it says after a change, and no warning is due.
@pytest.mark.parametrize(("admin", "silenced"), [("off", 2), ("on", 1)])
def test_a_deployment_behind_https_has_no_warning(check, admin, silenced):
    result = check(
        "--deploy",
        "--fail-level=WARNING",
        PUBLIC_URL="https://extender.example",
        APIFRAME_API_KEY="Bearer a-real-key",
        SECRET_KEY=LONG_SECRET,
        ADMIN=admin,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"System check identified no issues ({silenced} silenced).\n"


@pytest.mark.parametrize("environment", [{}, {**AFK, "APIFRAME_BASE_URL": "https://other.example/v1/"}])
def test_without_any_setting_it_starts_on_the_sandbox_and_with_any_key_elsewhere(check, environment):
    result = check(**environment)
    assert (result.returncode, result.stderr) == (0, "")


ASKED = """
from django.conf import settings as s
print(s.SANDBOX, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, bool(s.SECURE_HSTS_SECONDS))
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SECURE_HSTS_PRELOAD)
print(s.CSRF_TRUSTED_ORIGINS, "*" in s.ALLOWED_HOSTS)
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory
origin = s.CSRF_TRUSTED_ORIGINS[0]
posted = RequestFactory(headers={"host": origin[8:], "origin": origin, "x-forwarded-proto": "https"}).post("/")
print(posted.build_absolute_uri(), CsrfViewMiddleware(print)._origin_verified(posted))
print(s.CONTENT_SECURITY_POLICY["DIRECTIVES"]["media-src"], s.CLIP_SOURCES)
"""


@pytest.mark.parametrize(
    ("public", "origin"),
    [
        ("https://Extender.example", "https://extender.example"),
        ("https://[2001:0DB8::0:1]:8443/", "https://[2001:db8::1]:8443"),
    ],
)
def test_https_turns_on_what_https_allows_and_the_real_apiframe_narrows_where_clips_come_from(public, origin):
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    result = subprocess.run(
        [sys.executable, "-c", ASKED],
        cwd=PROJECT,
        env={
            **environment,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "PUBLIC_URL": public,
            "CLIP_HOSTS": "cdn.example",
            "APIFRAME_API_KEY": "a-real-key",
            "APIFRAME_BASE_URL": "https://api.apiframe.pro",
            "SECRET_KEY": LONG_SECRET,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.splitlines() == [
        "False True True True True",
        "__Host-sessionid __Host-csrftoken False",
        f"['{origin}'] False",
        f"{origin}/ True",
        "[\"'self'\"] ['https://cdn.example']",
    ]
