"""A guarded, bounded stream of a file that lies at somebody else's server."""

import http.client
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any, cast
from urllib.parse import urljoin

import requests
from django.template.defaultfilters import filesizeformat
from urllib3.exceptions import HTTPError, NewConnectionError

from extender.network.addresses import may_be_fetched, target_of
from extender.network.connecting import by_number, connect
from extender.network.deadline import CuttableAdapter
from extender.network.errors import (
    LEADS_ELSEWHERE,
    SAYS_WHY,
    Barred,
    Refused,
    TooLarge,
    Unavailable,
    explained,
    of_status,
)
from extender.network.pace import Limits, Watch
from extender.network.unpacking import PACKINGS, unpacked

MAX_SECONDS = 600
# The slowest line that can carry 200 MB in that time is 150 times as fast: whoever is slower is stuck or drips.
PACE_SECONDS, PACE_BYTES = 30, 64 * 1024
STALL_SECONDS = 10
# A server that keeps the connection open although it was asked to close it has this long to send more than it said.
MORE_SECONDS = 0.5
MAX_REDIRECTS = 3
# What two proxies may each have packed.
MOST_PACKINGS = 2
CHUNK_BYTES = 64 * 1024
REASON_BYTES = 4096
HEADERS = {"Accept-Encoding": "identity", "Connection": "close"}


