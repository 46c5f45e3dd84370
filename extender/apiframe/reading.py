"""Reads a body of APIFRAME's, an answer's or a webhook's, as far as it goes and whatever its labels say."""

import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from extender.apiframe.redaction import kept_of

MAX_BYTES = 1024 * 1024
# What two proxies may each have packed.
MOST_LAYERS = 2
CHUNK_BYTES = 256
GZIP_OR_ZLIB, BARE_DEFLATE = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS
READABLE = {"", "identity", "gzip", "x-gzip", "deflate"}
# What stands around JSON now and then, and is none of it.
# Before JSON there may be a guard, a call, or a warning of a few words. A page is none of these.
BEFORE_JSON = re.compile(r"[^<{\[=\ufffd\x00-\x08]{0,200}(?=[{\[])|\)\]\}',?\s*(?=[{\[])")
MOST_IN_A_ROW = 50
OF_FORMS = ("task_id", "taskId", "payload", "data", "body", "task")
DECODER = json.JSONDecoder()
AROUND = "\0 \t\r\n\ufeff"


@dataclass(frozen=True)
class Body:
    """A body as it was read."""

    said: Any
    """Its JSON; None where it is none that can be read."""
    text: str
    """It as text, unpacked: for the record, once `kept` has cut it."""

    def kept(self, *secrets: str) -> str:
        """Its first 2 KiB for the record, without `secrets` and what else must not be read there."""
        return kept_of(self.text, *secrets)


def read(came: bytes, packing: str | None = None, most: int = MAX_BYTES) -> Body:
    """Reads what `came`, unpacked to at most `most` bytes; `packing` is its Content-Encoding, where it has one."""
    packings = {name.strip() for name in (packing or "").lower().split(",")}
    for _ in range(MOST_LAYERS):
        came = _unpacked(came, most)
    for encoding in ("utf-8", json.detect_encoding(came)):
        text = came.decode(encoding, "replace").strip(AROUND)
        with suppress(ValueError, RecursionError):
            return Body(_spelt_out(_parsed(text)), text)
    unreadable = ", ".join(sorted(packings - READABLE))
    note = f"in a packing that cannot be read here: {unreadable[:80]}\n" if unreadable else ""
    return Body(None, note + came.decode("utf-8", "backslashreplace").strip(AROUND))


def _parsed(text: str) -> Any:
    """The JSON that `text` is; or that stands in it alone, behind a few words that are no page, or before others.

    Of several objects in a row, a list. Raises `ValueError`.
    """
    with suppress(ValueError):
        return json.loads(text)
    before = BEFORE_JSON.match(text)
    if before is None:
        return _of_form(text)
    found: list[Any] = []
    at = before.end()
    while len(found) < MOST_IN_A_ROW and text[at : at + 1] in ("{", "["):
        said, at = DECODER.raw_decode(text, at)
        found.append(said)
        at += len(text[at:]) - len(text[at:].lstrip(AROUND))
    return found if len(found) > 1 else found[0]


def _of_form(text: str) -> dict[str, str]:
    """The fields of a form, where they are such as a task has."""
    fields = dict(parse_qsl(text, strict_parsing=True, max_num_fields=MOST_IN_A_ROW))
    if fields.keys().isdisjoint(OF_FORMS):
        raise ValueError("no form of a task's")
    return fields


def _spelt_out(said: Any) -> Any:
    """`said`, or the JSON that it is a text of."""
    return json.loads(said) if isinstance(said, str) else said


def _unpacked(came: bytes, most: int) -> bytes:
    """`came` without one layer of gzip or deflate, up to where it breaks off; as it is where it has none."""
    # JSON begins with neither of these.
    if came[:1] in (b"\x1f", b"x"):
        unpacked = _inflated(came, GZIP_OR_ZLIB, most)
        return unpacked if unpacked.strip(AROUND.encode()) else came
    # Deflate without zlib's frame has no such first byte: what it holds has to tell.
    bare = b"" if _is_text(came) else _inflated(came, BARE_DEFLATE, most)
    return bare if bare.lstrip(AROUND.encode())[:1] in (b"{", b"[", b"<") else came


def _inflated(came: bytes, window: int, most: int) -> bytes:
    unpacker, unpacked = zlib.decompressobj(window), bytearray()
    with suppress(zlib.error):
        for start in range(0, len(came), CHUNK_BYTES):
            unpacked += unpacker.decompress(came[start : start + CHUNK_BYTES], most - len(unpacked))
            if len(unpacked) >= most:
                break
    return bytes(unpacked)


def _is_text(came: bytes) -> bool:
    with suppress(UnicodeDecodeError):
        came.decode()
        return True
    return False
