"""Pictures of every sort, made on the spot: as files come from people, and from those who mean harm."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, PngImagePlugin

pillow_heif.register_heif_opener()

SIZE = (96, 80)
PLACE = "53°20'N"  # and other words that a stripped picture must not hold
WORDS = "taken by mira at home"


def scene(size: tuple[int, int] = SIZE) -> Image.Image:
    """Red at the top left, green at the top right, blue below."""
    picture = Image.new("RGB", size, (200, 30, 20))
    picture.paste((20, 160, 40), (size[0] // 2, 0, size[0], size[1] // 2))
    picture.paste((20, 40, 200), (0, size[1] // 2, size[0], size[1]))
    return picture


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file of this kind, in Pillow's words."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def jpeg(**options: Any) -> bytes:
    return encoded(scene(), "JPEG", quality=95, subsampling=0, **options)


def exif(orientation: int = 1) -> Image.Exif:
    """What a phone writes: how it was held, and where it was."""
    found = Image.Exif()
    found[0x0112] = orientation
    found[0x010E] = WORDS
    found.get_ifd(0x8825).update({1: "N", 2: (53.0, 20.0, 0.0), 27: PLACE.encode()})
    return found


def with_segment(marker: int, content: bytes) -> bytes:
    """A JPEG with one more segment, before all others."""
    return b"\xff\xd8" + struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content + jpeg()[2:]


def with_thumbnail() -> bytes:
    """EXIF whose second directory holds a small picture of another scene, as cameras write it."""
    small = encoded(Image.new("RGB", (64, 64), "white"), "JPEG", comment=WORDS)
    first = struct.pack("<HHHII", 1, 0x0112, 3, 1, 1) + struct.pack("<I", 26)
    second = (
        struct.pack("<H", 2)
        + struct.pack("<HHII", 0x0201, 4, 1, 56)
        + struct.pack("<HHIII", 0x0202, 4, 1, len(small), 0)
    )
    return with_segment(0xE1, b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + small)


def png(
    size: tuple[int, int], depth: int, colour: int, pixels: bytes | None = None, *more: tuple[bytes, bytes]
) -> bytes:
    """A PNG by hand: what Pillow does not write, or what nobody should. `more` are chunks before the pixels."""
    head = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    data = zlib.compress(pixels or b"", 9)
    chunks = [(b"IHDR", head), *more, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    name, content = chunk
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def deep(channels: int) -> bytes:
    """A PNG of 16 bits a channel, red of the usual scene or its grey: 2 with alpha, 3 in colour."""
    levels = {1: (0xC800,), 2: (0xC800, 0x8000), 3: (0xC800, 0x1E00, 0x1400), 4: (0xC800, 0x1E00, 0x1400, 0xFFFF)}
    row = b"\0" + struct.pack(f">{channels}H", *levels[channels]) * SIZE[0]
    return png(SIZE, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], row * SIZE[1])


def held_heic() -> bytes:
    """The scene as an iPhone writes it that was held upright: in HEIC it is not EXIF that says so."""
    file = io.BytesIO()
    heic = pillow_heif.from_pillow(scene().transpose(Image.Transpose.ROTATE_90))
    heic.info["exif"] = exif(6).tobytes()
    heic.save(file, quality=95)
    return file.getvalue()


def noted() -> bytes:
    """A PNG with words in it, plain and packed."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", WORDS)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{WORDS}</x>", zip=True)
    return encoded(scene(), "PNG", pnginfo=info, exif=exif())


def half_clear(mode: str = "RGBA") -> Image.Image:
    """The scene with its lower half transparent."""
    picture = scene().convert(mode)
    alpha = Image.new("L", SIZE, 255)
    alpha.paste(0, (0, SIZE[1] // 2, *SIZE))
    picture.putalpha(alpha)
    return picture


def swapped_profile() -> bytes:
    """An ICC profile of a screen whose red and blue are swapped: only who follows it sees the scene as meant."""
    red, green, blue = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags = {b"wtpt": xyz((0.9642, 1.0, 0.8249)), b"rXYZ": xyz(blue), b"gXYZ": xyz(green), b"bXYZ": xyz(red)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content
    head = (
        struct.pack(">I4sI", at + len(body), b"lcms", 0x02400000) + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    )
    head += b"".join(struct.pack(">i", round(value * 65536)) for value in (0.9642, 1.0, 0.8249))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def garbled(content: bytes, seed: int) -> bytes:
    """The file with some of its bytes spoilt."""
    rng, spoilt = np.random.default_rng(seed), bytearray(content)
    for at in rng.integers(4, len(spoilt), 1 + 5 * (seed % 4)):
        spoilt[at] = rng.integers(256)
    return bytes(spoilt)
