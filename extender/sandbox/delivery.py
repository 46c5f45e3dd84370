"""Sends an answer's bytes: plainly, or in one of the cruel ways."""

import struct
import time
import zlib
from http.server import BaseHTTPRequestHandler

from extender.sandbox import answers
from extender.sandbox.answers import Answer

MEGABYTE = 1 << 20
HUGE_BYTES = 100 * MEGABYTE
BOMB_BYTES = 1024 * MEGABYTE
DRIP_SECONDS = 1.0
MISSING_BYTES = 100  # of an answer that is cut

# A short JSON body can be stretched by blanks after its first brace and stay the same JSON.
_BLANKS = b" " * MEGABYTE


def send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Sends `answer`. OSError when the client is gone."""
    if answer.delivery == answers.HANG_UP:
        handler.close_connection = True
    elif answer.delivery == answers.DRIP:
        _drip(handler, answer)
    elif answer.delivery == answers.HUGE:
        _huge(handler, answer)
    elif answer.delivery == answers.GZIP_BOMB and handler.command != "HEAD":
        _gzip_bomb(handler, answer)
    else:
        handler.close_connection |= answer.delivery == answers.CUT
        head(handler, answer, len(answer.body) + MISSING_BYTES * (answer.delivery == answers.CUT))
        if handler.command != "HEAD":
            handler.wfile.write(answer.body)
        handler.wfile.flush()


def head(handler: BaseHTTPRequestHandler, answer: Answer, length: int | None, **more: str) -> None:
    """Sends the status and the headers. Without a length the connection's end is the body's end."""
    handler.send_response(answer.status)
    if answer.type is not None:
        handler.send_header("Content-Type", answer.type)
    for name, text in {**answer.headers, **more}.items():
        handler.send_header(name.replace("_", "-"), text)
    if length is None:
        handler.close_connection = True
    else:
        handler.send_header("Content-Length", str(length))
    if handler.close_connection:
        handler.send_header("Connection", "close")
    handler.end_headers()


def _drip(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.close_connection = True
    status = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: {answer.type}\r\nConnection: close\r\n"
    whole = f"{status}Content-Length: {len(answer.body)}\r\n\r\n".encode() + answer.body
    for byte in whole:
        handler.wfile.write(bytes((byte,)))
        handler.wfile.flush()
        time.sleep(DRIP_SECONDS)


def _huge(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.close_connection = True
    head(handler, answer, HUGE_BYTES + len(answer.body))
    handler.wfile.write(answer.body[:1])
    for _ in range(HUGE_BYTES // MEGABYTE):
        handler.wfile.write(_BLANKS)
    handler.wfile.write(answer.body[1:])
    handler.wfile.flush()


def _gzip_bomb(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """A block of blanks is packed once and sent a thousand times: a bomb should not cost its sender."""
    head(handler, answer, None, Content_Encoding="gzip")
    first, last = answer.body[:1], answer.body[1:]
    block = _deflated(_BLANKS, zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(first)
    handler.wfile.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + _deflated(first, zlib.Z_FULL_FLUSH))
    for _ in range(BOMB_BYTES // MEGABYTE):
        handler.wfile.write(block)
        checksum = zlib.crc32(_BLANKS, checksum)
    size = len(answer.body) + BOMB_BYTES
    trailer = struct.pack("<II", zlib.crc32(last, checksum), size & 0xFFFFFFFF)
    handler.wfile.write(_deflated(last, zlib.Z_FINISH) + trailer)
    handler.wfile.flush()


def _deflated(raw: bytes, ending: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(raw) + packer.flush(ending)
