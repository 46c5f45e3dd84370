"""One HTTP exchange, bounded in time and in size, that knows whether anything left this machine."""

import time
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from extender.apiframe.errors import NotSent, Unknown
from extender.deadline import CuttableAdapter, cut_in

CONNECT_SECONDS = 5
MAX_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whole: its status, its headers and its body, undecoded, of at most 1 MiB."""

    status: int
    headers: Any
    body: bytes


def exchange(method: str, url: str, headers: dict[str, str], body: Any, seconds: float) -> Answer:
    """Sends one request on a fresh connection, once, and reads the whole answer within `seconds`.

    Raises `NotSent` when no byte of the request left, and `Unknown` when it may have arrived.
    """
    with requests.Session() as session:
        # A .netrc or a proxy variable of the host would replace the Authorization header, or the destination.
        session.trust_env = False
        adapter = CuttableAdapter(max_retries=0)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        timer = cut_in(seconds, adapter)
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
    left = max(0.1, deadline - time.monotonic())
    response = session.request(
        method,
        url,
        json=body,
        # No compression: a small answer could otherwise unfold to gigabytes.
        headers={**headers, "Accept-Encoding": "identity", "Connection": "close"},
        timeout=(min(CONNECT_SECONDS, left), left),
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
