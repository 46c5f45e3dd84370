"""A guarded, bounded stream of a clip that lies at somebody else's server."""

import time
from collections.abc import Iterator

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
        adapters = _guarded_adapters()
        self._session = _session(adapters)
        self._ends = time.monotonic() + MAX_SECONDS
        self._timer = cut_in(MAX_SECONDS, *adapters.values())
        try:
            self._response = self._session.get(
                url, stream=True, timeout=READ_SECONDS, headers={"Accept-Encoding": "identity"}
            )
            self._response.raise_for_status()
            self._refuse_lateness()
        except (requests.RequestException, OSError, Unavailable) as error:
            self._timer.cancel()
            self._session.close()
            raise Unavailable from error

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
        self._timer.cancel()
        self._response.close()
        self._session.close()


class _PublicAdapter(CuttableAdapter, IPFilterAdapter):  # type: ignore[misc]  # it has no types
    """Connects to the very address that it has checked to be on the public internet, at every redirect too."""


def _guarded_adapters() -> dict[str, CuttableAdapter]:
    adapters: dict[str, CuttableAdapter] = {"https://": _PublicAdapter(True)}
    if settings.SANDBOX:
        adapters[settings.APIFRAME_BASE_URL + "/"] = CuttableAdapter()
    return adapters


def _session(adapters: dict[str, CuttableAdapter]) -> requests.Session:
    """A session that knows no other way out than `adapters`."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = MAX_REDIRECTS
    session.adapters.clear()
    for prefix, adapter in adapters.items():
        session.mount(prefix, adapter)
    return session
