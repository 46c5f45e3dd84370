"""Brings the bytes of a clip here, as guests may have them."""

import hashlib
from os import SEEK_END

from extender.archive import files, storage, stripping
from extender.archive.claims import Claim
from extender.archive.fetching import open_clip
from extender.tasks.models import Clip


def bring(claim: Claim, store: storage.Store, part: storage.Part) -> tuple[str, int]:
    """Writes a clip to `part`. Returns its checksum (SHA-256) and how many bytes it has."""
    return _take_own(claim.clip, store, part) or _fetch(claim, store, part)


def _take_own(clip: Clip, store: storage.Store, part: storage.Part) -> tuple[str, int] | None:
    """Writes our own film to `part`, as `_fetch` does, where it is whole and its pictures alone were lost; else None.

    APIFRAME may have the clip no more, and then it would be called lost although it is here.
    """
    if not clip.sha256:
        return None
    film, size = files.name(clip), 0
    try:
        if store.checksum(film) != clip.sha256:
            return None
        with store.open(film) as file, storage.disk_trouble():
            while chunk := file.read(storage.CHUNK_BYTES):
                size += part.write(chunk)
    except FileNotFoundError:
        return None
    return clip.sha256, size


def _fetch(claim: Claim, store: storage.Store, part: storage.Part) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open_clip(claim.clip.source_url) as stream:
        store.require_room(stream.length or 0)
        claim.begin(stream.length)
        for chunk in stream:
            # Not every server says beforehand how much will come, and other copies grow meanwhile.
            store.require_room(len(chunk))
            part.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            claim.report(size)
    return _stripped(part) or (digest.hexdigest(), size)


def _stripped(part: storage.Part) -> tuple[str, int] | None:
    """Takes out of a clip what it says beside its pictures. Returns as `_fetch`; None where there was nothing."""
    part.flush()
    with storage.disk_trouble():
        if not stripping.strip(part.path):
            return None
        with part.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.seek(0, SEEK_END)
