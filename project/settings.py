"""Every setting, read once from the environment (a `.env` file counts). A bad value stops the start and is named.

`.env.example` explains each variable. Source: `docs.djangoproject.com/en/5.2/ref/settings/`.
"""

import logging
import os
import re
import secrets
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, validate

from extender.network.addresses import origin_of
from project import threads
from project.addresses import LOOPBACK, address, bucket, bucket_origin, host_of, origin, refuse_bad_way_out, site
from project.headers import HEADERS
from project.json_lines import JsonLines

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"


def kept_secret(path: Path) -> str:
    """A secret made once and kept in a file only its owner reads, so that sign-ins outlive a restart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text()


def fixed_sqlite_wal() -> bool:
    """Whether this SQLite is free of the rare WAL corruption (sqlite.org/wal.html#walresetbug)."""
    version = sqlite3.sqlite_version_info
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


# Where APIFRAME speaks the wire that Extender knows.
FIRST_GENERATION = {"api.apiframe.pro", "api.apiframe.ai"}

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

try:
    DEBUG = env.bool("DEBUG", False)
    ADMIN = env.bool("ADMIN", False)
    APIFRAME_API_KEY = env.str("APIFRAME_API_KEY", "").strip()
    base_url = "https://api.apiframe.pro" if APIFRAME_API_KEY else "http://127.0.0.1:8791"
    APIFRAME_BASE_URL = address("APIFRAME_BASE_URL", env.str("APIFRAME_BASE_URL", base_url))
    PUBLIC_URL = site("PUBLIC_URL", env.str("PUBLIC_URL", ""))
    # Where it is a part of a larger site, whose proxy takes that off again.
    PUBLIC_PATH = urlsplit(PUBLIC_URL).path
    # The sandbox is whatever answers on loopback: it alone may serve clips over plain http.
    SANDBOX = urlsplit(APIFRAME_BASE_URL).hostname in LOOPBACK
    # Neither the demo's password nor its queued tasks may meet the APIFRAME that costs money.
    DATABASE_FILE = "sandbox.sqlite3" if SANDBOX else "extender.sqlite3"
    DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / DATABASE_FILE}")}
    ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
    MEDIA_ROOT = env.path("MEDIA_ROOT", VAR_DIR / "media")
    names_of_s3 = ("S3_BUCKET", "S3_PREFIX", "S3_ENDPOINT", "S3_REGION")
    ARCHIVE_BUCKET = bucket(*(env.str(name, "").strip() for name in names_of_s3))
    ARCHIVE_MAX_MB = env.int("ARCHIVE_MAX_MB", 200)
    ARCHIVE_KEEP_FREE_MB = env.int("ARCHIVE_KEEP_FREE_MB", 256)
    EXPORTS_MAX_MB = env.int("EXPORTS_MAX_MB", 20_000)
    # Each takes a processor, and a quarter of a GiB.
    COPIES_AT_ONCE = env.int("COPIES_AT_ONCE", min(4, os.cpu_count() or 1))
    # Paid requests, by the whole team and by each member; 0: no limit.
    PAID_PER_MINUTE, PAID_PER_DAY = env.int("PAID_PER_MINUTE", 60), env.int("PAID_PER_DAY", 1000)
    PAID_PER_MINUTE_MEMBER = env.int("PAID_PER_MINUTE_MEMBER", 20)
    PAID_PER_DAY_MEMBER = env.int("PAID_PER_DAY_MEMBER", 300)
    X_ACCEL_PREFIX = env.str("X_ACCEL_PREFIX", "").strip()
    clip_hosts: list[str] = env.list("CLIP_HOSTS", [])
    CLIP_HOSTS = [origin("CLIP_HOSTS", f"https://{host}") for host in clip_hosts]
    HSTS_PRELOAD = env.bool("HSTS_PRELOAD", False)
    METRICS_TOKEN = env.str("METRICS_TOKEN", "").strip()
    LOG_FORMAT = env.str("LOG_FORMAT", "line", validate=validate.OneOf(["line", "json"]))
    SECRET_KEY = env.str("SECRET_KEY", "")
    SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
    if not SANDBOX:
        refuse_bad_way_out()
except (EnvError, ValueError) as error:
    raise ImproperlyConfigured(str(error)) from error

