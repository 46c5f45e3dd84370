"""One HTTP exchange, bounded in time and in size, that knows whether anything left this machine."""

import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from extender.apiframe.errors import NotSent, Unknown
from extender.network.deadline import CuttableAdapter, cut_in

CONNECT_SECONDS = 5
MAX_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
# The libraries' own name is what front doors turn away.
USER_AGENT = "Extender/0.1"
INCOMPLETE = "APIFRAME's answer was missing or incomplete."
UNREACHED = "APIFRAME could not be reached: check this server’s network, its DNS, and APIFRAME_BASE_URL."
BY_PROXY = "This server’s proxy does not lead to APIFRAME: check the proxy, HTTPS_PROXY, and APIFRAME_BASE_URL."
UNTRUSTED = (
    "APIFRAME shows no certificate that this server trusts: where a proxy shows one of its own, name its authority in"
    " REQUESTS_CA_BUNDLE."
)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers, and a body of at most 1 MiB, packed as it came."""

    status: int
    headers: Any
    body: bytes
    trouble: str = ""
    """Why there is no more of the body, where there should be: a sentence for the owner."""


def exchange(
    method: str, url: str, headers: dict[str, str], body: Any, seconds: float, files: dict[str, Any] | None = None
) -> Answer:
    """Sends one request on a fresh connection, once, and reads the answer within `seconds`.

    `body` goes as JSON; `files`, as `requests` takes them, go in its place as multipart.
    Raises `NotSent` when no byte of the request left, and `Unknown` when it may have arrived and no answer came. No
    session, so no .netrc of the host can replace the Authorization header.
    """
    # No compression is asked for: a small answer could unfold to gigabytes.
    headers = {**headers, "User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    with closing(CuttableAdapter(max_retries=0)) as adapter:
        deadline = time.monotonic() + seconds
        timer = cut_in(seconds, adapter)
        try:
            prepared = requests.Request(method, url, headers, json=body, files=files).prepare()
            return _read(adapter.exchange(prepared, (min(CONNECT_SECONDS, seconds), seconds)), deadline)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            # The kind of error does not tell: TLS can fail after the request as well as before it.
            if not adapter.connected:
                raise NotSent(_why_unreached(error)) from error
            raise Unknown(INCOMPLETE) from error
        finally:
            timer.cancel()


def _why_unreached(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ProxyError):
        return BY_PROXY
    return UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else UNREACHED


def _read(response: requests.Response, deadline: float) -> Answer:
    read, trouble = bytearray(), ""
    with response:
        try:
            while len(read) <= MAX_BYTES and (chunk := response.raw.read1(CHUNK_BYTES, decode_content=False)):
                read += chunk
        except (HTTPError, OSError):
            trouble = INCOMPLETE
    if len(read) > MAX_BYTES:
        trouble = "APIFRAME's answer was too long."
    # What was cut looks like what has ended.
    if time.monotonic() > deadline:
        trouble = "APIFRAME did not answer in time."
    return Answer(response.status_code, response.headers, bytes(read[:MAX_BYTES]), trouble)
