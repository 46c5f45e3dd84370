"""Strangers try passwords, as many and as fast as they can: every other page still comes at once, and few are tried.

Figures, for a machine at rest.
"""

import itertools
import socket
import threading
import time
from statistics import median

import pytest
import requests
from django.conf import settings as configured

from extender.team.tries import MOST_IN_ALL
from project.threads import SIGN_IN_THREADS
from tests.faults.installation import percentile
from tests.faults.sizes import TORTURE, measures, size
from tests.helpers import database_url
from tests.servers import Server, gunicorn, memory_peak, worker_of

STRANGERS = 32
SECONDS = size(0, 15)
PAGES = ("/healthz", "/login/")
LIMIT, MEBIBYTES = 0.15, 450
HOST = "extender.example"
# As from a proxy that ends TLS, so that each comes from an address of its own.
PROXIED = {"Host": HOST, "X-Forwarded-Proto": "https", "Origin": f"https://{HOST}"}


def answer_to(site: Server, headers: str, form: str) -> int:
    """The status of the answer to a sign-in. By hand: a library would take more of the processors than the server."""
    with socket.create_connection(("127.0.0.1", site.port), 60) as stranger:
        stranger.sendall(f"POST /login/ HTTP/1.1\r\n{headers}\r\n\r\n{form}".encode())
        status = int(stranger.recv(4096).split()[1])
        while stranger.recv(65536):
            pass
        return status


@pytest.mark.skipif(not TORTURE, reason="it is about numbers; that two hash at once is shown in test_sign_in.py")
@pytest.mark.django_db(transaction=True)
@measures
def test_a_flooded_sign_in_stops_no_other_page(tmp_path, say):
    environment = {
        "DATABASE_URL": database_url(),
        "SECRET_KEY": configured.SECRET_KEY,
        "PUBLIC_URL": f"https://{HOST}",
    }
    with gunicorn(tmp_path, tmp_path / "log", site="project.wsgi", **environment) as site:
        page = requests.get(f"{site.url}/login/", headers=PROXIED, timeout=120)
        token = page.text.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
        cookie = page.headers["Set-Cookie"].partition(";")[0]
        numbers, over = itertools.count(), threading.Event()
        answers: list[int] = []

        def try_passwords() -> None:
            while not over.is_set():
                number = next(numbers)
                form = f"csrfmiddlewaretoken={token}&username=nobody{number}&password=x"
                headers = {
                    **PROXIED,
                    "Cookie": cookie,
                    "X-Forwarded-For": f"10.0.{number % 250}.{number // 250 % 250}",
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Content-Length": len(form),
                    "Connection": "close",
                }
                answers.append(answer_to(site, "\r\n".join(f"{name}: {headers[name]}" for name in headers), form))

        strangers = [threading.Thread(target=try_passwords) for _ in range(STRANGERS)]
        for stranger in strangers:
            stranger.start()
        latencies, ends = [], time.monotonic() + SECONDS
        with requests.Session() as session:
            # So long, and until strangers have tried all that they may.
            for path in itertools.takewhile(
                lambda _: time.monotonic() < ends or 429 not in answers, itertools.cycle(PAGES)
            ):
                began = time.monotonic()
                assert session.get(f"{site.url}{path}", headers=PROXIED, timeout=60).ok
                latencies.append(time.monotonic() - began)
                time.sleep(0.02)
        over.set()
        for stranger in strangers:
            stranger.join()
        memory = memory_peak(worker_of(site)) / 2**20
    counted = {status: answers.count(status) for status in sorted(set(answers))}
    p99 = percentile(latencies, 0.99)
    say(
        f"{STRANGERS} at the sign-in, answered {counted}: other pages ({len(latencies)}) median"
        f" {1000 * median(latencies):.0f}, p99 {1000 * p99:.0f} ms; {memory:.0f} MiB at most"
    )
    assert p99 < LIMIT
    # Of all names from all addresses; each thread may be at one that was not counted yet.
    assert counted[200] <= MOST_IN_ALL + SIGN_IN_THREADS
    assert memory < MEBIBYTES
