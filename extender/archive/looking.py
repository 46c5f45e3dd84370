"""Looks into a clip that was brought here: what it holds, how it goes on from its parent, or what it is instead."""

from pathlib import Path
from typing import Any

from extender.archive import storage
from extender.archive.claims import Claim
from extender.archive.comparing import Earlier
from extender.network.errors import Barred
from extender.tasks.models import Clip
from extender.video import process as probing

SEEN_BYTES = 4096
MEASURED = ("duration_ms", "width", "height", "frame_rate", "codec")


def look(claim: Claim, size: int, path: Path, pictures: Path) -> dict[str, Any]:
    """The columns of a clip of that `size` in bytes, from its file at `path`; what is made of it goes to `pictures`.

    Raises `Barred` where it is something else; else as `probing.see`.
    """
    try:
        return (_picture if claim.clip.is_picture else _video)(claim, size, path, pictures)
    except probing.Unfit as error:
        # Whoever takes this server for a robot shows it something else instead, with 200.
        if other := _stands_in_for(claim.clip, path):
            raise Barred(f"Its host sends this server {other} instead of it.") from error
        raise


def _picture(claim: Claim, size: int, path: Path, pictures: Path) -> dict[str, Any]:
    claim.renew(size)
    with storage.disk_trouble():
        facts = probing.look(path, pictures)
    return _columns(facts.as_json()) | {"contains_parent": Clip.Contains.UNKNOWN}


def _video(claim: Claim, size: int, path: Path, pictures: Path) -> dict[str, Any]:
    """What there is to compare it with, and is not here yet, is left for later."""
    earlier = Earlier.of(claim.clip.task)
    with earlier.parent() as parent:
        # Only now: to make the parent's flipbook anew may have taken as long as a look.
        claim.renew(size)
        with storage.disk_trouble():
            seen = probing.see(path, pictures, parent)
    compared = {"contains_parent": ""} if earlier.is_coming else earlier.columns(seen.cut, seen.facts)
    return _columns(seen.facts.as_json()) | compared


def _columns(measured: dict[str, Any]) -> dict[str, Any]:
    """What was measured, as the row has it: by itself what is shown, and all of it for later comparisons."""
    return {"facts": measured} | {name: measured[name] for name in MEASURED if name in measured}


def _stands_in_for(clip: Clip, path: Path) -> str:
    """What the file at `path` is, where that may be anything but `clip`; "" for nothing that is known."""
    with path.open("rb") as file:
        start = file.read(SEEN_BYTES)
    # Every film and picture has a NUL among its first bytes. A page may be packed, or in characters of two bytes.
    if b"\0" not in start or start.startswith((b"<", b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")):
        return "a page"
    is_picture = start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")) or start[8:12] == b"WEBP"
    return "a picture" if is_picture and not clip.is_picture else ""