if not APIFRAME_API_KEY:
    if not SANDBOX:
        raise ImproperlyConfigured(f"APIFRAME_API_KEY is missing: {APIFRAME_BASE_URL} asks for one.")
    APIFRAME_API_KEY = "sandbox"
bare_key = APIFRAME_API_KEY.removeprefix("Bearer ")
if not bare_key.isprintable() or not bare_key.isascii() or " " in bare_key:
    raise ImproperlyConfigured("APIFRAME_API_KEY must be plain printable characters without spaces.")
if bare_key.startswith("afk_") and urlsplit(APIFRAME_BASE_URL).hostname in FIRST_GENERATION:
    raise ImproperlyConfigured(
        "APIFRAME_API_KEY begins with afk_: such a key belongs to another generation of APIFRAME’s API, which knows"
        " no extensions. Set a key of the first one."
    )
if ARCHIVE_MAX_MB < 1 or ARCHIVE_KEEP_FREE_MB < 0:
    raise ImproperlyConfigured("ARCHIVE_MAX_MB must be 1 or more, and ARCHIVE_KEEP_FREE_MB 0 or more.")
if COPIES_AT_ONCE < 1:
    raise ImproperlyConfigured("COPIES_AT_ONCE must be 1 or more.")
if min(PAID_PER_MINUTE, PAID_PER_DAY, PAID_PER_MINUTE_MEMBER, PAID_PER_DAY_MEMBER) < 0:
    raise ImproperlyConfigured("PAID_PER_MINUTE and its like must be 0 (no limit) or more.")
if X_ACCEL_PREFIX and not re.fullmatch("/([a-z0-9_-]+/)+", X_ACCEL_PREFIX):
    raise ImproperlyConfigured("X_ACCEL_PREFIX must be a path such as /protected/, as in the proxy's settings.")
if not SECRET_KEY:
    if not (DEBUG or SANDBOX):
        raise ImproperlyConfigured("SECRET_KEY is missing: set it to 50 or more random characters.")
    SECRET_KEY = kept_secret(VAR_DIR / "secret_key")

HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = [*ALLOWED_HOSTS, *filter(None, [host_of(PUBLIC_URL)]), *sorted(LOOPBACK), "[::1]"]

INSTALLED_APPS = [
    "extender.team",
    "extender.tasks",
    "extender.lineage",
    "extender.sharing",
    "extender.archive",
    "extender.archive.exports",
    "extender.workspace",
    "extender.operations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "axes",
]
FILE_UPLOAD_HANDLERS = ["extender.team.uploads.NoFile"]
MIDDLEWARE = [
    "project.headers.HeadersMiddleware",
    "project.policy.PolicyMiddleware",
    "project.request_id.RequestIdMiddleware",
    "project.bodies.ChunkedBodyMiddleware",
    "extender.operations.health.AnyHostMiddleware",
    "project.hosts.KnownHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "extender.team.uploads.UploadMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "extender.team.sign_in.SignedInMiddleware",
    "axes.middleware.AxesMiddleware",
]
# What it says after a change, nobody else does: the others' requests need not be ready for it.
if ADMIN:
    MIDDLEWARE.append("django.contrib.messages.middleware.MessageMiddleware")
METRICS_DIR = VAR_DIR / "metrics"
if METRICS_TOKEN:
    # The processes of a machine count together, in files there; read when Prometheus' library is imported.
    METRICS_DIR.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(METRICS_DIR))
    MIDDLEWARE.insert(0, "extender.operations.metrics.TimingMiddleware")
ROOT_URLCONF = "project.urls"
# Far more than our forms take, files aside: a page that says what is wrong with one repeats it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 << 10
FORCE_SCRIPT_NAME = PUBLIC_PATH or None
WSGI_APPLICATION = "project.wsgi.application"
APIFRAME_SLOTS, DOWNLOAD_SLOTS = threads.APIFRAME_SLOTS, threads.DOWNLOAD_SLOTS
LOOK_SLOTS, LOOKS_WAITING = threads.LOOK_SLOTS, threads.LOOKS_WAITING
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"scripts": "project.scripts"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "extender.tasks.running.bar",
            ],
        },
    }
]

