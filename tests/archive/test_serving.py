"""Kept files over HTTP: as nginx answers, byte for byte; through nginx; from a bucket; and with flat memory."""

import hashlib
import http.client
import os
import random
import signal
import socket
import ssl
import time
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from django.test import RequestFactory

from extender.archive.serving import readers
from extender.archive.serving.responses import respond
from extender.archive.storage import name
from extender.archive.storage.base import ADDRESS_SECONDS
from extender.archive.storage.disk import Disk
from extender.tasks.slots import Full
from tests.helpers import connections_kept, eventually
from tests.ports import free_port
from tests.servers import (
    find_nginx,
    gunicorn,
    memory_peak,
    nginx,
    nginx_as_deployed,
    signed_for,
    worker_of,
    workers_of,
)
from tests.sizes import TORTURE, measures, size

CLIP = random.Random(1).randbytes(200_003)  # several chunks, and no round number
SHA256 = hashlib.sha256(CLIP).hexdigest()
CLIP_NAME, EMPTY_NAME = name(SHA256, "clip"), name("0" * 64, "clip")
MODIFIED = 1_700_000_000
needs_nginx = pytest.mark.skipif(find_nginx() is None, reason="LEFT OUT: there is no nginx to compare with")


def put(store: Disk, content: bytes, name: str) -> None:
    with store.part() as part:
        part.write(content)
        store.put(part, name)
    os.utime(store.path(name), (MODIFIED, MODIFIED))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    store = Disk(tmp_path_factory.mktemp("media"))
    put(store, CLIP, CLIP_NAME)
    put(store, b"", EMPTY_NAME)
    return store


@pytest.fixture(scope="module")
def ours(filled, tmp_path_factory):
    with gunicorn(filled.root, tmp_path_factory.mktemp("gunicorn") / "log") as server:
        yield server


@pytest.fixture(scope="module")
def theirs(filled, tmp_path_factory):
    """nginx with the same files. Its own default takes only the very date for unmodified, which is not RFC 9110."""
    locations = f"root {filled.root}; types {{ video/mp4 mp4; }} if_modified_since before;"
    with nginx(tmp_path_factory.mktemp("nginx") / "plain", locations) as server:
        yield server


@pytest.fixture(scope="module")
def our_line(ours):
    """One connection for all: an answer that is longer or shorter than it says spoils the next one."""
    with closing(http.client.HTTPConnection("127.0.0.1", ours.port, timeout=120)) as line:
        yield line


@pytest.fixture
def lines(our_line, theirs):
    """Ours, and a new one to nginx, which hangs up after some of its errors."""
    with closing(http.client.HTTPConnection("127.0.0.1", theirs.port, timeout=120)) as their_line:
        yield our_line, their_line


def ask(line: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str]):
    line.request(method, path, headers=headers)
    response = line.getresponse()
    return response.status, response.headers, response.read()


