"""A guarded, bounded stream of a clip that lies at somebody else's server."""

import time
from collections.abc import Iterator

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter_adapter import IPFilterAdapter

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
        self._session = _guarded_session()
        self._ends = time.monotonic() + MAX_SECONDS
        try:
            self._response = self._session.get(
                url, stream=True, timeout=READ_SECONDS, headers={"Accept-Encoding": "identity"}
            )
            self._response.raise_for_status()
        except requests.RequestException as error:
            self._session.close()
            raise Unavailable from error

    @property
    def length(self) -> str | None:
        """How many bytes its server announces, if it does."""
        return self._response.headers.get("Content-Length")

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for chunk in self._response.iter_content(CHUNK_BYTES):
            sent += len(chunk)
            if sent > MAX_BYTES or time.monotonic() > self._ends:
                # An error, so that the browser sees a broken download and not a short film.
                raise Unavailable("the clip is too large, or comes too slowly")
            yield chunk

    def close(self) -> None:
        """Lets the connection go."""
        self._response.close()
        self._session.close()


def _guarded_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = MAX_REDIRECTS
    session.adapters.clear()
    # It connects to the very address that it has checked, at every redirect too.
    session.mount("https://", IPFilterAdapter(is_https_proto=True))
    if settings.SANDBOX:
        session.mount(settings.APIFRAME_BASE_URL + "/", HTTPAdapter())
    return session
