"""A guarded, bounded stream of a clip that lies at somebody else's server."""

import time
from collections.abc import Iterator
from urllib.parse import urljoin

import requests
from django.conf import settings
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.exceptions import HTTPError

from extender.deadline import CuttableAdapter, cut_in

MAX_BYTES = 200 * 1024 * 1024
MAX_SECONDS = 600
MAX_REDIRECTS = 3
CHUNK_BYTES = 64 * 1024
READ_SECONDS = 10


class Unavailable(Exception):
    """The clip cannot be had from its server now."""


class ClipStream:
    """The bytes of the clip at `url`, as they come. Close it when done.

    Raises `Unavailable` where the address leads anywhere but to a public https server (or the sandbox), or where
    that server does not answer with the file.
    """

    def __init__(self, url: str) -> None:
        self._ways = _ways_out()
        self._ends = time.monotonic() + MAX_SECONDS
        self._timer = cut_in(MAX_SECONDS, *self._ways.values())
        try:
            self._response = self._open(url)
            self._refuse_lateness()
        except (requests.RequestException, HTTPError, OSError, ValueError, Unavailable) as error:
            self._let_go()
            raise Unavailable from error

    def _open(self, url: str) -> requests.Response:
        for _ in range(1 + MAX_REDIRECTS):
            prepared = requests.Request("GET", url, {"Accept-Encoding": "identity"}).prepare()
            response = self._way_to(str(prepared.url)).exchange(prepared, (READ_SECONDS, READ_SECONDS))
            if not response.is_redirect:
                response.raise_for_status()
                return response
            # Neither followed by a library nor read: each step is checked like the first.
            response.close()
            url = urljoin(str(prepared.url), response.headers["Location"])
        raise Unavailable("the clip was redirected too often")

    def _way_to(self, url: str) -> CuttableAdapter:
        for prefix, adapter in self._ways.items():
            if url.startswith(prefix):
                return adapter
        raise Unavailable("the clip's address leads elsewhere")

    @property
    def length(self) -> str | None:
        """How many bytes its server announces, if it does."""
        return self._response.headers.get("Content-Length")

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        try:
            while chunk := self._response.raw.read1(CHUNK_BYTES, decode_content=False):
                sent += len(chunk)
                if sent > MAX_BYTES:
                    raise Unavailable("the clip is too large")
                yield chunk
        except (HTTPError, OSError) as error:
            raise Unavailable("the clip broke off") from error
        self._refuse_lateness()

    def _refuse_lateness(self) -> None:
        # What was cut looks like what has ended. An error shows the browser a broken download, not a short film.
        if time.monotonic() > self._ends:
            raise Unavailable("the clip came too slowly")

    def close(self) -> None:
        """Lets the connection go."""
        self._response.close()
        self._let_go()

    def _let_go(self) -> None:
        self._timer.cancel()
        for adapter in self._ways.values():
            adapter.close()


class _PublicAdapter(CuttableAdapter, IPFilterAdapter):  # type: ignore[misc]  # it has no types
    """Connects to the very address that it has checked to be on the public internet, at every redirect too."""


def _ways_out() -> dict[str, CuttableAdapter]:
    """By the beginning of an address, the way to it; there is no other."""
    ways: dict[str, CuttableAdapter] = {"https://": _PublicAdapter(True)}
    if settings.SANDBOX:
        ways[settings.APIFRAME_BASE_URL + "/"] = CuttableAdapter()
    return ways
