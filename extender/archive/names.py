"""The names under which people save files."""

from pathlib import PurePath
from urllib.parse import quote
from zlib import crc32


def disposition(name: str) -> str:
    """The header Content-Disposition that has a file saved as `name`, and by old programs under one in ASCII."""
    if name.isascii():
        return f'attachment; filename="{name}"'
    # Of the words nothing may be left, but what stands for them differs as they do.
    stand_in = f"clip-{crc32(name.encode()):08x}{PurePath(name).suffix}"
    return f"attachment; filename=\"{stand_in}\"; filename*=UTF-8''{quote(name, safe='')}"
