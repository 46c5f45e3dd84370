"""One HTTP exchange, bounded in time and in size, that knows whether anything left this machine."""

import time
import zlib
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
PACKINGS = {"gzip", "x-gzip", "deflate"}
# The libraries' own name is what front doors turn away.
USER_AGENT = "Extender/0.1"
UNREACHED = "APIFRAME could not be reached: check this server’s network, its DNS, and APIFRAME_BASE_URL."


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whole: status, headers, and a body of at most 1 MiB, unpacked where it fits in that."""

    status: int
    headers: Any
    body: bytes


def exchange(
    method: str, url: str, headers: dict[str, str], body: Any, seconds: float, files: dict[str, Any] | None = None
) -> Answer:
    """Sends one request on a fresh connection, once, and reads the whole answer within `seconds`.

    `body` goes as JSON; `files`, as `requests` takes them, go in its place as multipart.
    Raises `NotSent` when no byte of the request left, and `Unknown` when it may have arrived. No session, so neither
    a .netrc nor a proxy variable of the host can replace the Authorization header or the destination.
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
                raise NotSent(UNREACHED) from error
            raise Unknown("APIFRAME's answer was missing or incomplete.") from error
        finally:
            timer.cancel()


def _read(response: requests.Response, deadline: float) -> Answer:
    with response:
        read = bytearray()
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
            read += chunk
            if len(read) > MAX_BYTES:
                raise Unknown("APIFRAME's answer was too long.")
        # What was cut looks like what has ended.
        if time.monotonic() > deadline:
            raise Unknown("APIFRAME did not answer in time.")
        return Answer(response.status_code, response.headers, _unpacked(bytes(read), response.headers))


def _unpacked(body: bytes, headers: Any) -> bytes:
    """`body` without the compression that its headers name; as it came where that is another, or a bomb."""
    if headers.get("Content-Encoding", "").strip().lower() not in PACKINGS:
        return body
    # 32: whether gzip or zlib, the first bytes tell.
    unpacker = zlib.decompressobj(32 + zlib.MAX_WBITS)
    try:
        unpacked = unpacker.decompress(body, MAX_BYTES)
    except zlib.error:
        return body
    return unpacked if unpacker.eof else body
