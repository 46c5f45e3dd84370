"""Finished tasks whose clips lie at the sandbox, and what became of their copies."""

import hashlib
import io
import os
import re
import struct
import uuid
from collections import Counter
from pathlib import Path

from extender.video import flipbook
from tests.faults.installation import Installation
from tests.sandbox_process import Sandbox

KINDS = (".mp4", ".poster.webp", ".thumbnail.webp", ".storyboard.webp", ".flipbook")


def film(sandbox: Sandbox, size: int) -> bytes:
    """A film that no other is like, of about `size` bytes."""
    padding = os.urandom(max(0, size - 2200))
    return (sandbox.directory / "tiny.mp4").read_bytes() + struct.pack(">I4s", 8 + len(padding), b"free") + padding


def offer(sandbox: Sandbox, films: list[bytes]) -> str:
    """Puts the films where the sandbox shows the clips of a task; returns its id there."""
    remote_id = str(uuid.uuid4())
    folder = sandbox.directory / "videos" / remote_id
    folder.mkdir()
    for index, content in enumerate(films, 1):
        (folder / f"{index}.mp4").write_bytes(content)
    return remote_id


def leave_the_original_out(site: Installation) -> None:
    """No copies of the clips that every site begins with."""
    originals = "SELECT id FROM tasks_task WHERE kind = 'original'"
    site.change(f"DELETE FROM tasks_clip WHERE task_id IN ({originals})")


def fetches(sandbox: Sandbox) -> Counter[str]:
    """How often each clip's address was asked for."""
    return Counter(re.findall(r"GET (/videos/\S+)", sandbox.log))


def copies(site: Installation, condition: str = "1 = 1") -> int:
    """How many copies there are for which the SQL `condition` holds."""
    return site.rows(f"SELECT COUNT(*) FROM tasks_clip WHERE {condition}")[0][0]


def let_leases_lapse(site: Installation) -> None:
    """Two and a half minutes pass: for workers that died, and for those that live and are in the middle."""
    site.change("UPDATE tasks_clip SET due_at = '2020-01-01 00:00:00' WHERE state IN ('copying', 'waiting')")


def parts(media: Path) -> list[Path]:
    """What lies under temporary names."""
    return list((media / "tmp").glob("*"))


class Watcher:
    """Looks at every file under a final name, once for each time that it was written."""

    def __init__(self, media: Path) -> None:
        self.torn: list[str] = []
        self.seen = 0
        self._clips = media / "clips"
        self._known: dict[str, tuple[int, ...]] = {}

    def look(self) -> None:
        """Adds to `torn` what is not whole."""
        for path in self._clips.rglob("*.*"):
            about = path.stat()
            written = (about.st_ino, about.st_size, about.st_mtime_ns)
            if self._known.get(path.name) != written:
                self._known[path.name] = written
                self.seen += 1
                if not is_whole(path):
                    self.torn.append(f"{path.name}, {about.st_size} bytes")


def is_whole(path: Path) -> bool:
    """Whether a film is what its name says, a picture as long as its beginning says, and a flipbook has an end."""
    content = path.read_bytes()
    if path.suffix == ".flipbook":
        return len(flipbook.read(io.BytesIO(content)).seconds) > 1
    if path.suffix == ".mp4":
        return hashlib.sha256(content).hexdigest() == path.stem
    return content[:4] == b"RIFF" and struct.unpack("<I", content[4:8])[0] == len(content) - 8


def missing(site: Installation) -> list[str]:
    """Files that stored clips should have, and have not whole."""
    media = site.directory / "media" / "clips"
    rows = site.rows("SELECT sha256, bytes FROM tasks_clip WHERE state = 'stored'")
    paths = [media / sha256[:2] / f"{sha256}{kind}" for sha256, _ in rows for kind in KINDS]
    short = [sha256 for sha256, size in rows if (media / sha256[:2] / f"{sha256}.mp4").stat().st_size != size]
    return [path.name for path in paths if not (path.exists() and is_whole(path))] + short
