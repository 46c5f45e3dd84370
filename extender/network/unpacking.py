"""Undoes what a file was packed in on its way although it was asked for as it is: gzip and deflate, as it comes."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

PIECE_BYTES = 64 * 1024
# Enough to tell whether it is packed at all.
SEEN_BYTES = 64
PACKINGS = {"gzip", "x-gzip", "deflate"}
GZIP_OR_ZLIB, BARE_DEFLATE = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS


def unpacked(chunks: Iterable[bytes], packing: str) -> Iterator[bytes]:
    """What `chunks` hold packed as `packing`, in pieces of at most 64 KiB; what is not packed comes as it is.

    Raises `ValueError` where it is damaged, or ends too early.
    """
    source, start = iter(chunks), b""
    while len(start) < SEEN_BYTES and (chunk := next(source, b"")):
        start += chunk
    window = _window(start, packing)
    return chain([start], source) if window is None else _inflated(chain([start], source), window)


def _window(start: bytes, packing: str) -> int | None:
    """How zlib reads what begins so; None for what is not packed."""
    if start.startswith(b"\x1f\x8b") or (start[:1] == b"x" and int.from_bytes(start[:2]) % 31 == 0):
        return GZIP_OR_ZLIB
    if packing != "deflate":
        return None
    try:
        return BARE_DEFLATE if zlib.decompressobj(BARE_DEFLATE).decompress(start) else None
    except zlib.error:
        return None


def _inflated(chunks: Iterable[bytes], window: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(window)
    for packed in chunks:
        # Several may follow each other, and then a tape's padding.
        while packed := packed.lstrip(b"\0") if unpacker.eof else packed:
            unpacker = zlib.decompressobj(window) if unpacker.eof else unpacker
            yield from _pieces(unpacker, packed)
            packed = unpacker.unused_data
    if not unpacker.eof:
        raise ValueError("it ends too early")


def _pieces(unpacker: Any, packed: bytes) -> Iterator[bytes]:
    try:
        while piece := unpacker.decompress(packed, PIECE_BYTES):
            yield piece
            packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise ValueError("it is damaged") from error
