"""What our server itself makes of requests: of bodies without a length, and of what it cannot read."""

import logging
import re
import select
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import BinaryIO
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings as configured
from django.db import transaction

from extender.states import State
from extender.tasks.models import Task
from extender.tasks.sending import webhook_secret
from extender.team.models import Member
from project.gathering import BODY_BYTES, Gathered
from project.line import Line
from project.redaction import Redacted
from project.sign_ins import network
from project.threads import SIGN_INS, SIGN_INS_OF_A_NETWORK, WEB_THREADS, WEBHOOK_THREADS
from project.web_worker import BODIES_BYTES, BYTES_A_SECOND, REQUEST_SECONDS, Visitor, Worker
from tests.helpers import database_url, eventually, make_task
from tests.servers import Server, cpu_seconds, gunicorn, worker_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Server]:
    here = tmp_path_factory.mktemp("site")
    with django_db_blocker.unblock():
        database = database_url()
    environment = {
        "DATABASE_URL": database,
        "SECRET_KEY": configured.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "tests.cheap_passwords",
    }
    with gunicorn(here, here / "log", site="project.wsgi", **environment) as server:
        yield server


def in_chunks(text: str) -> Iterator[bytes]:
    yield text[:7].encode()
    yield text[7:].encode()


def call(url: str, nonce: str, text: str) -> requests.Response:
    headers = {"x-webhook-secret": webhook_secret(nonce), "Content-Type": "application/json"}
    address = f"{url}/webhooks/apiframe/{nonce}/"
    return requests.post(address, data=in_chunks(text), headers=headers, timeout=120)


def test_a_webhook_in_chunks_is_read(site, sandbox, member):
    task = make_task(member, State.SENDING)
    back = {"webhook_url": f"{site.url}/webhooks/apiframe/{task.webhook_nonce}/"}
    secret = webhook_secret(task.webhook_nonce)
    parent = sandbox.originals()[0]["task_id"]
    remote_id = sandbox.extend(parent, "[webhook-chunked] [seconds-60]", **back, webhook_secret=secret)
    eventually(lambda: Task.objects.filter(remote_id=remote_id).exists())


def test_a_form_in_chunks_is_read(site):
    Member.objects.create_user("mira", password="a long enough one")
    session = requests.Session()
    page = session.get(f"{site.url}/login/", timeout=120).text
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]
    form = f"csrfmiddlewaretoken={token}&username=mira&password=a+long+enough+one"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = session.post(
        f"{site.url}/login/", data=in_chunks(form), headers=headers, timeout=120, allow_redirects=False
    )
    assert answer.headers["Location"] == "/tasks/"


