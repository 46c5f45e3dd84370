"""A clip is fetched whole or not at all, whatever its host does; and the error says what, in plain words."""

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
import requests

from extender.archive.fetching import open_clip
from extender.network.errors import Barred, Gone, Refused, TooLarge, Unavailable
from tests.helpers import eventually

REMOTE = "extender.network.stream"
WAIT = 0.4  # seconds, of the caps in these tests
UNREAD = "Its host sends this server a packing of it that cannot be read here."


class Host:
    """A clips' host in the sandbox's place that sends each connection `script`'s bytes, as they are, and closes.

    A number in the script is a pause in seconds; None keeps the connection open.
    """

    def __init__(self, *script: bytes | float | None) -> None:
        self.script, self.over, self.requests = script, threading.Event(), []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            self.requests.append(connection.recv(65536))
            for step in self.script:
                if isinstance(step, bytes):
                    try:
                        connection.sendall(step)
                    except OSError:
                        return
                elif self.over.wait(step):
                    return

    def close(self) -> None:
        self.over.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def serve(settings) -> Iterator[Callable[..., Host]]:
    """Starts a host with a script; it has the sandbox's place."""
    hosts: list[Host] = []

    def start(*script: bytes | float | None) -> Host:
        hosts.append(Host(*script))
        settings.APIFRAME_BASE_URL, settings.SANDBOX = hosts[-1].url, True
        return hosts[-1]

    yield start
    for each in hosts:
        each.close()


def fetch(url: str) -> bytes:
    body = b""
    with open_clip(url) as stream:
        for chunk in stream:
            body += chunk
            assert len(body) < 8 << 20, "no test's clip is as large: no limit holds"
    return body


def answer(*headers: str, body: bytes = b"", status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1") + body


def error_of(url: str) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        fetch(url)
    said = str(caught.value)
    assert said.endswith(".")
    assert "127.0.0.1" not in said
    assert "http" not in said
    assert "token" not in said
    return caught.value


@pytest.fixture
def urls_under(sandbox) -> Iterator[Callable[[str], list[str]]]:
    """The addresses of a finished task under a word of the sandbox."""
    sandbox.options(seconds=0)
    original = sandbox.originals()[0]["task_id"]
    yield lambda word: sandbox.fetch(sandbox.extend(original, f"[{word}]"))["video_urls"]
    sandbox.options(stall=3)


def test_a_clip_comes_whole_with_its_length(urls_under):
    url = urls_under("")[0]
    with open_clip(url) as stream:
        body = b"".join(stream)
    assert body == requests.get(url, timeout=120).content
    assert stream.length == len(body)
    assert isinstance(stream.length, int)


def test_a_clip_that_comes_in_a_roundabout_way_is_whole(urls_under):
    plain = urls_under("")[0]
    body = fetch(urls_under("clip-redirect")[0])
    assert len(body) == len(requests.get(plain, timeout=120).content)
    assert b"ftyp" in body


@pytest.mark.parametrize(
    ("word", "kind", "said"),
    [
        ("clip-403", Gone, "Its address has expired."),
        ("clip-browsers-only", Barred, "Its host refuses this server for now."),
        ("clip-404-once", Gone, "Its server no longer has it."),
        ("clip-410", Gone, "Its server no longer has it."),
        ("clips-lost", Gone, "Its server no longer has it."),
        ("clip-500-once", Unavailable, "Its server answered 500."),
        ("clip-redirect-loop", Refused, "It was redirected too often."),
        ("clip-redirect-inside", Refused, "Its address leads where nothing may be fetched."),
        ("clip-huge", TooLarge, "It is larger than 2 MB."),
        ("clip-endless", TooLarge, "It is larger than 2 MB."),
        ("clip-gzip-bomb", TooLarge, "It is larger than 2 MB."),
        ("clip-br", Barred, UNREAD),
        ("clip-wrong-length", Unavailable, "It is longer than its server announced."),
    ],
)
def test_a_fault_of_the_host_has_a_kind_and_a_sentence(urls_under, settings, word, kind, said):
    settings.ARCHIVE_MAX_MB = 2
    error = error_of(urls_under(word)[0])
    assert (type(error), str(error)) == (kind, said)


def test_the_second_attempt_or_a_fresh_address_succeeds_where_the_first_did_not(sandbox, urls_under):
    url = urls_under("clip-500-once")[0]
    error_of(url)
    assert b"ftyp" in fetch(url)
    expired = urls_under("clip-404-once")[0]
    assert isinstance(error_of(expired), Gone)
    fresh = sandbox.fetch(expired.split("/")[4])["video_urls"][0]
    assert b"ftyp" in fetch(fresh)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/a%2fb%2F../%7Ec~d//e+f%20g;h=%zz,{i}|'[j]?k=%2B+%7e~&l=%3D/../m?#t=1", None),
        ("/雪.mp4?雪", "/%E9%9B%AA.mp4?%E9%9B%AA"),
    ],
)
def test_an_address_is_on_the_wire_as_it_came(serve, written, sent):
    asked = serve(answer("Content-Length: 4", body=b"clip"))
    fetch(asked.url + written)
    assert asked.requests[0].split(b" ")[1].decode() == (sent or written.partition("#")[0])