RANGES = [
    "bytes=0-0",
    "bytes=0-99",
    "bytes=0-",
    "bytes=100-",
    "bytes=65530-65545",
    "bytes=65536-196607",
    "bytes=200002-",
    "bytes=200002-200002",
    "bytes=-1",
    "bytes=-100",
    "bytes=-200003",
    "bytes=-999999",
    "bytes=0-999999",
    "bytes=199999-999999999999",
    "bytes=200003-",
    "bytes=200003-200004",
    "bytes=999999-",
    "bytes=-0",
    "bytes=5-2",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=1-b",
    "bytes=1",
    "bytes=--1",
    "bytes=0x1-2",
    "bytes=+1-2",
    "bytes=1-2-3",
    "bytes=99999999999999999999999-",
    "bytes=-99999999999999999999999",
    "bytes=0-99999999999999999999999",
    "bytes=" + "9" * 5000 + "-",
    "BYTES=1-2",
    "bytes = 1-2",
    "bytes= 1 - 2 ",
    "bytes= -5 ",
    "bytes=- 5",
    "bytes=\t1-2",
    "items=0-1",
    "0-1",
]
SEVERAL = [
    "bytes=0-1,5-6",
    "bytes=5-6, 0-1",
    "bytes=0-1,5-6,-3",
    "bytes=0-1,",
    "bytes=,0-1",
    "bytes=0-1,,2-3",
    "bytes=0-9,5-14",
    "bytes=0-1,999999-",
    "bytes=999999-,999998-",
    "bytes=0-100000,100001-200002",
    "bytes=0-100001,100001-200002",
    "bytes=0-,0-",
    "bytes=0-70000,80000-150001",
    "bytes=" + ",".join(f"{at}-{at}" for at in range(0, 900, 3)),
    "bytes=5-2,0-1",
]
EARLIER, THEN, LATER = (
    "Mon, 13 Nov 2023 22:13:20 GMT",
    "Tue, 14 Nov 2023 22:13:20 GMT",
    "Wed, 15 Nov 2023 22:13:20 GMT",
)
CONDITIONS = [
    {},
    {"If-None-Match": "{etag}"},
    {"If-None-Match": "W/{etag}"},
    {"If-None-Match": '"other"'},
    {"If-None-Match": '"other", {etag}'},
    {"If-None-Match": "*"},
    {"If-None-Match": "nonsense"},
    {"If-None-Match": "{etag}", "Range": "bytes=0-9"},
    {"If-None-Match": '"other"', "Range": "bytes=0-9"},
    {"If-None-Match": '"other"', "If-Modified-Since": THEN},
    {"If-None-Match": "{etag}", "If-Modified-Since": THEN},
    {"If-Modified-Since": EARLIER},
    {"If-Modified-Since": THEN},
    {"If-Modified-Since": LATER},
    {"If-Modified-Since": "Tuesday, 14-Nov-23 22:13:20 GMT"},
    {"If-Modified-Since": "nonsense"},
    {"If-Modified-Since": THEN, "Range": "bytes=0-9"},
    {"If-Match": "{etag}"},
    {"If-Match": '"other"'},
    {"If-Match": "*", "Range": "bytes=0-9"},
    {"If-Match": '"other"', "Range": "bytes=0-9"},
    {"If-Unmodified-Since": EARLIER},
    {"If-Unmodified-Since": THEN},
    {"If-Unmodified-Since": LATER, "Range": "bytes=0-9"},
    {"If-Range": "{etag}", "Range": "bytes=0-9"},
    {"If-Range": "{etag}", "Range": "bytes=999999-"},
    {"If-Range": "W/{etag}", "Range": "bytes=0-9"},
    {"If-Range": '"other"', "Range": "bytes=0-9"},
    {"If-Range": '"other"', "Range": "bytes=999999-"},
    {"If-Range": THEN, "Range": "bytes=0-9"},
    {"If-Range": EARLIER, "Range": "bytes=0-9"},
    {"If-Range": LATER, "Range": "bytes=0-9"},
    {"If-Range": "nonsense", "Range": "bytes=0-9"},
    {"If-Range": "{etag}"},
]
ASKED = [{"Range": value} for value in RANGES] + CONDITIONS


def answers(line, method: str, path: str, asked: dict[str, str]):
    """What matters of an answer; the words of an error, and their length, are each server's own."""
    etag = ask(line, "HEAD", path, {})[1]["ETag"]
    headers = {key: value.replace("{etag}", etag) for key, value in asked.items()}
    status, said, body = ask(line, method, path, headers)
    found = {"status": status, "Content-Range": said["Content-Range"]}
    if status >= 400:
        return found
    names = ("Content-Length", "Content-Type", "Accept-Ranges", "Last-Modified", "Transfer-Encoding", "Connection")
    found |= {key: said[key] or "" for key in names}
    # HTTP/1.1 keeps a connection whether or not that is said.
    found["Connection"] = found["Connection"].replace("keep-alive", "")
    return found | {"body": body}


@needs_nginx
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: " ".join(asked.values())[:60] or "plain")
def test_we_answer_as_nginx_does(lines, asked, method):
    we, they = lines
    assert answers(we, method, f"/member/{CLIP_NAME}", asked) == answers(they, method, f"/{CLIP_NAME}", asked)


@needs_nginx
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("asked", SEVERAL, ids=lambda asked: asked[:60])
def test_whoever_asks_for_several_parts_gets_the_whole_file(lines, asked, method):
    we, they = lines
    whole = answers(they, method, f"/{CLIP_NAME}", {})
    assert answers(we, method, f"/member/{CLIP_NAME}", {"Range": asked}) == whole
    assert answers(we, method, f"/member/{CLIP_NAME}", {"Range": asked, "If-Range": "{etag}"}) == whole