def test_one_without_end_is_refused_in_words(site):
    answer = call(site.url, "nonce", "x" * (configured.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
    assert (answer.status_code, answer.text) == (413, "A body may have 262144 bytes at most.\n")


@pytest.mark.parametrize("came", [b"zz\r\n{}", b"2\r\n{}x\r\n0\r\n\r\n", b"9\r\n{}"])
def test_one_whose_chunks_are_spoilt_is_refused_in_words(site, came):
    parts = urlsplit(site.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=120) as caller:
        head = "POST /webhooks/apiframe/x/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        caller.sendall(head.encode() + came)
        caller.shutdown(socket.SHUT_WR)
        with caller.makefile("rb") as answer:
            assert answer.readline().split()[1] == b"400"
            assert b"The chunks of this body are spoilt" in answer.read()


HEAD = "POST /webhooks/apiframe/x/ HTTP/1.1\r\nHost: localhost\r\n"
WHOLE = f"{HEAD}Content-Length: 2\r\n\r\n{{}}"
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n"


def next_status(answers: BinaryIO) -> str:
    """The status of the next answer, which is read to its end."""
    status, length = answers.readline().split()[1].decode(), 0
    while (line := answers.readline()) != b"\r\n":
        length = int(line.split()[1]) if line.lower().startswith(b"content-length:") else length
    answers.read(length)
    return status


@pytest.mark.parametrize(
    ("pieces", "statuses"),
    [
        (list(WHOLE), ["401"]),
        ([f"{CHUNKED}\r\n1;a=b\r\n{{\r\n", "1\r", "\n}\r\n0\r\n", "X-More: x\r\n", "\r\n"], ["401"]),
        ([f"{CHUNKED}\r\n7\r\n[0\r\n\r\n", "]\r\n0\r\n\r\n"], ["401"]),
        (
            [f"{HEAD}Content-Length: 2\r\n\r\n{{}}" * 2 + "GET /healthz HTTP/1.1\r\nHo", "st: x\r\n\r\n"],
            ["401", "401", "200"],
        ),
        (
            [f"{HEAD}Content-Length: {2:030}\r\n\r\n", "{}", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
            ["401", "200"],
        ),
        ([f"{HEAD}Content-Length: 300000000\r\n\r\n"], ["413"]),
        ([f"{HEAD}Content-Length: {'9' * 5000}\r\n\r\n"], ["400"]),
        (["GET / HTTP/1.1\r\nX: " + "x" * 80_000], []),
    ],
    ids=[
        "by the letter",
        "trailer",
        "an end in a chunk",
        "one after the other",
        "zeros",
        "too large",
        "a length of 5000 digits",
        "head",
    ],
)
def test_a_request_may_come_in_any_pieces(site, pieces, statuses):
    with socket.create_connection(("127.0.0.1", site.port), 30) as visitor, visitor.makefile("rb") as answers:
        visitor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            visitor.sendall(piece.encode())
            time.sleep(0.01)
        for status in statuses:
            assert next_status(answers) == status
        assert statuses or answers.read() == b""


def test_who_expects_a_word_before_the_body_hears_it(site):
    with socket.create_connection(("127.0.0.1", site.port), 30) as visitor, visitor.makefile("rb") as answers:
        visitor.sendall(f"{HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode())
        assert next_status(answers) == "100"
        visitor.sendall(b"{}")
        assert next_status(answers) == "401"


def visit(site: Server, held: ExitStack, request: str, address: str) -> BinaryIO:
    """The answer to a visitor from `address` (of loopback) who sends `request`, and stays until `held` ends."""
    visitor = held.enter_context(socket.create_connection(("127.0.0.1", site.port), 120, (address, 0)))
    visitor.sendall(request.encode())
    return held.enter_context(visitor.makefile("rb"))


def see_out(visitors: list[BinaryIO]) -> set[bytes]:
    """The statuses of their answers, once they have ended: who has a place at the sign-in has left it by then."""
    return {visitor.read().split()[1] for visitor in visitors}


def test_who_announces_much_and_sends_nothing_keeps_its_room_no_longer():
    here, there = socket.socketpair()
    worker, visitor = object.__new__(Worker), object.__new__(Visitor)
    worker._waiting, worker.poller = set(), selectors.DefaultSelector()
    with here, there, worker.poller:
        visitor.sock = Line(there)
        began = time.monotonic()
        worker._await(visitor, selectors.EVENT_READ, worker._receive, REQUEST_SECONDS)
        most = REQUEST_SECONDS
        for sent in (f"{HEAD}Content-Length: {BODY_BYTES}\r\n\r\n", "x" * BYTES_A_SECOND):
            here.sendall(sent.encode())
            worker._receive(visitor)
            most += len(sent) / BYTES_A_SECOND
            assert began + most <= visitor.timeout <= time.monotonic() + most


def test_no_more_is_gathered_than_the_disk_may_hold(site):
    with ExitStack() as held:
        begun = f"{HEAD}Content-Length: {BODY_BYTES}\r\n\r\n"
        for _ in range(BODIES_BYTES // BODY_BYTES):
            visit(site, held, begun, "127.0.0.1")
        refused = visit(site, held, begun, "127.0.0.1").read()
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert refused.endswith(b"Too much is being uploaded. Try again in a moment.\n")


@pytest.mark.parametrize("body", ["1\r\nx\r\n" * 100_000, "0\r\n" + "a\n" * 300_000], ids=["chunks", "trailer"])
def test_a_body_of_crumbs_is_refused_before_it_costs_much(site, body):
    before = cpu_seconds(worker_of(site))
    with socket.create_connection(("127.0.0.1", site.port), 30) as visitor, visitor.makefile("rb") as answer:
        # It hangs up before it has read all of that.
        with suppress(OSError):
            visitor.sendall(f"{CHUNKED}\r\n{body}".encode())
        assert answer.readline().split()[1] == b"400"
    assert cpu_seconds(worker_of(site)) - before < 0.5


@pytest.mark.parametrize("begins", ["POST /login/", "\r\nPOST /%6Cogin/", "POST /login/#x"])
def test_a_crowd_at_the_sign_in_keeps_nobody_from_pages(site, begins):
    session = requests.Session()
    page = session.get(f"{site.url}/login/", timeout=120).text
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]
    form = f"csrfmiddlewaretoken={token}&username=nobody&password=x"
    head = f"{begins} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    cookie = f"Cookie: csrftoken={session.cookies['csrftoken']}\r\n"
    kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
    request = f"{head}{cookie}{kind}{form}"
    with ExitStack() as held:
        # Nobody's try is counted meanwhile, so nobody is answered.
        with transaction.atomic():
            addresses = [f"127.0.1.{1 + number // SIGN_INS_OF_A_NETWORK}" for number in range(SIGN_INS)]
            crowd = [visit(site, held, request, address) for address in addresses]
            refused = visit(site, held, request, "127.0.0.1").read()
            assert session.get(f"{site.url}/login/", timeout=120).ok
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert refused.endswith(b"Too many people are signing in. Try again in a moment.\n")
        assert b"503" not in see_out(crowd)


def test_a_crowd_of_webhooks_keeps_nobody_from_pages(site, member):
    task = make_task(member, State.PROCESSING, remote_id="r-1")
    said = '{"task_id": "r-1", "status": "processing", "percentage": "40"}'
    head = f"POST /webhooks/apiframe/{task.webhook_nonce}/ HTTP/1.1\r\nHost: localhost\r\n"
    secret = f"x-webhook-secret: {webhook_secret(task.webhook_nonce)}\r\n"
    request = f"{head}{secret}Content-Length: {len(said)}\r\n\r\n{said}"

    def page_comes_first() -> bool:
        """Whether a page is answered while more webhooks than there are threads wait for their row."""
        with ExitStack() as held:
            with transaction.atomic():
                Task.objects.filter(pk=task.pk).update(attempts=1)
                crowd = [visit(site, held, request, "127.0.0.1") for _ in range(WEB_THREADS + WEBHOOK_THREADS + 1)]
                assert requests.get(f"{site.url}/login/", timeout=120).ok
                # A database that is waited for too long ends the wait: that shows nothing.
                waited = not select.select(crowd, [], [], 0)[0]
            return waited and all(answer.readline().split()[1] == b"200" for answer in crowd)

    assert eventually(page_comes_first)


def test_one_address_has_few_places_at_the_sign_in_and_the_others_are_for_others(site):
    form = "username=somebody&password=x"
    # Whoever says for whom they come is not believed, as it is not our proxy that says it.
    head = "POST /login/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.7\r\nConnection: close\r\n"
    token = f"Cookie: csrftoken={'a' * 32}\r\nX-CSRFToken: {'a' * 32}\r\n"
    kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
    request = f"{head}{token}{kind}{form}"

    def come(held: ExitStack) -> list[BinaryIO]:
        return [visit(site, held, request, "127.0.0.2") for _ in range(SIGN_INS_OF_A_NETWORK)]

    with ExitStack() as held:
        # Nobody's try is counted meanwhile, so nobody is answered.
        with transaction.atomic():
            first = come(held)
            refused = visit(site, held, request, "127.0.0.2").read()
            other = visit(site, held, request, "127.0.0.3")
        assert refused.endswith(b"Too many people are signing in. Try again in a moment.\n")
        assert b"503" not in see_out([*first, other])
        # Their places are free again.
        assert b"503" not in see_out(come(held))


@pytest.mark.parametrize(
    ("https", "client", "head", "meant"),
    [
        (True, ("127.0.0.1", 5), "X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n", "192.0.2.7"),
        (True, ("127.0.0.1", 5), "X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for:2001:db8::1\r\n", "2001:db8::/64"),
        (True, ("127.0.0.1", 5), "", "127.0.0.1"),
        (True, "", "X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"),
        (False, ("2001:db8::1", 5, 0, 0), "X-Forwarded-For: 192.0.2.7\r\n", "2001:db8::/64"),
        (False, "", "", ""),
    ],
)
def test_a_place_at_the_sign_in_is_of_whom_wrong_passwords_would_be(settings, https, client, head, meant):
    settings.HTTPS = https
    gathered = Gathered()
    gathered.add(f"POST /login/ HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n".encode())
    assert network(client, gathered.forwarded) == meant


@pytest.mark.parametrize(
    "request_",
    [
        "GET /s/sec-ret/ and more HTTP/1.1\r\n\r\n",
        "GET /s/sec-ret/\r\n\r\n",
        "GET\t/webhooks/apiframe/sec-ret/\r\n\r\n",
        "GET /%73/sec-ret/ HTTP/9\r\n\r\n",
        "GET / HTTP/1.1\r\n/s/sec-ret /: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nsec-ret\r\n",
    ],
)
def test_what_cannot_be_read_is_in_no_log(site, request_):
    before = len(site.log.read_text())
    with socket.create_connection(("127.0.0.1", site.port), 30) as visitor:
        visitor.sendall(request_.encode())
        visitor.shutdown(socket.SHUT_WR)
        while visitor.recv(4096):
            pass
    written = eventually(lambda: site.log.read_text()[before:])
    assert re.search(r"Invalid request from ip=127.0.0.1: …|Bad Request", written)
    assert "sec-ret" not in written


def test_a_key_in_a_traceback_is_cut_out_too(caplog):
    inner = logging.Formatter("{message}", style="{")
    try:
        raise RuntimeError("no view for /s/sec-ret/status/")
    except RuntimeError:
        logging.getLogger("x").exception("broke: %s", "/webhooks/apiframe/sec-ret")
    written = Redacted(inner).format(caplog.records[-1])
    assert "broke: /webhooks/apiframe/…" in written
    assert "RuntimeError: no view for /s/…/status/" in written
    assert "sec-ret" not in written


@pytest.mark.parametrize("format_", configured.FORMATS)
@pytest.mark.parametrize("path", ["/s//sec-ret/", "/s/ sec-ret/", '/s/"sec-ret"', "/s/s/sec-ret/", "/s/s/ss-ec-ret/"])
def test_a_key_is_cut_out_of_a_misspelt_address_too(caplog, format_, path):
    logging.getLogger("x").warning("Not Found: %s", path)
    written = Redacted(configured.FORMATS[format_]).format(caplog.records[-1])
    assert "Not Found: /s/" in written
    assert "ec-ret" not in written


def test_a_server_that_takes_no_chunks_says_so(live_server):
    answer = call(live_server.url, "nonce", "{}")
    assert answer.status_code == 411
    assert "needs a Content-Length" in answer.text
