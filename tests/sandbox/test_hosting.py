"""Each word about the clips' host does over HTTP what the table says."""

import http.client
import socket
import time
import zlib
from itertools import islice
from urllib.parse import urlsplit

import pytest
import requests

from extender.sandbox import misbehaviour
from tests.sandbox_process import Sandbox

STALL = 0.3  # seconds
FLAGS = {"stall": STALL, "seconds": 0}


def task_under(sandbox: Sandbox, word: str) -> tuple[str, list[str]]:
    """A finished task whose prompt has the word, and its clips' addresses."""
    task_id = sandbox.extend(sandbox.originals()[0]["task_id"], f"[{word}]")
    return task_id, sandbox.fetch(task_id)["video_urls"]


def clip_under(sandbox: Sandbox, word: str) -> str:
    return task_under(sandbox, word)[1][0]


def get(url: str, **more) -> requests.Response:
    return requests.get(url, timeout=120, **more)


@pytest.mark.parametrize(
    ("word", "status", "type_", "text"),
    [
        ("clip-403", 403, "application/xml", "Request has expired"),
        ("clip-browsers-only", 403, "text/html; charset=utf-8", "Checking your browser"),
        ("clip-410", 410, "application/json", "removed"),
        ("clip-html", 200, "text/html; charset=utf-8", "<!doctype html>"),
        ("clip-not-video", 200, "video/mp4", ""),
    ],
)
def test_something_else_comes_instead_of_the_clip(sandbox, word, status, type_, text):
    for _ in range(2):
        answer = get(clip_under(sandbox, word))
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, type_)
        assert text in answer.text
        assert b"ftyp" not in answer.content


def test_a_host_can_serve_browsers_alone(sandbox):
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"}
    assert b"ftyp" in get(clip_under(sandbox, "clip-browsers-only"), headers=agent).content


def test_an_expired_address_is_replaced_when_the_task_is_fetched_again(sandbox):
    task_id, urls = task_under(sandbox, "clip-404-once")
    assert sandbox.fetch(task_id)["video_urls"] == urls  # nobody has found them expired yet
    assert [get(url).status_code for url in urls] == [404] * 4
    fresh = sandbox.fetch(task_id)["video_urls"]
    assert not set(fresh) & set(urls)
    assert [get(url).status_code for url in fresh] == [200] * 4
    assert get(urls[0]).status_code == 404


@pytest.mark.parametrize(("word", "statuses"), [("clip-500-once", [500, 200, 200]), ("clip-late", [404] * 3 + [200])])
def test_a_host_can_fail_at_first_for_each_clip(sandbox, word, statuses):
    _, urls = task_under(sandbox, word)
    for url in urls:
        assert [get(url).status_code for _ in statuses] == statuses


@pytest.mark.parametrize(("word", "share"), [("clip-truncated", 0.5), ("clip-wrong-length", 2)])
def test_a_body_can_have_another_length_than_announced(sandbox, word, share):
    # Nothing but the socket's own bytes shows it: every client stops at the announced length, or complains.
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=120) as connection:
        path = urlsplit(clip_under(sandbox, word)).path
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    announced = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert announced > 100
    assert len(body) == pytest.approx(announced * share, abs=2)


def test_a_clip_can_drip(sandbox):
    with get(clip_under(sandbox, "clip-drip"), stream=True) as answer:
        began = time.monotonic()
        assert len(b"".join(islice(answer.iter_content(1), 2))) == 2
        assert time.monotonic() - began > 0.8


def test_a_clip_can_stall_at_its_half(sandbox):
    began = time.monotonic()
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(clip_under(sandbox, "clip-stall"))
    assert time.monotonic() - began >= STALL


def test_a_clip_can_take_seconds_and_is_whole(sandbox):
    url = clip_under(sandbox, "clip-slow")
    began, times = time.monotonic(), []
    with get(url, stream=True) as answer:
        body = b""
        for byte in answer.iter_content(1):
            body += byte
            times.append(time.monotonic() - began)
    assert len(body) == int(answer.headers["Content-Length"])
    # Half of it comes no sooner than after half of the time, and all of it no sooner than after all.
    assert times[len(times) // 2] > 2
    assert times[-1] > 4


@pytest.mark.parametrize(("word", "length"), [("clip-huge", str(1 << 30)), ("clip-endless", None)])
def test_a_clip_can_be_larger_than_anybody_wants(sandbox, word, length):
    with get(clip_under(sandbox, word), stream=True) as answer:
        assert answer.headers.get("Content-Length") == length
        assert sum(map(len, islice(answer.iter_content(1 << 20), 20))) == 20 << 20


def test_a_clip_can_be_a_gzip_bomb(sandbox):
    with get(clip_under(sandbox, "clip-gzip-bomb"), stream=True) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        packed = answer.raw.read(decode_content=False)
    assert len(packed) < 2 << 20
    assert len(zlib.decompressobj(31).decompress(packed, 64 << 20)) == 64 << 20


def test_redirects_go_to_the_file_in_a_circle_or_inside(sandbox):
    once = get(clip_under(sandbox, "clip-redirect"))
    assert [step.status_code for step in [*once.history, once]] == [302, 200]
    with pytest.raises(requests.TooManyRedirects):
        get(clip_under(sandbox, "clip-redirect-loop"))
    _, urls = task_under(sandbox, "clip-redirect-inside")
    inside = [get(url, allow_redirects=False).headers["Location"] for url in urls[:2]]
    assert inside == ["http://127.0.0.1:1/", "http://169.254.169.254/latest/meta-data/"]


def test_a_signed_address_has_to_come_byte_by_byte(sandbox):
    url = urlsplit(clip_under(sandbox, "clips-signed"))
    for target, status in (
        (f"{url.path}?{url.query}", 200),
        (f"{url.path}?{url.query.replace('%2f', '%2F')}", 403),
        (f"{url.path}?{url.query.replace('%7E', '~')}", 403),
        (url.path, 403),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=120)
        connection.request("GET", target)
        assert connection.getresponse().status == status, target
        connection.close()


def test_an_outage_of_the_host_ends_when_it_is_switched_off(sandbox):
    url = sandbox.fetch(sandbox.originals()[0]["task_id"])["video_urls"][0]
    sandbox.options(misbehave=["clip-410"])
    extended = clip_under(sandbox, "")
    assert [get(each).status_code for each in (url, extended)] == [410, 410]
    sandbox.options(misbehave=[])
    assert [get(each).status_code for each in (url, extended)] == [200, 200]


def test_head_is_answered_without_a_body_whatever_the_word(sandbox):
    words = [word for word, fault in misbehaviour.TABLE.items() if fault.kind == misbehaviour.HOST]
    assert len(words) == 22
    for word in words:
        answer = requests.head(clip_under(sandbox, word), timeout=120)
        assert answer.raw.read() == b"", word