@needs_nginx
@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=1-"])
def test_we_answer_as_nginx_does_for_an_empty_file(lines, asked):
    we, they = lines
    asked = {"Range": asked}
    assert answers(we, "GET", f"/member/{EMPTY_NAME}", asked) == answers(they, "GET", f"/{EMPTY_NAME}", asked)


def test_where_nginx_weighs_both_conditions_the_etag_decides_as_rfc_9110_has_it(filled, ours):
    headers = {"If-None-Match": f'"{SHA256}"', "If-Modified-Since": EARLIER}
    assert requests.get(f"{ours.url}/member/{CLIP_NAME}", headers=headers, timeout=120).status_code == 304


@pytest.fixture
def on_disk(filled, settings):
    """The disk, in this process, where no test here may ask anything of the database: neither may Django for them."""
    settings.MEDIA_ROOT = filled.root
    with connections_kept():
        yield filled


def test_a_members_browser_keeps_the_file_and_a_guests_asks_each_time(on_disk):
    request = RequestFactory().get("/")
    with (
        closing(respond(request, CLIP_NAME, SHA256)) as member,
        closing(respond(request, CLIP_NAME, SHA256, revocable=True)) as guest,
    ):
        assert member["Cache-Control"] == "private, max-age=604800, immutable"
        assert guest["Cache-Control"] == "private, no-cache"
        assert member["ETag"] == guest["ETag"] == f'"{SHA256}"'
        assert member["X-Content-Type-Options"] == "nosniff"
        assert "Content-Disposition" not in member
        assert b"".join(member) == CLIP
    again = RequestFactory().get("/", headers={"If-None-Match": f'"{SHA256}"'})
    assert respond(again, CLIP_NAME, SHA256, revocable=True)["Cache-Control"] == "private, no-cache"


def test_a_download_has_its_name_in_every_alphabet(on_disk):
    with closing(respond(RequestFactory().get("/"), CLIP_NAME, SHA256, download_name="Käse “gut”.mp4")) as response:
        name = response["Content-Disposition"].partition("; filename*=")[2]
        assert name == "UTF-8''K%C3%A4se%20%E2%80%9Cgut%E2%80%9D.mp4"


def test_a_file_that_is_not_there_is_said_to_be_missing(on_disk):
    with pytest.raises(FileNotFoundError):
        respond(RequestFactory().get("/"), name("f" * 64, "clip"), "f" * 64)


def open_files(pid: int | str) -> list[str]:
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    return [path for path in found if path.endswith((".mp4", ".part"))]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Range": "bytes=1-2"}, {"Range": "bytes=1-2,5-6"}, {"Range": "bytes=x"}, {"If-None-Match": "*"}],
    ids=["whole", "part", "parts", "nonsense", "unmodified"],
)
@pytest.mark.parametrize("method", ["get", "head"])
# What Python closes when it forgets a file, it complains of: that was not us.
@pytest.mark.filterwarnings("error::ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning")
def test_no_answer_leaves_the_file_open_even_unread(on_disk, method, headers):
    request = getattr(RequestFactory(), method)("/", headers=headers)
    respond(request, CLIP_NAME, SHA256).close()
    assert open_files("self") == []


@pytest.fixture(scope="module")
def film(filled):
    """A file of 150 MB, as it would be sent: mostly holes on the disk, each byte of it on the wire."""
    film_name = name("b" * 64, "clip")
    put(filled, b"begins", film_name)
    os.truncate(filled.path(film_name), 150_000_000)
    yield film_name
    filled.delete(film_name)


def test_a_long_film_takes_no_memory_to_send(ours, film, capsys):
    url, worker = f"{ours.url}/member/{film}", worker_of(ours)
    requests.head(url, timeout=120)
    before = memory_peak(worker)
    for headers, length in (({}, 150_000_000), ({"Range": "bytes=1-"}, 149_999_999)):
        with requests.get(url, headers=headers, stream=True, timeout=120) as response:
            assert sum(map(len, response.iter_content(1 << 20))) == length
    grown = memory_peak(worker) - before
    with capsys.disabled():
        print(f"\n150 MB sent twice (whole, and as a part): the worker's peak grew by {grown / 1024:.0f} KiB")
    assert grown < 16 * 1024 * 1024


def test_a_browser_that_leaves_lets_the_file_go(ours, film):
    worker = worker_of(ours)
    with requests.get(f"{ours.url}/member/{film}", stream=True, timeout=120) as response:
        response.raw.read(1000)
        assert len(open_files(worker)) == 1
    eventually(lambda: not open_files(worker))


