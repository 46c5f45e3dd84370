"""No address of a clip leads inside: not by its spelling, its name, a name that changes, or a redirect."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import pytest

from extender.apiframe.addresses import usable_clip_url
from extender.network.addresses import is_public
from tests.network.connection_probe import probe
from tests.network.proxy import Proxy, certificate
from tests.sizes import TORTURE, size

PUBLIC = ["93.184.215.14", "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
INSIDE = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "fd00:ec2::254", "::ffff:10.0.0.1",
          "64:ff9b::a00:1", "::127.0.0.1", "fec0::1"]  # fmt: skip


class Hostile(NamedTuple):
    url: str
    answers: list[str]  # of the resolver
    why: str


def corpus() -> list[Hostile]:
    """The lines of hostile_addresses.txt."""
    found = []
    for line in Path(__file__).with_name("hostile_addresses.txt").read_text("ascii").splitlines():
        if line and not line.startswith("# ") and line != "#":
            url, answers, why = re.fullmatch(r"(\S+)(?:\s+->\s+(\S+))?\s+# (.+)", line).groups()
            found.append(Hostile(url.encode().decode("unicode_escape"), answers.split(",") if answers else [], why))
    return found


CORPUS = corpus()


def host_of(url: str) -> str:
    return re.match(r"\w+://([^/:?#]*)", url)[1].lower().removesuffix(".")


ANSWERS = {host_of(each.url): [each.answers] for each in CORPUS if each.answers}


class Redirector:
    """A sandbox that redirects `/<hops>/<n>` through itself and at last to the n-th of `urls`, and has one clip."""

    def __init__(self, urls: list[str]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                match = re.fullmatch(r"/(\d)/(\d+)", self.path)
                body = b"clip" if self.path == "/clip" else b""
                self.send_response(302 if match else 200 if body else 404)
                if match and match[1] != "0":
                    self.send_header("Location", f"/{int(match[1]) - 1}/{match[2]}")
                elif match:
                    location = urls[int(match[2])].encode("utf-8", "surrogatepass")
                    self.send_header("Location", location.decode("latin-1"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> "Redirector":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def redirector() -> Iterator[Redirector]:
    with Redirector([each.url for each in CORPUS]) as redirector:
        yield redirector


def test_the_corpus_is_large_and_says_nothing_twice():
    assert len({each.url for each in CORPUS}) == len(CORPUS) > 300


def kept_out(each: Hostile) -> list[tuple[str, list[str]]]:
    """How an address may end: for ever by its spelling, or for now by what the resolver says of its name."""
    return [("Refused", []), ("Barred", [])] if each.answers else [("Refused", [])]


def test_every_hostile_address_is_refused_and_no_connection_is_tried():
    opened = probe([each.url for each in CORPUS], ANSWERS)
    wrong = [(each.url, *came) for each, came in zip(CORPUS, opened, strict=True) if came[:2] not in kept_out(each)]
    assert wrong == []


def test_public_addresses_are_connected_to_at_the_number_that_was_checked():
    """Without this nothing would show that the probe sees connections."""
    names = {f"p{index}.clips.example": [[number]] for index, number in enumerate(PUBLIC)}
    opened = probe([f"https://{name}/1.mp4" for name in names], names)
    assert [(came.outcome, came.connections, came.lookups) for came in opened] == [
        ("Unavailable", [number], 1) for number in PUBLIC
    ]
    literal = probe([f"https://{f'[{number}]' if ':' in number else number}:8443/1.mp4" for number in PUBLIC])
    assert [came.connections for came in literal] == [[number] for number in PUBLIC]


# Relative ones lead back to the redirecting server; blanks around a header's text do not count.
MEAN_SOMETHING_ELSE = {
    "127.0.0.1/1.mp4", "/1.mp4", "clips.example", "?", "#", "https", ":", "://127.0.0.1/", "https-//93.184.215.14/",
    " https://93.184.215.14/1.mp4",
}  # fmt: skip


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_a_redirect_to_a_hostile_address_is_refused_at_each_hop(redirector, hops):
    # What splits a header cannot be sent as one. Each hop is checked by the same lines, so later ones see a sample.
    sent = [index for index, each in enumerate(CORPUS) if not re.search(r"[\r\n\0]", each.url)]
    sent = sent[:: 10 if hops and not TORTURE else 1]
    opened = probe([f"{redirector.url}/{hops}/{index}" for index in sent], ANSWERS, sandbox=redirector.url)
    wrong = [
        (CORPUS[index].url, *came)
        for index, came in zip(sent, opened, strict=True)
        if came.outcome == "Opened" or not all(map(is_public, came.connections))
    ]
    assert wrong == []
    other = [
        CORPUS[index].url
        for index, came in zip(sent, opened, strict=True)
        if came.outcome not in ("Refused", "Barred")
    ]
    assert other == [url for url in other if url in MEAN_SOMETHING_ELSE]


def test_at_most_three_redirects_are_followed(redirector):
    with Redirector([redirector.url + "/clip"]) as chain:
        few, many = probe([f"{chain.url}/2/0", f"{chain.url}/3/0"], sandbox=chain.url)
    assert (few.outcome, many.outcome) == ("Refused", "Refused")  # the last leads to another port
    with Redirector(["/clip"]) as chain:
        outcomes = [came.outcome for came in probe([f"{chain.url}/{hops}/0" for hops in range(4)], sandbox=chain.url)]
    assert outcomes == ["Opened", "Opened", "Opened", "Refused"]


def test_a_name_that_changes_its_mind_never_leads_inside():
    """Names that are public at the first look-up and inside at every later one, each opened twice."""
    count = size(100, 500)
    names = {f"flip-{n}.example": [[PUBLIC[n % 5]], [INSIDE[n % 10]]] for n in range(count)}
    urls = [f"https://{name}/1.mp4" for name in names]
    opened = probe(urls + urls, names)
    assert sum(not is_public(number) for came in opened for number in came.connections) == 0
    first, second = opened[:count], opened[count:]
    # It is looked up once: between the check and the connection there is nothing to change.
    assert {(came.outcome, len(came.connections), came.lookups) for came in first} == {("Unavailable", 1, 1)}
    assert {(came.outcome, len(came.connections), came.lookups) for came in second} == {("Barred", 0, 1)}


def test_of_a_name_with_public_and_inside_numbers_the_public_ones_serve():
    pairs = [(PUBLIC[n % 5], INSIDE[n % 10]) for n in range(10)]
    names = {f"mixed-{n}.example": [list(pair)] for n, pair in enumerate(pairs)}
    names |= {f"turned-{n}.example": [list(reversed(pair))] for n, pair in enumerate(pairs)}
    opened = probe([f"https://{name}/1.mp4" for name in names], names)
    assert [came[:2] for came in opened] == [("Unavailable", [public]) for public, _ in pairs] * 2


def test_an_address_in_capitals_leads_where_it_would_in_small_letters():
    (came,) = probe(["HTTPS://Clips.Example/1.mp4"], {"clips.example": [["8.8.8.8"]]})
    assert came[:2] == ("Unavailable", ["8.8.8.8"])


NAT64 = "64:ff9b::808:808"


@pytest.mark.parametrize(
    ("numbers", "tried"),
    [
        ([NAT64], [NAT64]),
        (["64:ff9b::a00:1", NAT64], [NAT64]),
        (["8.8.8.8", "10.0.0.1", "1.1.1.1"], ["8.8.8.8", "1.1.1.1"]),
        (["2606:4700::1", "2606:4700::2", "2606:4700::3", "8.8.8.8"], ["2606:4700::1", "8.8.8.8"]),
        ([f"8.8.8.{n}" for n in range(20)], ["8.8.8.0", "8.8.8.1", "8.8.8.2", "8.8.8.3"]),
    ],
)
def test_one_public_number_after_another_is_tried(numbers, tried):
    (came,) = probe(["https://clips.example/1.mp4"], {"clips.example": [numbers]})
    assert came.connections[: len(tried)] == tried
    assert len(came.connections) <= 4
    assert all(map(is_public, came.connections))


NEAR = [
    "http://127.0.0.1:{other}/clip", "http://127.0.0.1:{port}0/clip", "http://127.0.0.1:{port}@evil.example/clip",
    "http://evil.example@127.0.0.1:{port}/clip", "http://127.0.0.1:{port}.evil.example/clip",
    "http://127.0.0.1:{port}\\@evil.example/clip", "http://127.0.0.1:{port}\\.evil.example/clip",
    "http://127.0.0.1.:{port}/clip", "http://localhost:{port}/clip", "http://127.1:{port}/clip",
    "http://2130706433:{port}/clip", "http://0x7f.1:{port}/clip", "http://0177.0.0.1:{port}/clip",
    "http://0.0.0.0:{port}/clip", "http://127.0.0.2:{port}/clip", "http://[::1]:{port}/clip",
    "http://[::ffff:127.0.0.1]:{port}/clip", "http://127.0.0.1/clip", "http://127.0.0.1:/clip",
    "http://127.0.0.1:0{port}/clip", "https://127.0.0.1:{port}/clip", "ftp://127.0.0.1:{port}/clip",
    "//127.0.0.1:{port}/clip", "http:/127.0.0.1:{port}/clip", "http:///127.0.0.1:{port}/clip",
    "http://127.0.0.1:{port}", "http://127.0.0.1:{port}#@evil.example/clip", "http://127.0.0.1:{port}?@evil.example",
    "http://%31%32%37.0.0.1:{port}/clip", "http://127\u30020\u30020\u30021:{port}/clip",
    "http://127.0.0.1:{port}/cl\nip", "http://127.0.0.1:{port}/cl ip", "http://127.0.0.1\t:{port}/clip",
]  # fmt: skip


def test_the_sandbox_is_one_origin_to_the_letter(redirector):
    near: list[str] = []
    with Redirector(near) as chain:
        near += [url.format(port=chain.port, other=redirector.port) for url in NEAR]
        direct = probe(near, {"evil.example": [["93.184.215.14"]]}, sandbox=chain.url)
        assert [(url, *came) for url, came in zip(near, direct, strict=True) if came[:2] != ("Refused", [])] == []
        # What is relative to the sandbox is of the sandbox.
        sent = [index for index, url in enumerate(near) if re.match(r"\w+://[^/\n]+/?[^\n]*\Z", url)]
        by_redirect = probe([f"{chain.url}/0/{index}" for index in sent], sandbox=chain.url)
        assert len(sent) > 25
        assert [came[:2] for came in by_redirect] == [("Refused", [])] * len(sent)


def test_a_page_shows_nothing_that_is_almost_of_the_sandbox():
    usable, origin = usable_clip_url("http://127.0.0.1:8791"), "http://127.0.0.1:8791"
    near = [url.format(port=8791, other=8792) for url in NEAR]
    assert [url for url in near if usable(url) and not re.match(rf"{origin}(?=[?#]|\Z)", url)] == []
    for more in ("1/1.mp4", "1", ".example/1.mp4", "@evil.example/1.mp4"):
        assert not usable_clip_url("http://127.0.0.1:879")("http://127.0.0.1:879" + more)
        assert not usable_clip_url("http://localhost")("http://localhost" + more)


def test_what_is_of_the_sandbox_is_had_and_stays_there(redirector):
    urls = [f"{redirector.url}/clip", f"{redirector.url}/../clip", f"{redirector.url}/a/%2e%2e/../clip"]
    # A path is its server's to read.
    assert [came.outcome for came in probe(urls[:2], sandbox=redirector.url)] == ["Opened", "Gone"]
    # Where the real APIFRAME is used there is no sandbox.
    assert [came[:2] for came in probe(urls, apiframe=redirector.url)] == [("Refused", [])] * 3


def test_a_proxy_is_asked_for_the_number_that_was_checked_and_tls_for_the_name(tmp_path):
    names = {
        "clips.example": [["10.0.0.1", "8.8.8.8"]],
        "inside.example": [["10.0.0.1"]],
        "other.example": [["1.1.1.1"]],
    }
    with Redirector([]) as sandbox, Proxy(*certificate(tmp_path, "DNS:clips.example")) as proxy:
        asked = ["https://clips.example/1.mp4", "https://inside.example/1.mp4", "https://10.0.0.1/1.mp4"]
        opened = probe(
            [*asked, "https://other.example:8443/1.mp4", f"{sandbox.url}/clip"],
            names,
            sandbox=sandbox.url,
            proxy=proxy.port,
            environment={"HTTPS_PROXY": proxy.url, "http_proxy": proxy.url, "REQUESTS_CA_BUNDLE": str(proxy.cert)},
        )
    outcomes = ["Opened", "Barred", "Refused", "Unavailable", "Opened"]
    assert [came[:2] for came in opened] == [(outcome, []) for outcome in outcomes]
    assert [head.split()[1] for head in proxy.asked] == [b"8.8.8.8:443", b"1.1.1.1:8443"]
    assert [head.split(b"\r\n")[:2] for head in proxy.heard] == [[b"GET /1.mp4 HTTP/1.1", b"Host: clips.example"]]


def test_a_page_shows_no_hostile_address():
    """What is accepted stands in the page until the copy is there, and the browser of a member goes to it."""
    accepted = [each for each in CORPUS if usable_clip_url("http://127.0.0.1:8791")(each.url)]
    # Of a name nobody knows where it leads before it is looked up: those that are plainly spelt are all there is.
    assert [each.url for each in accepted if not each.answers] == []
    assert all(re.fullmatch(r"https://[\w.-]+(:\d+)?/[\w./-]*", each.url, re.ASCII) for each in accepted)


@pytest.mark.parametrize("number", PUBLIC)
def test_public_numbers_are_public(number):
    assert ip_address(number)
    assert is_public(number)


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.apiframe.pro/a/1.mp4", "https://cdn.midjourney.com/video/0b1c/0.mp4?method=s&x=%20",
        "https://bucket.s3.amazonaws.com/1.mp4?X-Amz-Signature=a%2Fb&X-Amz-Expires=3600",
        "https://storage.googleapis.com/bucket/o/a%2Fb.mp4?alt=media", "https://clips.example:8443/1.mp4",
        "https://CDN.example./1.mp4", "https://a_b.c-d.example/1.mp4", "https://xn--bcher-kva.example/1.mp4",
        "https://1.example/1.mp4", "https://0x.example/1.mp4", "https://8.8.8.8/1.mp4",
        "https://[2606:4700:4700::1111]/1.mp4", "https://cdn.example/\u96ea.mp4", "https://cdn.example/a@b.mp4",
        "https://cdn.example?clip=1", "https://cdn.example/1.mp4#t=1",
    ],
)  # fmt: skip
def test_ordinary_addresses_are_accepted(url):
    assert usable_clip_url(None)(url)
