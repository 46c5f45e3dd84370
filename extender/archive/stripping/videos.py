"""What videos say, in the boxes of an MP4 and the elements of a Matroska file: overwritten where it stands."""

from collections.abc import Iterator
from typing import BinaryIO

from extender.archive.stripping.parts import overwrite

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


def strip_boxes(file: BinaryIO, at: int, end: int, parts: Iterator[int], inside: bytes = b"") -> bool:
    """Overwrites what an MP4 says from `at` to `end`: in no more boxes, at any depth, than `parts` counts."""
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
            changed |= overwrite(file, at + 4, b"free") | overwrite(file, at + length, size - length)
        elif kind == b"hdlr":
            changed |= overwrite(file, at + length + HANDLER_NAME, max(0, size - length - HANDLER_NAME))
        elif kind in KEPT:
            changed |= strip_boxes(file, at + length, at + size, parts, kind)
        at += size
    return changed


def strip_elements(file: BinaryIO, at: int, end: int, parts: Iterator[int], inside: int = 0) -> bool:
    """The same of a Matroska file's elements."""
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
            changed |= strip_elements(file, at + length, at + length + size, parts, name)
        elif name in (TITLE, MUXING_PROGRAM, WRITING_PROGRAM, TRACK_NAME, VOID):
            changed |= overwrite(file, at + length, size)
        elif name in (TAGS, ATTACHMENTS, CHECKSUM):
            void = _void(length + size)
            changed |= overwrite(file, at, void) | overwrite(file, at + len(void), length + size - len(void))
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