def test_a_clip_that_breaks_off_says_where(urls_under):
    assert str(error_of(urls_under("clip-truncated")[0])).startswith("It broke off after ")


def test_a_clip_that_is_no_film_is_handed_on_as_it_is(urls_under):
    """What a file is, its probe says; the host's word for it counts as little as its name."""
    assert fetch(urls_under("clip-html")[0]).startswith(b"<!doctype html>")
    assert len(fetch(urls_under("clip-not-video")[0])) == 100_000


def test_a_clip_that_stalls_is_cut_by_the_stall_cap(sandbox, urls_under, shorten):
    shorten(f"{REMOTE}.STALL_SECONDS", WAIT)
    sandbox.options(stall=30)
    assert str(error_of(urls_under("clip-stall")[0])) == "Its server stalled."


def test_a_clip_that_drips_is_cut_by_its_pace(urls_under, shorten):
    shorten(f"{REMOTE}.PACE_SECONDS", WAIT)
    assert str(error_of(urls_under("clip-drip")[0])) == "It came too slowly."


CUT = "It broke off after 5 bytes of 10 bytes."
PACKED = gzip.compress(b"1234567890", mtime=0)
CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([answer("Content-Length: 10", body=b"12345")], CUT),
        ([answer("Content-Length: 10"), b"12345", 0.1], CUT),
        ([answer("Content-Length: 5", body=b"1234567")], "It is longer than its server announced."),
        ([answer("Content-Length: 5", body=b"12345"), 0.1, b"67"], "It is longer than its server announced."),
        ([answer("Content-Length: 5", body=b"12345"), 0.1, b"67", 20], "It is longer than its server announced."),
        ([answer("Content-Length: 0")], "It is empty."),
        ([answer()], "It is empty."),
        ([answer(CHUNKED, body=b"5\r\n12345\r\n5\r\n12")], "It broke off after 7 bytes."),
        ([answer(CHUNKED, body=b"5\r\n12345\r\n")], "It broke off after 5 bytes."),
        ([answer(CHUNKED, body=b"5\r\n12345")], "It broke off after 5 bytes."),
        ([answer(CHUNKED, body=b"5\r\n12345\r\nzz\r\n")], "It broke off after 5 bytes."),
        ([answer(CHUNKED, body=b"-5\r\n12345\r\n")], "It broke off after "),
        ([answer("Content-Length: ten", body=b"12345")], "Its server's answer makes no sense."),
        ([answer("Content-Length: -5", body=b"12345")], "Its server's answer makes no sense."),
        ([answer("Content-Length: 1_0", body=b"1234567890")], "Its server's answer makes no sense."),
        ([answer("Content-Length: 5", "Content-Length: 6", body=b"12345")], "Its server's answer makes no sense."),
        ([answer(f"Content-Length: {10**30}", body=b"12345")], "Its server's answer makes no sense."),
        ([answer("Content-Encoding: gzip", body=PACKED[:-1])], "It was packed, and cannot be unpacked whole."),
        ([answer("Content-Encoding: gzip", body=PACKED[:9] + b"12")], "It was packed, and cannot be unpacked whole."),
        ([answer("Content-Encoding: gzip", body=gzip.compress(b"", mtime=0))], "It is empty."),
        ([answer(f"Content-Length: {len(PACKED) + 1}", "Content-Encoding: gzip", body=PACKED)], "It broke off after"),
        ([answer(status="204 No Content")], "Its server answered 204."),
        ([answer(status="206 Partial Content", body=b"12345")], "Its server answered 206."),
        ([answer(status="304 Not Modified")], "Its server answered 304."),
        ([answer(status="429 Too Many Requests")], "Its server answered 429."),
        ([answer(status="503 Unavailable", body=b"x" * 100_000)], "Its server answered 503."),
        ([answer(status="400 Bad Request", body=b"<Code>InvalidArgument</Code>")], "Its server answered 400."),
        ([answer(status="302 Found")], "Its server answered 302."),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "Its server cannot be reached."),
        ([], "Its server cannot be reached."),
    ],
)  # fmt: skip
def test_what_is_not_the_whole_clip_is_an_error(serve, script, said):
    error = error_of(serve(*script).url + "/1.mp4?token=x")
    assert type(error) is Unavailable
    assert str(error).startswith(said)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("401 Unauthorized", b""),
        ("403 Forbidden", b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"),
        ("404 Not Found", b"This content is no longer available."),
        ("410 Gone", b""),
        ("451 Unavailable For Legal Reasons", b""),
        ("400 Bad Request", b"<Error><Code>ExpiredToken</Code></Error>"),
        ("400 Bad Request", b"x" * 2000 + b"The provided token has expired."),
    ],
)
def test_an_expired_address_is_gone(serve, status, body):
    assert isinstance(error_of(serve(answer(status=status, body=body)).url + "/1.mp4"), Gone)


