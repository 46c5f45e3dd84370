"""Takes out of a file what it says beside its pictures: words, names of programs, where something was made.

Nothing is decoded, so it needs no process of its own, and no picture and no sound changes by a bit. In a video the
place of what goes stays, as zeros, so that everything else lies where it lay.
"""

from pathlib import Path

from extender.archive.stripping import parts
from extender.archive.stripping.pictures import PNG, jpeg, png, remake, webp
from extender.archive.stripping.videos import strip_boxes, strip_elements


def strip(path: Path) -> bool:
    """Strips the file at `path`, in place. Returns whether it changed: what cannot be read stays. Raises OSError."""
    with path.open("r+b") as file:
        start, end = file.read(12), file.seek(0, 2)
        if start[4:8] in (b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide"):
            return strip_boxes(file, 0, end, iter(range(parts.MOST_PARTS)))
        if start.startswith(b"\x1a\x45\xdf\xa3"):
            return strip_elements(file, 0, end, iter(range(parts.MOST_PARTS)))
        for begins, pieces in ((PNG, png), (b"\xff\xd8\xff", jpeg), (b"RIFF", webp)):
            if start.startswith(begins):
                return remake(file, end, pieces(file, end))
    return False