class GuardedStream:
    """The bytes of the file at `url`, as they come, once. Close it when done; it is a context manager too.

    Opening and iterating raise `Refused` where the address leads anywhere but to a public https server or
    `excepted_origin` ("http://127.0.0.1:8791"), `Gone` where that server has it no more, `Barred` where it keeps us
    out, `TooLarge`, and `Unavailable` for all else: what came before an error is not the file. At most `max_bytes`
    come, in `MAX_SECONDS`; a silence of `STALL_SECONDS` and less than `PACE_BYTES` in `PACE_SECONDS` of waiting end
    it. A body without an announced length that ends early cannot be told from a whole one.
    """

    length: int | None
    """How many bytes its server announces, if it does, and does not pack them; then that many come, or an error."""

    def __init__(self, url: str, max_bytes: int, excepted_origin: str | None = None) -> None:
        self._max_bytes, self._excepted_origin = max_bytes, excepted_origin
        self._adapters = _adapters(excepted_origin)
        self._watch = Watch(self._adapters.values(), Limits(MAX_SECONDS, PACE_SECONDS, PACE_BYTES))
        self._held = ExitStack()
        self._held.callback(self._watch.stop)
        for adapter in self._adapters.values():
            self._held.callback(adapter.close)
        try:
            with self._watch.waiting():
                self._response = self._held.enter_context(self._open(url))
                _check(self._response)
            self._packings = _packings_of(self._response)
            self._announced = self._announcement()
            self.length = None if self._packings else self._announced
            self._refuse_lateness()
        except (requests.RequestException, HTTPError, OSError, ValueError, Unavailable) as error:
            self.close()
            raise self._late() or explained(error) from error

    def _open(self, url: str) -> requests.Response:
        for _ in range(1 + MAX_REDIRECTS):
            self._adapter = self._adapter_for(url)
            prepared = requests.Request("GET", url, HEADERS).prepare()
            self._adapter.target = target_of(url)
            response = self._adapter.exchange(prepared, (STALL_SECONDS, STALL_SECONDS))
            if not response.is_redirect:
                return response
            # Neither followed by a library nor read: each step is checked like the first.
            response.close()
            url = _joined(url, response.headers["Location"])
        raise Refused("It was redirected too often.")

    def _adapter_for(self, url: str) -> "_WholeAdapter":
        if may_be_fetched(url, self._excepted_origin):
            for prefix, adapter in self._adapters.items():
                if url.lower().startswith(prefix):
                    return adapter
        raise Refused(LEADS_ELSEWHERE)

    def _announcement(self) -> int | None:
        headers = self._response.headers
        text = headers.get("Content-Length")
        if text is None or "Transfer-Encoding" in headers:
            return None
        if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
            raise Unavailable("Its server's answer makes no sense.")
        if int(text) > self._max_bytes:
            raise self._too_large()
        return int(text)

    def __iter__(self) -> Iterator[bytes]:
        chunks = self._bounded(self._as_sent())
        for packing in self._packings:
            chunks = self._bounded(unpacked(chunks, packing))
        try:
            yield from chunks
        except ValueError as error:
            raise Unavailable("It was packed, and cannot be unpacked whole.") from error

    def _bounded(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > self._max_bytes:
                raise self._too_large()
            yield chunk
        if size == 0:
            raise Unavailable("It is empty.")

    def _as_sent(self) -> Iterator[bytes]:
        received = 0
        while chunk := self._next(received):
            received += len(chunk)
            if self._announced is not None and received > self._announced:
                raise Unavailable("It is longer than its server announced.")
            yield chunk
            if received == self._announced:
                # Only the connection's end shows that nothing more comes.
                self._adapter.wait_at_most(MORE_SECONDS)
        self._refuse_lateness()
        if self._announced is not None and received < self._announced:
            raise self._broken_off(received)

    def _next(self, received: int) -> bytes:
        """The next bytes, b"" at the end."""
        try:
            with self._watch.waiting():
                chunk: bytes = self._response.raw.read1(CHUNK_BYTES, decode_content=False)
        except (HTTPError, OSError, ValueError) as error:
            if received == self._announced:
                return b""
            stalled = str(explained(error)) == "Its server stalled."
            raise self._late() or (explained(error) if stalled else self._broken_off(received)) from error
        self._watch.received(len(chunk))
        return chunk

    def _broken_off(self, received: int) -> Unavailable:
        whole = "" if self._announced is None else f" of {_size(self._announced)}"
        return Unavailable(f"It broke off after {_size(received)}{whole}.")

    def _too_large(self) -> TooLarge:
        return TooLarge(f"It is larger than {self._max_bytes >> 20} MB.")

    def _late(self) -> Unavailable | None:
        return Unavailable(self._watch.verdict) if self._watch.verdict else None

    def _refuse_lateness(self) -> None:
        # What was cut looks like what has ended. An error shows the browser a broken download, not a short film.
        if late := self._late():
            raise late

    def close(self) -> None:
        """Lets the connection go."""
        self._held.close()

    def __enter__(self) -> "GuardedStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check(response: requests.Response) -> None:
    if response.status_code != 200:
        says_why = response.status_code in SAYS_WHY
        raise of_status(
            response.status_code, response.raw.read1(REASON_BYTES, decode_content=False) if says_why else b""
        )


def _packings_of(response: requests.Response) -> list[str]:
    """How it is packed although it was asked for as it is, the last first. Raises `Barred` for what is not known."""
    packings = response.headers.get("Content-Encoding", "").lower().replace(" ", "").split(",")
    packings = [name for name in packings if name not in ("", "identity")]
    framing = response.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if framing != "chunked" or not PACKINGS.issuperset(packings) or len(packings) > MOST_PACKINGS:
        raise Barred("Its host sends this server a packing of it that cannot be read here.")
    return packings[::-1]


def _joined(url: str, location: str) -> str:
    """Where a redirect leads. `urljoin` drops tabs and line ends in silence, so they are looked for before."""
    try:
        text = location.encode("latin-1").decode()  # http.client reads every header as Latin-1
        if text.isprintable():
            return urljoin(url, text)
    except ValueError:
        pass
    raise Refused(LEADS_ELSEWHERE)


def _size(count: int) -> str:
    return filesizeformat(count).replace("\xa0", " ")


class _ToTheEnd(http.client.HTTPResponse):
    """Reads until the connection ends: what goes on after its announced length would be dropped in silence."""

    def begin(self) -> None:
        super().begin()
        if self.length:
            self.length = None


class _WholeAdapter(CuttableAdapter):
    """A way out whose answers are read to their ends, to be compared with what was announced.

    The libraries spell an address in their own way; `target` goes out as it is.
    """

    target = "/"

    def kind_of(self, connection: Any) -> Any:
        adapter = self

        class Exact(connection):  # type: ignore[misc]
            response_class = _ToTheEnd

            def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
                super().putrequest(method, adapter.target, *args, **kwargs)

        return Exact

    def exchange(self, prepared: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        response = super().exchange(prepared, timeout)
        # urllib3 keeps count of it as well, and closes at the last byte that was announced.
        response.raw.length_remaining = None
        return response


class _PublicAdapter(_WholeAdapter):
    """Connects to the very number that it has checked to be on the public internet, at every redirect too.

    A proxy is asked for that number as well, and never for a name; whom TLS shows to be there must have the name.
    """

    def kind_of(self, connection: Any) -> Any:
        class Public(super().kind_of(connection)):  # type: ignore[misc]
            _tunnel_host: str | None

            def connect(self) -> None:
                if not self._tunnel_host:
                    return super().connect()
                return by_number(self._tunnel_host, self._tunnel_port, self._connect_through)

            def _connect_through(self, number: str) -> None:
                self._number = number
                super().connect()

            def _tunnel(self) -> None:
                name, self._tunnel_host = self._tunnel_host, self._number
                try:
                    super()._tunnel()
                finally:
                    self._tunnel_host = name

            def _new_conn(self) -> socket.socket:
                if self._tunnel_host:
                    return cast(socket.socket, super()._new_conn())
                try:
                    return connect(self.host, self.port, socket_options=self.socket_options)
                except OSError as error:
                    raise NewConnectionError(self, "No public number answers.") from error

        return Public


def _adapters(excepted_origin: str | None) -> dict[str, _WholeAdapter]:
    """By the beginning of an address, the way to it; there is no other."""
    excepted: dict[str, _WholeAdapter] = {f"{excepted_origin}/": _WholeAdapter()} if excepted_origin else {}
    return {**excepted, "https://": _PublicAdapter()}
