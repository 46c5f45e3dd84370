"""Pictures that were uploaded: read from a multipart body, kept in a directory, served again."""

import email
import email.policy
import re
import uuid
from pathlib import Path

MOST_BYTES = 2 << 20  # of a picture, as documented
FOLDER = "/uploads/"
KINDS = {"png": rb"\x89PNG", "jpeg": rb"\xff\xd8\xff", "webp": rb"RIFF....WEBP"}  # by how their files begin


def received(raw: bytes) -> bytes:
    """The one file `image` of a multipart body; ValueError with a sentence if it is missing or no picture."""
    # The boundary is the body's first line: APIFRAME's SDK calls the body application/json, whatever it is.
    boundary = raw.partition(b"\r\n")[0].removeprefix(b"--")
    head = b'Content-Type: multipart/form-data; boundary="%s"\r\n\r\n' % boundary
    message = email.message_from_bytes(head + raw, policy=email.policy.HTTP)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    found = [part for part in parts if part.get_param("name", header="content-disposition") == "image"]
    if len(found) != 1:
        raise ValueError("one file, image, is required")
    content = found[0].get_payload(decode=True)
    if not isinstance(content, bytes) or _kind(content) is None:
        raise ValueError("image must be a JPEG, PNG or WebP picture")
    if len(content) > MOST_BYTES:
        raise ValueError("image must not be larger than 2 MB")
    return content


def keep(directory: Path, content: bytes) -> str:
    """Keeps a picture; returns the path at which it is served."""
    name = f"{uuid.uuid4()}.{_kind(content)}"
    directory.mkdir(exist_ok=True)
    (directory / name).write_bytes(content)
    return FOLDER + name


def read(directory: Path, path: str) -> tuple[bytes, str] | None:
    """The picture at a path, and its type; None if there is none."""
    name = name_of(directory, path)
    return ((directory / name).read_bytes(), f"image/{name.rpartition('.')[2]}") if name else None


def name_of(directory: Path, path: str) -> str | None:
    """What the picture at a path is called in the directory; None if there is none."""
    name = path.removeprefix(FOLDER)
    return name if directory.is_dir() and name in {kept.name for kept in directory.iterdir()} else None


def _kind(content: bytes) -> str | None:
    return next((kind for kind, first in KINDS.items() if re.match(first, content, re.DOTALL)), None)