# Open connections halve the cost of a poll. A cursor of the server would be lost behind a pooler of transactions.
DATABASES["default"].update(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True, DISABLE_SERVER_SIDE_CURSORS=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    VAR_DIR.mkdir(exist_ok=True)
    DATABASES["default"]["ENGINE"] = "project.sqlite3"
    journal = "WAL" if fixed_sqlite_wal() else "DELETE"
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that reads first and writes later would otherwise fail at once with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": f"PRAGMA journal_mode={journal}; PRAGMA synchronous=FULL;",
    }

else:
    # Of the client alone, so that a pooler does not mind: for a server that does not answer, and one that is gone.
    patience = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    given = DATABASES["default"].get("OPTIONS", {})
    DATABASES["default"]["OPTIONS"] = {**patience, "tcp_user_timeout": 20_000, **given}

AUTH_USER_MODEL = "team.Member"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "extender.team.sessions.MemberBackend"]
PASSWORD_HASHERS = ["extender.team.hashing.Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "history"
LOGOUT_REDIRECT_URL = "login"
SESSION_ENGINE = "extender.team.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30

# How many wrong passwords are too many stands in extender/team/tries.py.
AXES_HANDLER = "extender.team.tries.Handler"
AXES_LOCKOUT_CALLABLE = "extender.team.tries.locked"
AXES_CLIENT_IP_CALLABLE = "extender.team.sign_in.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Each process's own memory: what is kept there is small, and made anew where it is missing.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 2000}},
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = f"{PUBLIC_PATH}/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# No page asks for the others, and to compress them as well would take another second of every start.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Else any site's scripts may read ours.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "project.static.Storage"},
}

# The other headers are in project/headers.py.
SECURE_REFERRER_POLICY = HEADERS["Referrer-Policy"]
X_FRAME_OPTIONS = HEADERS["X-Frame-Options"]
CSRF_FAILURE_VIEW = "project.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL.removesuffix(PUBLIC_PATH)] if PUBLIC_URL else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
# What lies beside a part of a site is not ours to speak for.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and not PUBLIC_PATH
# Browsers ship lists of such names, from which none comes off soon: not by default, and no warning for that.
SECURE_HSTS_PRELOAD = HTTPS and HSTS_PRELOAD
SILENCED_SYSTEM_CHECKS = [
    "security.W021",
    *(["security.W005"] if PUBLIC_PATH else []),
    # That its messages have no middleware, where it has no address either.
    *([] if ADMIN else ["admin.E409"]),
]
# Nobody but this very host can set what is called so, but for a path of it: that is known by its cookies' path.
HOST_PREFIX = "" if not HTTPS else "__Secure-" if PUBLIC_PATH else "__Host-"
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{HOST_PREFIX}sessionid", f"{HOST_PREFIX}csrftoken"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{PUBLIC_PATH}/"
CSRF_COOKIE_HTTPONLY = True
SECURE_REDIRECT_EXEMPT = [f"^{PUBLIC_PATH[1:]}/?{name}$" for name in ("healthz", "readyz", "workz", "metrics")]
if HTTPS:
    # The proxy that ends TLS must set this header itself and drop a visitor's own (docs/deploy.md, "The proxy").
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# What is redirected must be allowed where it ends.
OWN_SOURCES = [SELF, *([bucket_origin(ARCHIVE_BUCKET)] if ARCHIVE_BUCKET else [])]
# And from where clips, pictures too, are shown until they are copied: nobody says at which hosts they may lie.
CLIP_SOURCES = [*(CLIP_HOSTS or ["https:"]), *([origin_of(APIFRAME_BASE_URL)] if SANDBOX else [])]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": OWN_SOURCES,
        "media-src": OWN_SOURCES,
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Text becomes HTML by static/js/shared/trusted.js alone, and never a script.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default"],
        "report-uri": [f"{PUBLIC_PATH}/csp-reports/"],
        "report-to": ["csp"],
    }
}

LINE = logging.Formatter("{asctime} {levelname} {name} [{request_id}] {message}", style="{")
FORMATS = {"line": LINE, "json": JsonLines()}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "project.request_id.RequestIdFilter"},
    },
    "formatters": {"line": {"()": "project.redaction.Redacted", "inner": FORMATS[LOG_FORMAT]}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "axes": {"level": "WARNING"},
        # At DEBUG it writes whole contexts, tokens and prompts included.
        "django.template": {"level": "INFO"},
    },
}
