"""A PostgreSQL that does not answer, or is not there: machines are told so, and do not wait for it."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.servers import gunicorn


@pytest.mark.parametrize("what", ["silent", "stopped"])
def test_a_database_that_is_away_is_told_of_however_many_ask(tmp_path: Path, what):
    with socket.socket() as database:
        # Nobody else gets the port. Whoever connects is accepted by the kernel and hears nothing, or is refused.
        database.bind(("127.0.0.1", 0))
        if what == "silent":
            database.listen()
        url = f"postgresql://extender@127.0.0.1:{database.getsockname()[1]}/extender?connect_timeout=3"
        with gunicorn(tmp_path, tmp_path / "log", site="project.wsgi", DATABASE_URL=url) as site:
            # More of them than there are threads that look.
            addresses = [f"{site.url}/{address}" for address in ("readyz", "workz", "readyz")]
            with ThreadPoolExecutor() as machines:
                answers = list(machines.map(lambda address: requests.get(address, timeout=30), addresses))
            assert requests.get(f"{site.url}/healthz", timeout=30).text == "ok"
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.text for answer in answers} <= {"database does not answer\n", "database gone\n"}
