"""A database that is locked or gone: what cannot be kept is said in time not to be, and all goes on by itself."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import requests
from django.db import OperationalError, connection
from django.test import Client, override_settings

from extender.operations import worker
from extender.states import State
from extender.tasks.models import Task
from extender.tasks.sending import webhook_secret
from tests.faults.installation import SECRET_KEY, Installation, Visitor, until
from tests.faults.reconciliation import nonce_of
from tests.faults.sizes import size
from tests.helpers import become_due, make_task

CUTS = size(2, 5)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the lock of a file")
@pytest.mark.django_db(transaction=True)
def test_a_webhook_that_finds_the_file_locked_is_503_in_time_and_polling_recovers_it(member, sandbox):
    outside = Client()
    task = make_task(member, State.PENDING, remote_id=sandbox.start_video())
    body = {"task_id": task.remote_id, "video_urls": ["https://cdn.example/1.mp4"]}
    headers = {"x-webhook-secret": webhook_secret(task.webhook_nonce)}
    locked = []

    def count_waits(execute, *arguments):
        try:
            return execute(*arguments)
        except OperationalError as error:
            locked.append(error)
            raise

    with connection.cursor() as cursor:
        # 20 s in production: the same lock, less patience.
        cursor.execute("PRAGMA busy_timeout = 300")
    try:
        with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with connection.execute_wrapper(count_waits):
                answer = outside.post(
                    f"/webhooks/apiframe/{task.webhook_nonce}/", body, "application/json", headers=headers
                )
            other.execute("ROLLBACK")
    finally:
        connection.close()
    assert answer.status_code == 503
    # Never a pile of waits.
    assert len(locked) == 1, locked
    task.refresh_from_db()
    assert task.state == State.PENDING
    assert not task.events.exists()
    become_due(task)
    worker.follow()
    task.refresh_from_db()
    assert (task.state, len(task.clips)) == (State.FINISHED, 4)
    # A webhook that is tried again then is told that all is well.
    answer = outside.post(f"/webhooks/apiframe/{task.webhook_nonce}/", body, "application/json", headers=headers)
    assert answer.status_code == 200
    assert len(Task.objects.get(pk=task.pk).clips) == 4


def test_pages_webhooks_and_a_worker_outlive_cut_connections(tmp_path: Path, postgres_url, say):
    """Each connection is cut in between, again and again, as a PostgreSQL that restarts would cut it."""
    with Installation(tmp_path, postgres_url, seconds=0.3) as site:
        web, hired = site.start_web(), site.start_worker()
        web.await_listening()
        visitor = Visitor(web, site.members[0])
        longest, cut = 0.0, 0
        for turn in range(1, CUTS + 1):
            # Both sides have open connections: pages were read, and the worker has worked.
            for _ in range(16):
                assert visitor.get("/tasks/").status_code == 200
            cut += cut_all(postgres_url)
            page = visitor.get("/tasks/")
            assert page.status_code == 200, page.text[:500]
            cut += cut_all(postgres_url)
            site.inside("enqueue", count=2, prompt=f"cut {turn}")
            began = time.monotonic()
            until(
                site,
                lambda turn=turn: site.count("state = 'finished'") == 2 * turn,
                "the worker's tasks",
            )
            longest = max(longest, time.monotonic() - began)
            cut += cut_all(postgres_url)
            assert call_back(site, web.url) == 200
        assert hired.starts == web.starts == 1
        assert site.count("attempts <> 1") == 0
    say(f"database gone: {cut} connections cut, every page 200, the worker was back after {longest:.1f} s at most")


def cut_all(url: str) -> int:
    """Ends every other connection to this database; returns how many there were."""
    with psycopg.connect(url, autocommit=True) as own:
        return own.execute(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()[0]


def call_back(site: Installation, url: str) -> int:
    """One late webhook about some task, with the secret of this site."""
    pk, remote_id = site.rows(
        "SELECT id, remote_id FROM tasks_task WHERE kind = 'extension' ORDER BY created_at DESC LIMIT 1"
    )[0]
    nonce = nonce_of({"id": pk})
    with override_settings(SECRET_KEY=SECRET_KEY):
        secret = webhook_secret(nonce)
    return requests.post(
        f"{url}/webhooks/apiframe/{nonce}/",
        json.dumps({"task_id": remote_id, "status": "processing", "percentage": "40"}),
        headers={"x-webhook-secret": secret, "Content-Type": "application/json"},
        timeout=120,
    ).status_code
