"""One exchange with APIFRAME is bounded in time, in size and in memory, and knows whether anything was sent."""

import gzip
import os
import resource
import socket
import ssl
import threading
import time

import certifi
import pytest

from extender.apiframe.errors import NotSent, Unknown
from extender.apiframe.exchange import exchange
from tests.network.proxy import Proxy, certificate


class Line:
    """A server that answers one connection with whatever it is told to."""

    def __init__(self, answer) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/fetch"
        self.left = threading.Event()  # by the other side, before all was said
        threading.Thread(target=self._serve, args=[answer], daemon=True).start()

    def _serve(self, answer) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.recv(65536)
            try:
                answer(connection)
            except OSError:
                self.left.set()


def ask(url: str, seconds: float = 5.0):
    return exchange("POST", url, {"Authorization": "k"}, {}, seconds)


def drip(connection: socket.socket, head: bytes) -> None:
    """For half a minute, should nobody leave."""
    connection.sendall(head)
    for _ in range(600):
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
    ],
)
def test_a_drip_is_cut_at_the_deadline_wherever_it_drips(head):
    line = Line(lambda connection: drip(connection, head))
    if head:
        answer = ask(line.url, 0.5)
        assert answer.trouble == "APIFRAME did not answer in time."
        assert b"xxx" in answer.body or not head.endswith(b"\r\n\r\n")
    else:
        with pytest.raises(Unknown):
            ask(line.url, 0.5)
    assert line.left.wait(20), "the connection must be closed, not left to drip"


def test_silence_is_cut_at_the_deadline():
    left = threading.Event()

    def listen(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass
        left.set()

    with pytest.raises(Unknown):
        ask(Line(listen).url, 0.5)
    assert left.wait(20)


def test_a_huge_answer_is_cut_at_a_mebibyte_and_costs_no_memory():
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1600):
            connection.sendall(b"x" * 65536)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = ask(Line(flood).url)
    assert "too long" in answer.trouble
    assert len(answer.body) == 1 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024


def test_a_bomb_stays_folded():
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb"
    assert ask(Line(lambda connection: connection.sendall(answer)).url).body == b"bomb"


def test_a_redirect_is_not_followed():
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    assert ask(Line(lambda connection: connection.sendall(answer)).url).status == 302


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/", "nonsense"])
def test_what_could_not_be_sent_is_known_not_to_be(url):
    with pytest.raises(NotSent):
        ask(url)


def test_a_tls_handshake_that_fails_sent_nothing():
    line = Line(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with pytest.raises(NotSent):
        ask(line.url.replace("http:", "https:"))


def test_a_connection_that_ends_after_the_request_left_is_not_known():
    with pytest.raises(Unknown):
        ask(Line(lambda connection: connection.close()).url)


def test_variables_of_the_host_change_nothing(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    seen = []

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    class Hearing(Line):
        def _serve(self, answer) -> None:
            connection, _ = self._socket.accept()
            with connection:
                seen.append(connection.recv(65536))
                answer(connection)

    assert ask(Hearing(answer).url).body == b"{}"
    assert b"Authorization: k\r\n" in seen[0]
    assert b"User-Agent: Extender/" in seen[0], "front doors turn the libraries' own name away"


@pytest.fixture
def proxied(tmp_path, monkeypatch):
    """Starts a proxy that the environment names, and that has APIFRAME's certificate at its other end."""
    made = certificate(tmp_path, "DNS:api.apiframe.test")

    def start(answer: bytes = b"") -> Proxy:
        proxy = Proxy(*made, answer)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.cert))
        return proxy

    return start


APIFRAME = "https://api.apiframe.test/fetch"


def test_a_proxy_is_asked_once_and_never_sees_the_key(proxied, monkeypatch):
    with proxied() as proxy:
        assert ask(APIFRAME).body == b"{}"
        assert ask(APIFRAME).status == 200
        assert [head.split(b"\r\n")[0] for head in proxy.asked] == [b"CONNECT api.apiframe.test:443 HTTP/1.0"] * 2
        assert [b"Authorization: k\r\n" in head for head in proxy.asked + proxy.heard] == [False, False, True, True]
        assert b"Proxy-Authorization" not in b"".join(proxy.heard)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
        with pytest.raises(NotSent, match="REQUESTS_CA_BUNDLE"):
            ask(APIFRAME)


@pytest.mark.parametrize(
    ("answer", "named"),
    [(b"HTTP/1.1 407 Who are you?\r\n\r\n", "HTTPS_PROXY"), (b"HTTP/1.1 200 OK\r\nX-Slow: ", "network")],
)
def test_what_a_proxy_does_not_lead_on_was_not_sent(proxied, answer, named):
    with proxied(answer) as proxy, pytest.raises(NotSent, match=named):
        ask(APIFRAME, 0.5)
    assert len(proxy.asked) == 1


class Tls(Line):
    """A server that agrees on TLS, reads the whole request, and only then breaks the agreement."""

    def __init__(self, tmp_path) -> None:
        key, cert = certificate(tmp_path, "IP:127.0.0.1")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.cert = cert
        self.heard = b""
        super().__init__(None)
        self.url = self.url.replace("http:", "https:")

    def _serve(self, answer) -> None:
        raw, _ = self._socket.accept()
        wrapped = self.context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False)
        self.heard = wrapped.recv(65536)
        # Plain bytes in the middle of TLS: the other side sees an error of TLS, after its request has left.
        os.write(wrapped.fileno(), b"HTTP/1.1 500 Oh\r\n\r\n")
        wrapped.close()


def test_tls_that_fails_after_the_request_left_is_not_taken_for_unsent(tmp_path, monkeypatch):
    server = Tls(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.cert))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(Unknown):
        ask(server.url)
    assert server.heard.startswith(b"POST ")


def test_a_connection_that_comes_after_the_deadline_is_not_used(monkeypatch):
    line = Line(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
    late, look_up = threading.Event(), socket.getaddrinfo

    def slow(*arguments, **more):
        late.wait(0.6)
        return look_up(*arguments, **more)

    # No resolver here can be told to be slow.
    monkeypatch.setattr("socket.getaddrinfo", slow)
    with pytest.raises(NotSent):
        ask(line.url, 0.3)


def test_a_redirect_is_not_even_read(monkeypatch):
    bomb = gzip.compress(b"x" * 50_000_000)
    head = b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    line = Line(lambda connection: connection.sendall(head % len(bomb) + bomb))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = ask(line.url)
    assert answer.status == 302
    assert answer.body == bomb
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024