@pytest.mark.parametrize(
    "script",
    [
        [answer("Content-Length: 10", body=b"1234567890")],
        [answer("Content-Length: 10", "Content-Encoding: identity"), 0.05, b"12345", 0.05, b"67890"],
        [answer(body=b"1234567890")],
        [answer(CHUNKED, body=b"5\r\n12345\r\n5;x=y\r\n67890\r\n0\r\n\r\n")],
        [answer(CHUNKED, "Content-Length: 3", body=b"a\r\n1234567890\r\n0\r\nX: y\r\n\r\n")],
        [answer(status="100 Continue"), answer("Content-Length: 10", body=b"1234567890")],
        # It was asked to close the connection, and keeps it open all the same.
        [answer("Content-Length: 10", "Connection: keep-alive", body=b"1234567890"), 60],
    ],
)
def test_a_whole_clip_is_taken_however_it_is_framed(serve, script):
    began = time.monotonic()
    assert fetch(serve(*script).url + "/1.mp4") == b"1234567890"
    assert time.monotonic() - began < 50


def bare(body: bytes) -> bytes:
    return zlib.compress(body, wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("label", "body"),
    [
        ("gzip", PACKED),
        ("X-GZIP", PACKED),
        ("gzip", PACKED[:4] + b"\0" * 5 + PACKED[9:]),
        ("gzip", gzip.compress(b"12345", mtime=0) + gzip.compress(b"67890", mtime=0) + b"\0" * 9),
        ("gzip", b"1234567890"),
        ("deflate", zlib.compress(b"1234567890")),
        ("deflate", bare(b"1234567890")),
        ("deflate", b"1234567890"),
        ("deflate, gzip", gzip.compress(bare(b"1234567890"), mtime=0)),
        ("identity,, gzip", PACKED),
    ],
)
def test_a_clip_that_was_packed_on_its_way_is_unpacked(serve, label, body):
    """Some pack what was asked for as it is; some only say that they do."""
    for length in ([], [f"Content-Length: {len(body)}"]):
        script = [answer(f"Content-Encoding: {label}", *length), *(body[at : at + 1] for at in range(len(body)))]
        url = serve(*script).url + "/1.mp4"
        assert fetch(url) == b"1234567890"
        with open_clip(url) as stream:
            assert stream.length is None, "that of the packed bytes tells nothing"


@pytest.mark.parametrize(
    "header", ["Content-Encoding: br, gzip", "Content-Encoding: zstd", "Transfer-Encoding: gzip"]
)
def test_what_is_packed_as_nobody_here_can_read_it_may_still_come(serve, header):
    error = error_of(serve(answer(header, body=b"12345")).url + "/1.mp4")
    assert (type(error), str(error)) == (Barred, UNREAD)


def test_a_redirect_may_be_relative_and_in_letters_of_its_own(sandbox, serve):
    started = serve(answer("Location: /\u96ea.mp4".encode().decode("latin-1"), status="302 Found"))
    assert str(error_of(started.url + "/1.mp4")) == "It was redirected too often."
    assert [each.split()[1] for each in started.requests] == [b"/1.mp4", *[b"/%E9%9B%AA.mp4"] * 3]


