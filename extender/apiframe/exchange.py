"""One HTTP exchange, bounded in time and in size, that knows whether anything left this machine.

A timeout of `requests` bounds each read, not their sum: a server that sends a byte a second would hold a thread for
hours. So the connection is shut at the deadline from outside, whatever it is doing.
"""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from extender.apiframe.errors import NotSent, Unknown

CONNECT_SECONDS = 5
MAX_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whole: its status, its headers and its body, undecoded, of at most 1 MiB."""

    status: int
    headers: Any
    body: bytes


class _CuttableAdapter(HTTPAdapter):
    """Remembers the connection that it opens, so that it can be cut while it is read from."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self._connection: Any = None

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        adapter = self

        class Watched(pool.ConnectionCls):  # type: ignore[name-defined, misc]  # http or https
            def connect(self) -> None:
                adapter._connection = self
                super().connect()

        pool.ConnectionCls = Watched
        return pool

    def cut(self) -> None:
        """Ends the exchange now; the thread that reads sees the connection end."""
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def exchange(method: str, url: str, headers: dict[str, str], body: Any, seconds: float) -> Answer:
    """Sends one request on a fresh connection, once, and reads the whole answer within `seconds`.

    Raises `NotSent` when no byte of the request left, and `Unknown` when it may have arrived.
    """
    with requests.Session() as session:
        # A .netrc or a proxy variable of the host would replace the Authorization header, or the destination.
        session.trust_env = False
        adapter = _CuttableAdapter()
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        timer = threading.Timer(seconds, adapter.cut)
        timer.daemon = True
        timer.start()
        try:
            return _read(session, method, url, headers, body, time.monotonic() + seconds)
        except requests.RequestException as error:
            raise _sorted(error) from error
        except (HTTPError, OSError) as error:
            raise Unknown("The connection to APIFRAME was lost before its answer was complete.") from error
        finally:
            timer.cancel()


def _read(
    session: requests.Session, method: str, url: str, headers: dict[str, str], body: Any, deadline: float
) -> Answer:
    response = session.request(
        method,
        url,
        json=body,
        # No compression: a small answer could otherwise unfold to gigabytes.
        headers={**headers, "Accept-Encoding": "identity", "Connection": "close"},
        timeout=(CONNECT_SECONDS, max(0.1, deadline - time.monotonic())),
        stream=True,
        allow_redirects=False,
    )
    with response:
        read = bytearray()
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
            read += chunk
            if len(read) > MAX_BYTES:
                raise Unknown("APIFRAME's answer was too long to be one.")
        if time.monotonic() > deadline:
            raise Unknown("APIFRAME did not answer in time.")
        return Answer(response.status_code, response.headers, bytes(read))


def _sorted(error: requests.RequestException) -> NotSent | Unknown:
    """Whether anything can have left: not where no connection came about, nor where TLS was not agreed on."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError | SSLError) or isinstance(error, ValueError):
        return NotSent("APIFRAME could not be reached.")
    return Unknown("APIFRAME did not answer in time.")
