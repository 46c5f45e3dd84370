"""What Prometheus reads: from all processes together, the same as the Team page says, for who has the token alone."""

import json

import pytest
import requests
from django.conf import settings as configured

from extender.states import State
from extender.tasks.models import Task
from tests.helpers import call_back, database_url, make_clip, make_task
from tests.servers import Server, gunicorn

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a-token-of-the-metrics"


@pytest.fixture
def site(db, tmp_path, monkeypatch):
    how = {"METRICS_TOKEN": TOKEN, "LOG_FORMAT": "json", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counted")}
    (tmp_path / "counted").mkdir()
    how |= {"DATABASE_URL": database_url(), "SECRET_KEY": configured.SECRET_KEY}
    with gunicorn(tmp_path, tmp_path / "log", site="project.wsgi", **how) as server:
        yield server


def numbers(site: Server) -> dict[str, float]:
    told = requests.get(f"{site.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120)
    assert told.status_code == 200
    lines = [line for line in told.text.splitlines() if not line.startswith("#")]
    return {name: float(number) for name, _, number in (line.rpartition(" ") for line in lines)}


def test_it_counts_requests_and_changes_and_says_what_staff_see(site, member):
    make_task(member, State.QUEUED)
    make_clip(make_task(member), 1, state="lost")
    waiting = make_task(member, State.PROCESSING, remote_id="a-task")
    assert call_back(site.url, waiting, status="processing", percentage=60).status_code == 200
    for wrong in ({}, {"Authorization": "Bearer no"}):
        assert requests.get(f"{site.url}/metrics", headers=wrong, timeout=120).status_code == 404
    told = numbers(site)
    assert told['extender_tasks{state="queued"}'] == Task.objects.counts()["queued"] == 1
    assert told['extender_tasks{state="followed"}'] == 1
    assert told['extender_clips{state="lost"}'] == 1
    assert told['extender_updates_total{source="webhook",state="processing"}'] == 1
    assert told['extender_request_seconds_count{method="POST",status="200",view="webhook"}'] == 1
    assert 0 <= told["extender_queue_age_seconds"] < 3600
    assert not [name for name in told if str(waiting.pk) in name or waiting.webhook_nonce in name]


def test_no_stranger_makes_it_count_by_other_names(site):
    for method in ("MADE", "UP", "GET", "PUT"):
        requests.request(method, f"{site.url}/login/{method}", timeout=120)
    counted = [name for name in numbers(site) if name.startswith("extender_request_seconds_count")]
    assert sorted(name.split('"')[1] for name in counted) == ["GET", "other"]


def test_the_log_is_lines_of_json_where_that_is_wanted(site, member):
    waiting = make_task(member, State.PROCESSING, remote_id="a-task")
    call_back(site.url, waiting, status="failed")
    lines = [json.loads(line) for line in site.log.read_text().splitlines() if line.startswith("{")]
    (about,) = [line for line in lines if str(waiting.pk) in line["message"]]
    assert (about["level"], about["logger"]) == ("INFO", "extender.tasks.updates")
    assert about["request"]


def test_without_a_token_there_is_no_such_address(guest):
    for headers in ({}, {"Authorization": "Bearer "}):
        assert guest.get("/metrics", headers=headers).status_code == 404
