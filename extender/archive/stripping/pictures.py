"""What pictures say, in a PNG, a JPEG or a WebP: each is made anew of the parts that stay."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Literal

from extender.archive.stripping import parts
from extender.archive.stripping.parts import CHUNK_BYTES, overwrite, read

SEARCHED_BYTES = 8192  # at once, for the end of a scan, of which a file may have many

PNG = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT pHYs bKGD acTL fcTL fdAT"
WEBP_KEPT = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
WEBP_SAYS_MORE = 0x0C  # the flags that announce Exif and XMP
# Of a JPEG: its own head, its colours, and how these are packed.
JPEG_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
# Without what may fill up before it, \xff any number of times: from each of these a search would begin anew.
JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
JPEG_FILL = b"\xff\xff"
JPEG_TOLD = {*range(0xE0, 0xF0), 0xFE} - JPEG_KEPT.keys()
EXIF = b"Exif\0\0"
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
ORIENTATION = 0x0112

# Of a picture made anew: what it is made of, new bytes or where old ones lie.
Piece = bytes | range


class _CutOff(Exception):
    """The file ends, or turns into nonsense, before it should."""


def remake(file: BinaryIO, end: int, pieces: Iterator[Piece]) -> bool:
    """Makes the file of these pieces. None of them may come to lie behind where it begins in the file."""
    try:
        kept = list(pieces)
    except _CutOff:
        return False
    changed, to = False, 0
    for piece in kept:
        if isinstance(piece, bytes):
            changed |= overwrite(file, to, piece)
        elif piece.start != to:
            for offset in range(0, len(piece), CHUNK_BYTES):
                content = read(file, piece.start + offset, min(CHUNK_BYTES, len(piece) - offset))
                changed |= overwrite(file, to + offset, content)
        to += len(piece)
    if to != end:
        file.truncate(to)
        changed = True
    return changed


def _chunks(
    file: BinaryIO, at: int, end: int, order: Literal["big", "little"], around: int
) -> Iterator[tuple[bytes, range]]:
    """Each chunk of a PNG or WebP from `at` on: its kind, and all of it, `around` bytes beside its content too."""
    for _ in range(parts.MOST_PARTS):
        if at >= end:
            return
        head = read(file, at, 8)
        kind, size = (head[4:], head[:4]) if order == "big" else (head[:4], head[4:])
        length = int.from_bytes(size, order) + around
        length += length % 2 if order == "little" else 0
        if length > end - at:
            raise _CutOff
        yield kind, range(at, at + length)
        at += length
        if kind == b"IEND":
            return
    raise _CutOff


def png(file: BinaryIO, end: int) -> Iterator[Piece]:
    """What stays of a PNG."""
    yield PNG
    kept = PNG_KEPT.split()
    for kind, chunk in _chunks(file, len(PNG), end, "big", 12):
        if kind in kept:
            yield chunk


def webp(file: BinaryIO, end: int) -> Iterator[Piece]:
    """What stays of a WebP."""
    head = read(file, 0, 12)
    if head[8:] != b"WEBP":
        raise _CutOff
    end = min(end, 8 + int.from_bytes(head[4:8], "little"))
    kept: list[Piece] = []
    for kind, chunk in _chunks(file, 12, end, "little", 8):
        if kind == b"VP8X" and len(chunk) > 8:
            flags = read(file, chunk.start + 8, 1)[0] & ~WEBP_SAYS_MORE
            kept += [chunk[:8], bytes([flags]), chunk[9:]]
        elif kind in WEBP_KEPT:
            kept.append(chunk)
    yield b"RIFF" + (4 + sum(map(len, kept))).to_bytes(4, "little") + b"WEBP"
    yield from kept


def jpeg(file: BinaryIO, end: int) -> Iterator[Piece]:
    """What stays of a JPEG."""
    yield range(2)
    at = 2
    for _ in range(parts.MOST_PARTS):
        head = read(file, at, 4)
        if head.startswith(JPEG_FILL):
            yield range(at, at + 1)
            at += 1
            continue
        if not JPEG_MARKER.match(head):
            break
        marker, ends = head[1], at + 2 + int.from_bytes(head[2:])
        if marker == END_OF_IMAGE:
            yield range(at, at + 2)
            return
        content = read(file, at + 4, max(0, ends - at - 4))
        if marker == START_OF_SCAN:
            ends = _scan_end(file, ends, end)
        if marker == 0xE1 and content.startswith(EXIF):
            turned = _turned(_orientation(content[len(EXIF) :]))
            # One that is shorter than it has to be says nothing.
            yield turned if len(turned) <= ends - at else b""
        elif content.startswith(JPEG_KEPT.get(marker, b"")) and marker not in JPEG_TOLD:
            yield range(at, ends)
        at = ends
    raise _CutOff


def _scan_end(file: BinaryIO, at: int, end: int) -> int:
    """Where the pictures end that begin at `at`: before the next marker, or with the file."""
    for begins in range(at, end, SEARCHED_BYTES):
        if found := JPEG_MARKER.search(read(file, begins, SEARCHED_BYTES + 1)):
            return begins + found.start()
    return end


def _orientation(tiff: bytes) -> int:
    """How a picture stands, by its Exif: 1 to 8."""
    order: Literal["big", "little"] = "little" if tiff.startswith(b"II") else "big"
    at = int.from_bytes(tiff[4:8], order)
    ends = at + 2 + 12 * int.from_bytes(tiff[at : at + 2], order)
    for entry in range(at + 2, min(ends, len(tiff)), 12):
        if int.from_bytes(tiff[entry : entry + 2], order) == ORIENTATION:
            return int.from_bytes(tiff[entry + 8 : entry + 10], order)
    return 1


def _turned(orientation: int) -> bytes:
    """An Exif that says how a picture stands and nothing else; nothing where it stands upright."""
    if orientation not in range(2, 9):
        return b""
    only = b"\0\1\1\x12\0\3\0\0\0\1" + orientation.to_bytes(2) + b"\0\0" + b"\0\0\0\0"
    content = EXIF + b"MM\0*\0\0\0\x08" + only
    return b"\xff\xe1" + (len(content) + 2).to_bytes(2) + content