# For a minute, should nothing cut them: then they end in another error than that of the cap.
DRIP, PAUSES = [b"x", 0.02] * 3000, 3000


@pytest.mark.parametrize(
    "script",
    [
        [b"HTTP/1.1 200 OK\r\nX-Slow: ", *DRIP],
        [answer(status="100 Continue"), 0.02] * PAUSES,
        [answer(), *DRIP],
        [answer("Content-Length: 100000"), *DRIP],
        [answer(CHUNKED, body=b"5;"), *DRIP],
        [answer(CHUNKED, body=b"1\r\nx\r\n0\r\n"), *[b"X: y\r\n", 0.02] * PAUSES],
        [answer(status="400 Bad Request"), 60],
    ],
    ids=["headers", "continue", "body", "length", "frame", "trailer", "reason"],
)
def test_a_drip_is_cut_by_its_pace_wherever_it_drips(serve, shorten, script):
    shorten(f"{REMOTE}.PACE_SECONDS", WAIT)
    url, began = serve(*script).url + "/1.mp4", time.monotonic()
    assert str(error_of(url)) == "It came too slowly."
    assert time.monotonic() - began > WAIT


def test_the_time_that_the_reader_takes_is_not_held_against_the_host(serve, shorten):
    shorten(f"{REMOTE}.PACE_SECONDS", 0.2)
    with open_clip(serve(answer(body=b"1" * 100), 0.05, b"2" * 100).url + "/1.mp4") as stream:
        chunks = iter(stream)
        body = next(chunks)
        assert not threading.Event().wait(0.8)  # as a browser whose line is slow
        assert body + b"".join(chunks) == b"1" * 100 + b"2" * 100


def test_the_deadline_holds_even_at_a_good_pace(serve, shorten):
    shorten(f"{REMOTE}.MAX_SECONDS", WAIT)
    assert str(error_of(serve(answer(), *[b"x" * 100_000, 0.01] * 3000).url + "/1.mp4")) == "It took too long."


def test_the_size_is_bounded_announced_or_not_and_exactly(serve, settings):
    settings.ARCHIVE_MAX_MB = 1
    most = b"x" * (1 << 20)
    assert fetch(serve(answer(body=most)).url + "/1.mp4") == most
    assert fetch(serve(answer(f"Content-Length: {len(most)}", body=most)).url + "/1.mp4") == most
    assert isinstance(error_of(serve(answer(body=most + b"x")).url + "/1.mp4"), TooLarge)
    # One that announces too much is not read at all.
    with pytest.raises(TooLarge, match=r"^It is larger than 1 MB\.$"):
        open_clip(serve(answer(f"Content-Length: {len(most) + 1}"), None).url + "/1.mp4")


def test_memory_does_not_grow_with_the_clip(serve, settings):
    settings.ARCHIVE_MAX_MB = 64
    url = serve(answer(), *[b"x" * (1 << 20)] * 32).url + "/1.mp4"
    tracemalloc.start()
    with open_clip(url) as stream:
        assert sum(map(len, stream)) == 32 << 20
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_a_host_that_is_not_there_is_unavailable(settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.APIFRAME_BASE_URL, settings.SANDBOX = f"http://127.0.0.1:{closed.getsockname()[1]}", True
        error = error_of(settings.APIFRAME_BASE_URL + "/1.mp4")
    assert (type(error), str(error)) == (Unavailable, "Its server cannot be reached.")


def test_the_host_learns_nothing_of_us(serve):
    started = serve(answer(body=b"x"))
    fetch(started.url + "/1.mp4?token=x")
    head = started.requests[0].decode().lower()
    assert head.startswith("get /1.mp4?token=x http/1.1\r\n")
    names = {line.partition(":")[0] for line in head.split("\r\n")[1:] if line}
    assert names == {"host", "user-agent", "accept-encoding", "connection"}


def test_nothing_is_left_running_when_a_stream_is_closed_or_fails(serve):
    before = set(threading.enumerate())
    good = serve(answer("Content-Length: 5", body=b"12345"))
    for _ in range(5):
        with open_clip(good.url + "/1.mp4") as stream:
            next(iter(stream))
            stream.close()
    bad = serve(answer(status="500 Oops"))
    for _ in range(5):
        error_of(bad.url + "/1.mp4")
    eventually(lambda: all(thread.name != "stream watch" for thread in set(threading.enumerate()) - before))
