"""Serves clips and pictures, with ranges: players seek with them, and Safari plays nothing without."""

import os
import re
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from extender.sandbox import answers, delivery
from extender.sandbox.answers import Answer

PATH = re.compile(r"/(?:videos|images)/([A-Za-z0-9_-]{1,200})/([1-5]|grid)\.(mp4|png)")
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
CHUNK = 1 << 18


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last that a Range header asks for, or None for the whole file.

    ValueError if no byte of the file is in it. What is malformed, or several ranges, counts as no header.
    """
    match = RANGE.fullmatch((header or "").replace(" ", ""))
    if not match or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start >= stop:
        raise ValueError("no byte of the file is in this range")
    return start, stop


def serve(handler: BaseHTTPRequestHandler, directory: Path, path: str) -> int:
    """Answers GET or HEAD for the clip at a path such as /videos/<task_id>/1.mp4; returns the status."""
    clip = opened(directory, path)
    if clip is None:
        delivery.send(handler, answers.refused(404, "Video not found"))
        return 404
    with clip:
        return _serve_file(handler, clip)


def opened(directory: Path, path: str) -> BinaryIO | None:
    """The file at a path, or None if there is none."""
    match = PATH.fullmatch(path)
    if not match:
        return None
    try:
        if match[2] == "grid":
            return _grid(directory / match[1]).open("rb")
        # A fifth clip has an address under `clips-5` alone; it shows the first again.
        return (directory / match[1] / f"{int(match[2]) % 5 or 1}.{match[3]}").open("rb")
    except OSError:
        return None


def _grid(folder: Path) -> Path:
    """The file that shows the four pictures of a folder at once, made when it is asked for. OSError without them."""
    from PIL import Image  # only here: few ask for it

    target, draft = folder / "grid.png", folder / f".grid.{threading.get_ident()}"
    if not target.exists():
        pictures = [Image.open(folder / f"{take}.png") for take in (1, 2, 3, 4)]
        width, height = pictures[0].size
        grid = Image.new("RGB", (2 * width, 2 * height))
        for number, picture in enumerate(pictures):
            grid.paste(picture, (number % 2 * width, number // 2 * height))
        grid.save(draft, "PNG")
        draft.replace(target)
    return target


def _serve_file(handler: BaseHTTPRequestHandler, opened: BinaryIO) -> int:
    facts = os.fstat(opened.fileno())
    tag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "public, max-age=3600",
        "ETag": tag,
    }
    start, stop, status = 0, facts.st_size, 200
    if handler.headers.get("If-None-Match") == tag:
        stop, status = 0, 304
    elif handler.headers.get("If-Range", tag) == tag:
        try:
            if part := span(handler.headers.get("Range"), facts.st_size):
                start, stop, status = *part, 206
                headers["Content-Range"] = f"bytes {start}-{stop - 1}/{facts.st_size}"
        except ValueError:
            stop, status = 0, 416
            headers["Content-Range"] = f"bytes */{facts.st_size}"
    delivery.head(handler, Answer(status, type=type_of(handler.path), headers=headers), stop - start)
    if handler.command != "HEAD":
        opened.seek(start)
        while start < stop and (chunk := opened.read(min(CHUNK, stop - start))):
            handler.wfile.write(chunk)
            start += len(chunk)
    return status


def type_of(target: str) -> str:
    return "image/png" if urlsplit(target).path.endswith(".png") else "video/mp4"
