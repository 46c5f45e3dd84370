"""Slow work may take some of a web process's threads, and never all of them."""

import runpy

from project.threads import APIFRAME_SLOTS, DOWNLOAD_SLOTS, WEB_THREADS
from tests.paths import PROJECT

OPTIONS = PROJECT / "gunicorn.conf.py"


def test_gunicorn_has_the_threads_of_the_budget_and_pages_keep_some():
    assert runpy.run_path(str(OPTIONS))["threads"] == WEB_THREADS
    assert APIFRAME_SLOTS + DOWNLOAD_SLOTS <= WEB_THREADS - 3