def browser_of(server) -> requests.Session:
    session = requests.Session()
    # Else whom the environment trusts would count, and nobody besides.
    session.trust_env = False
    session.verify = str(server.certificate or "")
    return session


@pytest.fixture(scope="module")
def fronted(filled, tmp_path_factory):
    """Our server behind nginx, which is set up by the file in docs/deploy, over TLS."""
    here, port = tmp_path_factory.mktemp("fronted"), free_port()
    https = {"X_ACCEL_PREFIX": "/protected/", "PUBLIC_URL": f"https://127.0.0.1:{port}"}
    with (
        gunicorn(filled.root, here / "gunicorn", **https) as behind,
        nginx_as_deployed(here / "nginx", [behind.address], filled.root, port) as server,
        browser_of(server) as browser,
    ):
        server.behind, server.browser = behind, browser
        yield server


@needs_nginx
def test_behind_nginx_we_send_only_the_name(fronted):
    by_https = {"X-Forwarded-Proto": "https"}
    response = requests.get(f"{fronted.behind.url}/member/{CLIP_NAME}", headers=by_https, timeout=120)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["X-Accel-Redirect"] == f"/protected/{CLIP_NAME}"


@needs_nginx
def test_nginx_sends_the_bytes_the_ranges_and_our_headers(fronted):
    url = f"{fronted.url}/download/{CLIP_NAME}"
    whole = fronted.browser.get(url, timeout=120)
    assert (whole.status_code, whole.content) == (200, CLIP)
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["Content-Disposition"].partition("; filename*=")[2].startswith("UTF-8''a%20%E2%80%9Cfine")
    assert whole.headers["Cache-Control"] == "private, max-age=604800, immutable"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Accel-Redirect" not in whole.headers
    part = fronted.browser.get(url, headers={"Range": "bytes=5-9", "If-Range": whole.headers["ETag"]}, timeout=120)
    assert (part.status_code, part.content) == (206, CLIP[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(CLIP)}"
    head = fronted.browser.head(url, timeout=120)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(CLIP)))


@needs_nginx
def test_nginx_asks_us_before_it_says_that_nothing_has_changed(fronted):
    url = f"{fronted.url}/guest/{CLIP_NAME}"
    etag = fronted.browser.get(url, timeout=120).headers["ETag"]
    again = fronted.browser.get(url, headers={"If-None-Match": etag}, timeout=120)
    assert (again.status_code, again.headers["Cache-Control"]) == (304, "private, no-cache")


@needs_nginx
def test_the_protected_path_cannot_be_reached_from_outside(fronted):
    for path in (f"/protected/{CLIP_NAME}", f"//protected/{CLIP_NAME}", f"/x/../protected/{CLIP_NAME}"):
        line = http.client.HTTPSConnection("127.0.0.1", fronted.port, timeout=120, context=trusting(fronted))
        status, _, body = ask(line, "GET", path, {})
        assert (status, body == CLIP) == (404, False)
        line.close()


@needs_nginx
@pytest.mark.parametrize("forged", [{}, {"X-Forwarded-Proto": "http", "X-Forwarded-For": "10.9.9.9"}])
def test_what_a_visitor_says_of_themselves_has_no_effect(fronted, forged):
    chunks = iter([b"in", b"chunks"])
    answer = fronted.browser.post(f"{fronted.url}/seen/", data=chunks, headers=forged, timeout=120)
    assert answer.json() == {"scheme": "https", "address": "127.0.0.1", "body": "inchunks"}


# More than a process has threads.
SLOW = size(10, 500)
SLOWLY = {
    "silence": "",
    "half a head": "GET / HTTP/1.1\r\nHost: localh",
    "half a body": "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99000\r\n\r\nhalf",
    "half a chunk": "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n99\r\nhalf",
    "a film unread": "GET {film} HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two films at once": "GET {film} HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2,
}


def trusting(server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.certificate)


def visit(server, words: str, number: int) -> socket.socket:
    """Says no more than that from one of many addresses, and reads nothing."""
    line = socket.socket()
    line.bind((f"127.0.1.{number % 250 + 1}", 0))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", server.port))
    if server.certificate:
        line = trusting(server).wrap_socket(line, server_hostname="localhost")
    line.sendall(words.encode())
    return line


