"""Whoever has the site run under another worker is told what that means."""

import pytest
from django.core.checks import run_checks


@pytest.mark.parametrize(
    ("options", "is_told"),
    [("", False), ("--bind=0.0.0.0:80 --workers 4", False), ("-k sync", True), ("--worker-class=gthread", True)],
)
def test_another_worker_is_told_of(db, monkeypatch, options, is_told):
    monkeypatch.setenv("GUNICORN_CMD_ARGS", options)
    ids = [found.id for found in run_checks(include_deployment_checks=True)]
    assert ("operations.W002" in ids) == is_told
