"""Reads a still picture that somebody gave, and makes of it what APIFRAME takes: pixels alone, in a JPEG of 2 MB."""

import hashlib
import io
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps, MpoImagePlugin, TiffImagePlugin  # noqa: F401, what Pillow loads late

from extender.video import layout
from extender.video.facts import NotAPicture, PictureFacts, Prepared
from extender.video.limits import LEAST_PICTURE_SIDE, MAX_PICTURE_PIXELS
from extender.video.writing import save_webp, write

# What browsers show, and what people have; no more: each of the dozens of others is one more way in.
SHOWN: dict[str, Literal["jpeg", "png", "webp"]] = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "WEBP": "webp"}
GIVEN = ("JPEG", "PNG", "WEBP", "HEIF")
# With more pixels than this no photo fits into 2 MB at a quality worth sending.
MOST_PIXELS = 16_000_000
QUALITIES = (95, 92, 89, 85)
GROUND = (255, 255, 255)  # behind what is transparent
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)
# Our own limit is said in words.
Image.MAX_IMAGE_PIXELS = None


def prepare(file: BinaryIO, into: Path) -> Prepared:
    """Writes `layout.PREPARED` and `layout.THUMBNAIL` into the folder. Raises `NotAPicture`, OSError."""
    picture, _ = read(file)
    if min(picture.size) < LEAST_PICTURE_SIDE:
        size = f"{picture.width} × {picture.height}"
        raise NotAPicture(f"It is too small ({size}): each side needs {LEAST_PICTURE_SIDE} pixels.")
    picture, content = _fitted(picture)
    _save_small(picture, into / layout.THUMBNAIL, layout.THUMBNAIL_SIDE, layout.THUMBNAIL_BYTES)
    write(content, into / layout.PREPARED)
    return Prepared(picture.width, picture.height, hashlib.sha256(content).hexdigest())


def look(file: BinaryIO, into: Path) -> PictureFacts:
    """The facts of a picture that browsers show; writes `layout.POSTER` and `THUMBNAIL`. Raises as `prepare`."""
    picture, kind = read(file)
    if kind not in SHOWN:
        raise NotAPicture("Browsers cannot show this kind of picture.")
    _save_small(picture, into / layout.POSTER, layout.POSTER_SIDE, layout.POSTER_BYTES)
    _save_small(picture, into / layout.THUMBNAIL, layout.THUMBNAIL_SIDE, layout.THUMBNAIL_BYTES)
    return PictureFacts(picture.width, picture.height, SHOWN[kind])


def read(file: BinaryIO) -> tuple[Image.Image, str]:
    """The first picture in `file`, and of what kind the file is. Raises `NotAPicture`.

    It stands upright, is opaque, in sRGB and of at most `MOST_PIXELS`, with nothing beside its pixels.
    """
    try:
        return _read(file)
    except (NotAPicture, MemoryError):
        raise
    except Image.UnidentifiedImageError as error:
        raise NotAPicture("This is not a JPEG, PNG, WebP or HEIC picture.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise NotAPicture("It is damaged, or not complete.") from error
    except Exception as error:
        # What decoders raise on garbage is any of them.
        raise NotAPicture("It is damaged and cannot be read.") from error


def _read(file: BinaryIO) -> tuple[Image.Image, str]:
    with Image.open(file, formats=GIVEN) as picture:
        kind = picture.format or ""
        _check_size(picture)
        profile = picture.info.get("icc_profile")
        turned = _turned(picture)
        picture.draft(picture.mode, _within(picture.size, MOST_PIXELS))
        picture.load()
        opaque = _opaque(_smaller(_eight_bits(picture)), profile)
    return opaque.transpose(turned) if turned is not None else opaque, kind


def _check_size(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAX_PICTURE_PIXELS:
        raise NotAPicture(
            f"It is too large ({width} × {height}): a picture may have {MAX_PICTURE_PIXELS // 10**6} million pixels."
        )


def _turned(picture: Image.Image) -> Image.Transpose | None:
    """How the picture must be turned or mirrored to stand upright."""
    with suppress(Exception):  # EXIF that cannot be read says nothing
        return UPRIGHT.get(picture.getexif().get(ORIENTATION, 1))
    return None


def _eight_bits(picture: Image.Image) -> Image.Image:
    """The same with eight bits a channel, and colours in place of a palette."""
    if picture.mode.startswith("I"):
        levels = np.asarray(picture)
        return Image.fromarray((levels.clip(0, 0xFFFF) >> 8).astype(np.uint8))
    if picture.mode in ("P", "PA") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("L") if picture.mode == "1" else picture


def _smaller(picture: Image.Image, most: int = MOST_PIXELS) -> Image.Image:
    """The same with at most so many pixels."""
    size = _within(picture.size, most)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _within(size: tuple[int, int], most: int) -> tuple[int, int]:
    share = min(1.0, (most / (size[0] * size[1])) ** 0.5)
    return max(1, int(size[0] * share)), max(1, int(size[1] * share))


def _opaque(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """In sRGB, on a plain ground: a new picture, which has nothing of the file but its pixels."""
    alpha = picture.getchannel("A") if "A" in picture.getbands() else None
    colours = picture.convert("L" if picture.mode == "LA" else "RGB") if alpha else picture
    new = Image.new("RGB", picture.size, GROUND)
    new.paste(_in_srgb(colours, profile), mask=alpha)
    return new


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a profile that fits nothing says nothing
            theirs, ours = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, theirs, ours, outputMode="RGB")
            return converted or picture
    return picture.convert("RGB")


def _fitted(picture: Image.Image) -> tuple[Image.Image, bytes]:
    """The picture as a JPEG of at most `layout.PREPARED_BYTES`, the best that fits; smaller only where it must be."""
    for quality in QUALITIES:
        content = io.BytesIO()
        picture.save(content, "JPEG", quality=quality, subsampling="4:4:4")
        if content.tell() <= layout.PREPARED_BYTES:
            return picture, content.getvalue()
    share = 0.95 * layout.PREPARED_BYTES / content.tell()
    return _fitted(_smaller(picture, int(picture.width * picture.height * share)))


def _save_small(picture: Image.Image, path: Path, side: int, most: int) -> None:
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    save_webp(small, path, most)