@needs_nginx
@measures
@pytest.mark.parametrize("front", ["ours", "fronted"])
def test_slow_visitors_keep_nobody_waiting(front, film, say, request):
    server = request.getfixturevalue(front)
    waits = []
    with ExitStack() as held, browser_of(server) as browser:
        for words in SLOWLY.values():
            for number in range(SLOW):
                held.enter_context(visit(server, words.format(film=f"/member/{film}"), number))
        for _ in range(size(3, 100)):
            began = time.monotonic()
            page = browser.get(f"{server.url}/member/{CLIP_NAME}", headers={"Range": "bytes=0-9"}, timeout=120)
            waits.append(time.monotonic() - began)
            assert page.content == CLIP[:10]
    worst = sorted(waits)[-2]
    say(f"{SLOW} each of {', '.join(SLOWLY)} ({front}): a page in {1000 * worst:.0f} ms at p99")
    assert not TORTURE or worst < 0.2


def test_a_process_that_ends_sends_first_what_it_has_begun(ours, film):
    before = worker_of(ours)
    words = f"GET /member/{film} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-7999999\r\n\r\n"
    with visit(ours, words, 0) as reader, visit(ours, "", 0), reader.makefile("rb") as answer:
        assert answer.readline().split()[1] == b"206"
        # Another process takes its place, and it is told to end.
        ours.process.send_signal(signal.SIGHUP)
        eventually(lambda: workers_of(ours) != [before])
        # So long it would wait for who does nothing.
        time.sleep(size(0, 5))
        while answer.readline() != b"\r\n":
            pass
        assert len(answer.read(8_000_000)) == 8_000_000
    eventually(lambda: before not in workers_of(ours))


@pytest.mark.parametrize("by", ["link", "member"])
def test_so_many_films_of_one_are_read_at_once_and_no_more(on_disk, film, by):
    def read(number: int):
        request = RequestFactory().get("/", REMOTE_ADDR=f"10.0.0.{number}")
        request.user = SimpleNamespace(is_authenticated=by == "member", pk=7)
        return respond(request, film, "b" * 64, link="a" if by == "link" else "")

    most = readers.BY_LINK if by == "link" else readers.BY_ADDRESS
    reading = [read(number) for number in range(most)]
    with pytest.raises(Full):
        read(most)
    reading.pop().close()
    reading.append(read(most))
    for answer in reading:
        answer.close()


def test_so_many_films_go_to_one_address_at_once_and_no_more(ours, film):
    def read(held: ExitStack) -> socket.socket:
        words = f"GET /guest/{film} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        return held.enter_context(visit(ours, words, 0))

    def begins(line: socket.socket) -> bool:
        return line.recv(12) == b"HTTP/1.1 200"

    with ExitStack() as held:
        reading = [read(held) for _ in range(readers.BY_ADDRESS)]
        assert all(begins(line) for line in reading)
        with read(held).makefile("rb") as refused:
            said = refused.read()
        assert said.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
        assert b"\r\nRetry-After: 5\r\n" in said
        assert b"\r\n\r\nToo many films are being read at once." in said
        reading.pop().close()
        eventually(lambda: begins(read(held)))


def test_a_bucket_gives_the_file_itself(bucket, s3_secret, settings):
    settings.ARCHIVE_BUCKET = bucket.options
    with bucket.part() as part:
        part.write(CLIP)
        bucket.put(part, CLIP_NAME)
    answer = respond(RequestFactory().get("/"), CLIP_NAME, SHA256, download_name="Käse.mp4")
    assert (answer.status_code, answer.content) == (302, b"")
    assert answer["Cache-Control"] == f"private, max-age={ADDRESS_SECONDS // 2}"
    assert f"X-Amz-Expires={ADDRESS_SECONDS}&" in answer["Location"]
    fetched = requests.get(answer["Location"], headers={"Range": "bytes=5-9"}, timeout=120)
    assert (fetched.status_code, fetched.content) == (206, CLIP[5:10])
    assert fetched.headers["Content-Disposition"].endswith("; filename*=UTF-8''K%C3%A4se.mp4")
    assert fetched.headers["Content-Type"] == "video/mp4"
    head = respond(RequestFactory().head("/"), CLIP_NAME, SHA256)
    assert signed_for(head["Location"], "HEAD", s3_secret)
    assert requests.head(head["Location"], timeout=120).headers["Content-Length"] == str(len(CLIP))
    guest = respond(RequestFactory().get("/"), CLIP_NAME, SHA256, revocable=True)
    assert guest["Cache-Control"] == "private, no-cache"
