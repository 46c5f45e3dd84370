"""Team health for staff, plain answers for machines, and the worker that both speak of."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.backends.signals import connection_created
from django.utils import timezone

from extender.operations.models import Heartbeat
from extender.operations.patience import limit_statements
from extender.operations.worker import Worker, follow
from extender.states import State
from extender.tasks.models import Gate
from extender.team.models import Member, WrongPassword
from tests.helpers import age, database_url, eventually, make_task, queries, reached_again
from tests.paths import PROJECT
from tests.servers import cpu_seconds


def test_it_is_for_staff_alone(web, member):
    assert web.get("/team/").status_code == 404
    assert web.post("/team/try-now/").status_code == 404


def test_it_counts_what_is_on_its_way(staff, member, stranger):
    make_task(member, State.QUEUED)
    make_task(stranger, State.UNCONFIRMED, prompt="their secret words")
    silent = make_task(stranger, State.PROCESSING, remote_id="r1")
    age(silent, due_at=None)
    page = staff.get("/team/").content.decode()
    for what, count in (("Queued", 1), ("At APIFRAME", 1), ("Unconfirmed", 1), ("No news for a day", 1)):
        assert f"<dt>{what}</dt><dd>{count}</dd>" in page
    assert "otto" in page
    assert "their secret words" not in page, "staff see that it waits, not what it says"


def test_it_says_why_nothing_is_sent_and_tries_the_key(staff, submit, sandbox, settings):
    settings.APIFRAME_API_KEY = "wrong"
    submit()
    assert b"The API key is refused" in staff.get("/team/").content
    staff.post("/team/try-now/")
    assert b"The API key is refused" in staff.get("/team/").content
    settings.APIFRAME_API_KEY = sandbox.key
    staff.post("/team/try-now/")
    page = staff.get("/team/").content.decode()
    assert "Working. Queued tasks are sent" in page
    assert f"<dd>{Gate.objects.get().credits}</dd>" in page


def test_its_queries_stay_the_same_with_more_rows(staff, member):
    make_task(member, State.UNCONFIRMED)
    few = queries(lambda: staff.get("/team/"))
    for _ in range(10):
        make_task(member, State.UNCONFIRMED)
        Heartbeat.objects.create(name=str(_))
    assert queries(lambda: staff.get("/team/")) == few


@pytest.mark.django_db(transaction=True)
def test_machines_are_told_plainly(client):
    assert client.get("/healthz").content == b"ok"
    ready, before = client.get("/readyz"), Heartbeat.objects.count()
    assert (ready.status_code, ready.content) == (200, b"database ok\nmigrations ok\ntables ok\nwrites ok\n")
    assert Heartbeat.objects.count() == before == 0, "the write is taken back"
    work = client.get("/workz")
    assert (work.status_code, work.content) == (503, b"database ok\nworker none\nqueue ok\n")
    Heartbeat.objects.create(name="one")
    assert client.get("/workz").status_code == 200
    Heartbeat.objects.update(seen_at="2020-01-01T00:00:00Z")
    assert client.get("/workz").status_code == 503
    assert client.get("/readyz").status_code == 200, "pages are served without a worker"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("state", "remote_id"), [(State.QUEUED, ""), (State.PENDING, "r1")])
def test_work_that_waits_for_too_long_is_told(client, member, state, remote_id):
    Heartbeat.objects.create(name="one")
    task = make_task(member, state, remote_id=remote_id)
    for minutes, queue, status in ((5, "ok", 200), (15, "late", 503)):
        age(task, due_at=timezone.now() - timedelta(minutes=minutes))
        answer = client.get("/workz")
        assert (answer.status_code, answer.content) == (status, f"database ok\nworker ok\nqueue {queue}\n".encode())
    Member.objects.filter(pk=member.pk).update(is_active=False)
    assert client.get("/workz").status_code == (200 if state == State.QUEUED else 503), "held back is not late"


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_database_that_lacks_a_table_or_takes_no_write_is_not_ready(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sharing_share RENAME TO gone")
        try:
            answer = client.get("/readyz")
        finally:
            cursor.execute("ALTER TABLE gone RENAME TO sharing_share")
    assert (answer.status_code, answer.content) == (503, b"database ok\nmigrations ok\ntables missing\n")
    refuse = "PRAGMA query_only = 1" if connection.vendor == "sqlite" else "SET default_transaction_read_only = on"

    def read_only(connection, **_):
        connection.cursor().execute(refuse)

    connection_created.connect(read_only)
    try:
        answer = client.get("/readyz")
    finally:
        connection_created.disconnect(read_only)
    assert (answer.status_code, answer.content.splitlines()[-1]) == (503, b"writes refused")
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_held_by_somebody_is_told_of_before_it_is_let_go(client):
    if connection.vendor != "sqlite":
        pytest.skip("the lock of a file")
    with transaction.atomic():
        answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"database does not answer\n")


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_the_site_and_the_workers_give_up_a_statement_without_end():
    limit_statements()
    connection.close()
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SHOW statement_timeout")
                assert cursor.fetchone() == ("30s",)
    finally:
        connection_created.disconnect(dispatch_uid="statements")
        connection.close()


@pytest.mark.parametrize("host", ["10.0.0.7", "10.0.0.7:8000", "[fd00::7]", "no_host", "x" * 300])
def test_machines_may_ask_by_any_address(client, db, settings, host):
    settings.ALLOWED_HOSTS = ["extender.example", "localhost"]
    assert client.get("/healthz", headers={"host": host}).content == b"ok"
    assert client.get("/login/", headers={"host": host}).status_code == 400


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_worker_sends_follows_beats_and_ends(submit, settings, sandbox):
    settings.APIFRAME_BASE_URL = "http://127.0.0.1:9"
    task = submit()
    settings.APIFRAME_BASE_URL = sandbox.url
    reached_again(task)
    worker = Worker()
    thread = threading.Thread(target=lambda: (worker.run(), connection.close()))
    thread.start()
    try:
        eventually(Heartbeat.objects.alive().exists)
        eventually(lambda: age(task) or task.state == State.FINISHED)
    finally:
        worker.stop()
        thread.join(10)
    assert not thread.is_alive()
    assert not Heartbeat.objects.exists(), "a worker that ends says good-bye"


def test_what_is_over_is_swept_by_the_worker(member, client, shorten):
    client.post("/login/", {"username": "otto", "password": "wrong"})
    client.post("/login/", {"username": "mira", "password": "a long enough one"})
    Heartbeat.objects.create(name="dead")
    kept = (Session, WrongPassword, AccessLog, Heartbeat)
    for moment, is_kept in ((timezone.now(), True), (timezone.now() - timedelta(days=40), False)):
        Session.objects.update(expire_date=moment + timedelta(hours=1))
        WrongPassword.objects.update(at=moment)
        AccessLog.objects.update(attempt_time=moment)
        Heartbeat.objects.update(seen_at=moment)
        shorten("extender.operations.worker._swept", {})
        follow()
        assert [model.objects.exists() for model in kept] == [is_kept] * len(kept)


@pytest.mark.django_db(transaction=True)
def test_the_worker_process_idles_without_work_and_ends_within_ten_seconds(sandbox, tmp_path):
    environment = os.environ | {"DATABASE_URL": database_url(), "APIFRAME_BASE_URL": sandbox.url}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"], cwd=PROJECT, env=environment, stderr=log, stdout=log
        )
    try:
        eventually(Heartbeat.objects.alive().exists, 20)
        used, since = cpu_seconds(process.pid), time.monotonic()
        # Idling is what is measured, so time itself is what is awaited.
        process_ended = threading.Event()
        process_ended.wait(5)
        share = (cpu_seconds(process.pid) - used) / (time.monotonic() - since)
        print(f"an idle worker takes {share:.2%} of a core")
        assert share < 0.03  # caches that other tests empty cost it some
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
    assert "worker stopped" in (tmp_path / "log").read_text()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("hours", "said"), [(-1, "behind"), (1, "ahead"), (0.005, "")])
def test_staff_and_machines_are_told_of_a_wrong_clock_and_whose_it_is(staff, client, monkeypatch, hours, said):
    Heartbeat.objects.beat("worker-7:99:ab")
    assert "Wrong clocks" not in staff.get("/team/").content.decode()
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=hours))
    Heartbeat.objects.beat("worker-7:99:ab")
    page, ready = staff.get("/team/").content.decode(), client.get("/workz")
    assert ready.status_code == 200
    # A slow machine takes a while between its own clock and the other.
    far = rf"3[56]\d\d s {said}" if said else "nothing"
    for machine in (socket.gethostname(), "worker-7"):
        assert bool(re.search(f"<strong>{machine}</strong> is {far}", page)) == bool(said)
        assert bool(re.search(f"^clock of {machine} {far}$", ready.content.decode(), re.M)) == bool(said)
    assert said or "clock" not in ready.content.decode()
