"""Slow work may take some of a web process's threads, and never all of them."""

import re
import runpy

from project.threads import APIFRAME_SLOTS, DOWNLOAD_SLOTS, LOOK_SLOTS, LOOKS_WAITING, WEB_THREADS
from tests.paths import PROJECT

OPTIONS = PROJECT / "gunicorn.conf.py"


def test_a_connection_outlives_the_pause_between_two_polls():
    every = re.findall(r"every (\d+)s", "".join(path.read_text() for path in (PROJECT / "templates").rglob("*.html")))
    assert runpy.run_path(str(OPTIONS))["keepalive"] > 2 * max(map(int, every))


def test_gunicorn_has_the_threads_of_the_budget_and_pages_keep_some():
    assert runpy.run_path(str(OPTIONS))["threads"] == WEB_THREADS
    assert APIFRAME_SLOTS + DOWNLOAD_SLOTS + LOOK_SLOTS + LOOKS_WAITING <= WEB_THREADS - 3
