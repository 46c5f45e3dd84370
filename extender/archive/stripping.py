"""Takes out of a file what it says beside its pictures: words, names of programs, where something was made.

Nothing is decoded, so it needs no process of its own, and no picture and no sound changes by a bit. In a video the
place of what goes stays, as zeros, so that everything else lies where it lay.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

CHUNK_BYTES = 1024 * 1024
SEARCHED_BYTES = 8192  # at once, for the end of a scan, of which a file may have many
# Of millions of tiny parts, which no camera and no program makes, the rest is left as it is.
MOST_PARTS = 100_000

# Of an MP4: what stays in which box. What holds neither pictures nor how they are shown becomes free space.
KEPT = {
    b"": b"ftyp styp moov mdat moof mfra sidx ssix prft",
    b"moov": b"mvhd trak mvex iods",
    b"trak": b"tkhd edts mdia tref trgr tapt clip matt",
    b"mdia": b"mdhd hdlr minf elng",
    b"minf": b"vmhd smhd hmhd nmhd sthd gmhd hdlr dinf stbl",
    b"moof": b"mfhd traf",
}
HANDLER_NAME = 24  # bytes behind the head of "hdlr"

# Of a Matroska or WebM file, by the numbers of its elements.
SEGMENT, INFO, TRACKS, TRACK = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE
INSIDE = {0: (SEGMENT,), SEGMENT: (INFO, TRACKS), TRACKS: (TRACK,)}
TAGS, ATTACHMENTS, CHECKSUM, VOID = 0x1254C367, 0x1941A469, 0xBF, 0xEC
TITLE, MUXING_PROGRAM, WRITING_PROGRAM, TRACK_NAME = 0x7BA9, 0x4D80, 0x5741, 0x536E

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


def strip(path: Path) -> bool:
    """Strips the file at `path`, in place. Returns whether it changed: what cannot be read stays. Raises OSError."""
    with path.open("r+b") as file:
        start, end = file.read(12), file.seek(0, 2)
        if start[4:8] in (b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide"):
            return _strip_boxes(file, 0, end, iter(range(MOST_PARTS)))
        if start.startswith(b"\x1a\x45\xdf\xa3"):
            return _strip_elements(file, 0, end, iter(range(MOST_PARTS)))
        for begins, pieces in ((PNG, _png), (b"\xff\xd8\xff", _jpeg), (b"RIFF", _webp)):
            if start.startswith(begins):
                return _remake(file, end, pieces(file, end))
    return False


def _strip_boxes(file: BinaryIO, at: int, end: int, parts: Iterator[int], inside: bytes = b"") -> bool:
    """Of the boxes from `at` to `end`, and of those in them, no more than `parts` counts."""
    changed = False
    for _ in parts:
        file.seek(at)
        head = file.read(16)
        size, kind, length = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1:
            size, length = int.from_bytes(head[8:16]), 16
        size = size or end - at
        if len(head) < 8 or not length <= size <= end - at:
            break
        if kind not in KEPT[inside].split():
            changed |= _overwrite(file, at + 4, b"free") | _overwrite(file, at + length, size - length)
        elif kind == b"hdlr":
            changed |= _overwrite(file, at + length + HANDLER_NAME, max(0, size - length - HANDLER_NAME))
        elif kind in KEPT:
            changed |= _strip_boxes(file, at + length, at + size, parts, kind)
        at += size
    return changed


def _strip_elements(file: BinaryIO, at: int, end: int, parts: Iterator[int], inside: int = 0) -> bool:
    changed = False
    for _ in parts:
        file.seek(at)
        head = file.read(12)
        id_length, size_length = _vint_length(head[:1]), 0
        size_length = _vint_length(head[id_length : id_length + 1])
        length = id_length + size_length
        if not (id_length and size_length) or len(head) < length or length > end - at:
            break
        name = int.from_bytes(head[:id_length])
        unknown = (1 << 7 * size_length) - 1
        size = int.from_bytes(head[id_length:length]) & unknown
        # All ones: nobody knew when it was written; such a one goes on to the end.
        size = end - at - length if size == unknown else min(size, end - at - length)
        if name in INSIDE.get(inside, ()):
            changed |= _strip_elements(file, at + length, at + length + size, parts, name)
        elif name in (TITLE, MUXING_PROGRAM, WRITING_PROGRAM, TRACK_NAME, VOID):
            changed |= _overwrite(file, at + length, size)
        elif name in (TAGS, ATTACHMENTS, CHECKSUM):
            void = _void(length + size)
            changed |= _overwrite(file, at, void) | _overwrite(file, at + len(void), length + size - len(void))
        at += length + size
    return changed


def _void(size: int) -> bytes:
    """The head of an element of `size` bytes in all that stands for nothing."""
    if size < 9:
        return bytes([VOID, 0x80 | size - 2])
    return bytes([VOID]) + (1 << 56 | size - 9).to_bytes(8)


def _vint_length(first: bytes) -> int:
    """How many bytes a number has that begins with the byte `first`; 0 for none."""
    return 9 - first[0].bit_length() if first and first[0] else 0


def _overwrite(file: BinaryIO, at: int, by: bytes | int) -> bool:
    """Writes these bytes, or so many zeros; returns whether others stood there."""
    changed, left = False, by if isinstance(by, int) else len(by)
    while left:
        count = min(left, CHUNK_BYTES)
        new = by if isinstance(by, bytes) else bytes(count)
        file.seek(at)
        if file.read(count) != new:
            file.seek(at)
            file.write(new)
            changed = True
        at, left = at + count, left - count
    return changed


def _remake(file: BinaryIO, end: int, pieces: Iterator[Piece]) -> bool:
    """Makes the file of these pieces. None of them may come to lie behind where it begins in the file."""
    try:
        kept = list(pieces)
    except _CutOff:
        return False
    changed, to = False, 0
    for piece in kept:
        if isinstance(piece, bytes):
            changed |= _overwrite(file, to, piece)
        elif piece.start != to:
            for offset in range(0, len(piece), CHUNK_BYTES):
                content = _read(file, piece.start + offset, min(CHUNK_BYTES, len(piece) - offset))
                changed |= _overwrite(file, to + offset, content)
        to += len(piece)
    if to != end:
        file.truncate(to)
        changed = True
    return changed


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _chunks(
    file: BinaryIO, at: int, end: int, order: Literal["big", "little"], around: int
) -> Iterator[tuple[bytes, range]]:
    """Each chunk of a PNG or WebP from `at` on: its kind, and all of it, `around` bytes beside its content too."""
    for _ in range(MOST_PARTS):
        if at >= end:
            return
        head = _read(file, at, 8)
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


def _png(file: BinaryIO, end: int) -> Iterator[Piece]:
    yield PNG
    kept = PNG_KEPT.split()
    for kind, chunk in _chunks(file, len(PNG), end, "big", 12):
        if kind in kept:
            yield chunk


def _webp(file: BinaryIO, end: int) -> Iterator[Piece]:
    head = _read(file, 0, 12)
    if head[8:] != b"WEBP":
        raise _CutOff
    end = min(end, 8 + int.from_bytes(head[4:8], "little"))
    kept: list[Piece] = []
    for kind, chunk in _chunks(file, 12, end, "little", 8):
        if kind == b"VP8X" and len(chunk) > 8:
            flags = _read(file, chunk.start + 8, 1)[0] & ~WEBP_SAYS_MORE
            kept += [chunk[:8], bytes([flags]), chunk[9:]]
        elif kind in WEBP_KEPT:
            kept.append(chunk)
    yield b"RIFF" + (4 + sum(map(len, kept))).to_bytes(4, "little") + b"WEBP"
    yield from kept


def _jpeg(file: BinaryIO, end: int) -> Iterator[Piece]:
    yield range(2)
    at = 2
    for _ in range(MOST_PARTS):
        head = _read(file, at, 4)
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
        content = _read(file, at + 4, max(0, ends - at - 4))
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
        if found := JPEG_MARKER.search(_read(file, begins, SEARCHED_BYTES + 1)):
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
