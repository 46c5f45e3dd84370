"""Writes pictures, each whole or not at all."""

import io
import os
from pathlib import Path

from PIL import Image, WebPImagePlugin  # noqa: F401, else Pillow loads all that it has for WebP

Image.preinit()

QUALITIES = (90, 82, 72, 60, 45, 30, 15)


def save_webp(image: Image.Image, path: Path, most: int) -> None:
    """Writes a WebP of at most `most` bytes, as good as that allows, whole or not at all."""
    for quality in QUALITIES:
        content = io.BytesIO()
        image.save(content, "WEBP", quality=quality, method=4)
        if content.tell() <= most:
            break
    write(content.getvalue(), path)


def write(content: bytes, path: Path) -> None:
    """Writes a file whole or not at all."""
    draft = path.with_suffix(".part")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)  # noqa: PTH105
    finally:
        draft.unlink(missing_ok=True)
