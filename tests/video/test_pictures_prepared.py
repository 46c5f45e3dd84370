"""Pictures that people give, good and hostile: prepared or refused in words, and nothing but pixels goes on."""

import hashlib
import io
import json
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from extender.video import layout
from extender.video import process as probing
from extender.video.facts import NotAPicture
from tests import pictures
from tests.paths import PROJECT
from tests.pictures import SIZE, encoded, exif, half_clear, jpeg, scene
from tests.sizes import size

BURSTING = zlib.compress(bytes(50_000_000))
RED, GREEN, BLUE = (200, 30, 20), (20, 160, 40), (20, 40, 200)
# What the scene shows where, as shares of width and height.
PLACES = {(0.2, 0.2): RED, (0.8, 0.2): GREEN, (0.5, 0.8): BLUE}

PASS = {
    "jpeg": (jpeg(), SIZE),
    "progressive": (jpeg(progressive=True), SIZE),
    "rgb png": (encoded(scene(), "PNG"), SIZE),
    "palette": (encoded(scene().quantize(8), "PNG"), SIZE),
    "webp": (encoded(scene(), "WEBP", quality=95), SIZE),
    "webp without loss": (encoded(scene(), "WEBP", lossless=True, exif=exif(), xmp=pictures.WORDS.encode()), SIZE),
    "animated webp": (
        encoded(scene(), "WEBP", lossless=True, save_all=True, append_images=[Image.new("RGB", SIZE)]),
        SIZE,
    ),
    "animated png": (encoded(scene(), "PNG", save_all=True, append_images=[Image.new("RGB", SIZE)]), SIZE),
    "mpo": (encoded(scene(), "MPO", quality=95, save_all=True, append_images=[Image.new("RGB", SIZE)]), SIZE),
    "heic": (encoded(scene(), "HEIF", quality=95, exif=exif()), SIZE),
    "turned heic": (pictures.held_heic(), SIZE),
    "place": (jpeg(exif=exif()), SIZE),
    "thumbnail": (pictures.with_thumbnail(), SIZE),
    "comment": (jpeg(comment=pictures.WORDS), SIZE),
    "xmp": (jpeg(xmp=f"<x>{pictures.WORDS}</x>".encode()), SIZE),
    "photoshop": (pictures.with_segment(0xED, b"Photoshop 3.0\0" + pictures.WORDS.encode()), SIZE),
    "texts": (pictures.noted(), SIZE),
    "profile": (
        encoded(Image.merge("RGB", scene().split()[::-1]), "PNG", icc_profile=pictures.swapped_profile()),
        SIZE,
    ),
    "broken profile": (jpeg(icc_profile=b"no profile" * 20), SIZE),
    "garbage for exif": (pictures.with_segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40), SIZE),
    "exif in a circle": (pictures.with_segment(0xE1, b"Exif\0\0II*\0" + b"\x08\0\0\0\0\0\x08\0\0\0"), SIZE),
    "held as never": (jpeg(exif=exif(99)), SIZE),
    "zip behind it": (jpeg() + b"PK\x03\x04" + pictures.WORDS.encode(), SIZE),
    "page behind it": (encoded(scene(), "PNG") + b"<script>alert(1)</script>", SIZE),
    "script in it": (pictures.with_segment(0xFE, b"*/=1;alert(1)/*" + pictures.WORDS.encode()), SIZE),
    **{
        f"held {way}": (encoded(scene().transpose(back), "JPEG", quality=95, subsampling=0, exif=exif(way)), SIZE)
        for way, back in enumerate(
            (
                Image.Transpose.FLIP_LEFT_RIGHT,
                Image.Transpose.ROTATE_180,
                Image.Transpose.FLIP_TOP_BOTTOM,
                Image.Transpose.TRANSPOSE,
                Image.Transpose.ROTATE_90,
                Image.Transpose.TRANSVERSE,
                Image.Transpose.ROTATE_270,
            ),
            2,
        )
    },
}
ODD = {  # as PASS, but their colours are not the scene's
    "grey jpeg": (encoded(scene().convert("L"), "JPEG"), SIZE),
    "cmyk": (encoded(scene().convert("CMYK"), "JPEG"), SIZE),
    "cmyk with a profile of rgb": (
        encoded(scene().convert("CMYK"), "JPEG", icc_profile=pictures.swapped_profile()),
        SIZE,
    ),
    "one bit": (encoded(scene().convert("1"), "PNG"), SIZE),
    "grey with alpha": (encoded(half_clear("L"), "PNG"), SIZE),
    "grey webp with alpha": (encoded(half_clear(), "WEBP"), SIZE),
    "heic with alpha": (encoded(half_clear(), "HEIF"), SIZE),
    "one transparent grey": (encoded(scene().convert("L"), "PNG", transparency=20), SIZE),
    "one transparent colour": (encoded(scene(), "PNG", transparency=BLUE), SIZE),
    "clear palette": (encoded(scene().quantize(8), "PNG", transparency=bytes([0, 128, 255])), SIZE),
    **{f"16 bits, {channels} channels": (pictures.deep(channels), SIZE) for channels in (1, 2, 3, 4)},
    "the least": (encoded(scene((64, 64)), "PNG"), (64, 64)),
    "the widest": (encoded(scene((4000, 64)), "PNG"), (4000, 64)),
    "more pixels than announced": (pictures.png(SIZE, 8, 0, bytes(20_000_000)), SIZE),
}
NO_KIND = "This is not a JPEG, PNG, WebP or HEIC picture."
BROKEN = "It is damaged"
REFUSED = {
    "nothing": (b"", NO_KIND),
    "zeros": (bytes(10_000), NO_KIND),
    "page": (b"<!doctype html><title>Not found</title>" * 50, NO_KIND),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', NO_KIND),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", NO_KIND),
    **{kind: (encoded(scene(), kind), NO_KIND) for kind in ("GIF", "BMP", "TIFF", "AVIF", "PDF", "ICO", "PPM")},
    "too small": (encoded(scene((400, 63)), "PNG"), "It is too small (400 × 63): each side needs 64 pixels."),
    "a point": (encoded(scene((1, 1)), "JPEG"), "It is too small"),
    "huge png": (
        pictures.png((60_000, 60_000), 8, 2),
        "It is too large (60000 × 60000): a picture may have 51 million pixels.",
    ),
    "larger than numbers": (pictures.png((2**31 - 1, 2**31 - 1), 8, 6), "It is too large"),
    "huge jpeg": (
        jpeg().replace(b"\x08\0\x50\0\x60\x03", b"\x08\xff\xff\xff\xff\x03"),
        "It is too large (65535 × 65535)",
    ),
    "huge webp": (b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0", BROKEN),
    "words that burst": (pictures.png(SIZE, 8, 0, bytes(9_000), (b"zTXt", b"a\0\0" + BURSTING)), ""),
    "a profile that bursts": (pictures.png(SIZE, 8, 0, bytes(97 * 80), (b"iCCP", b"a\0\0" + BURSTING)), ""),
    **{
        f"half a {kind}": (content[: len(content) // 2], "")
        for kind, content in {
            "jpeg": encoded(scene((900, 700)), "JPEG"),
            "png": encoded(Image.effect_noise(SIZE, 90), "PNG"),
            "webp": encoded(Image.effect_noise(SIZE, 90).convert("RGB"), "WEBP"),
            "heic": encoded(scene(), "HEIF"),
        }.items()
    },
}

GARBLED = {
    f"garbled {name} {seed}": pictures.garbled(PASS[name][0], seed)
    for name in ("jpeg", "progressive", "rgb png", "webp", "heic", "animated webp", "texts", "thumbnail")
    for seed in range(size(2, 40))
}
ALL = {name: content for name, (content, _) in (PASS | ODD | REFUSED).items()} | GARBLED

# As the process does, but one after the other: a process for each would take a minute.
LOOP = """
import json, os, sys
from extender.video.limits import confine
confine()
from extender.video.__main__ import answer
for folder in sys.argv[1:]:
    os.chdir(folder)
    file = os.open("given", os.O_RDONLY)
    print(json.dumps(answer("prepare", file)), flush=True)
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> dict[str, tuple[dict, Path]]:
    """What was answered about each picture, and the folder into which it was prepared."""
    root = tmp_path_factory.mktemp("pictures")
    folders = {name: root / str(number) for number, name in enumerate(ALL)}
    for name, folder in folders.items():
        folder.mkdir()
        (folder / "given").write_bytes(ALL[name])
    command = [sys.executable, "-c", LOOP, *map(str, folders.values())]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(ALL), f"{list(ALL)[len(lines)]}: {done.stderr}"
    return {name: (line, folder) for line, (name, folder) in zip(lines, folders.items(), strict=True)}


@pytest.mark.parametrize("name", PASS | ODD)
def test_what_people_have_is_prepared(name, prepared):
    answer, folder = prepared[name]
    content, small = (folder / layout.PREPARED).read_bytes(), Image.open(folder / layout.THUMBNAIL)
    width, height = (PASS | ODD)[name][1]
    found = {"width": width, "height": height, "sha256": hashlib.sha256(content).hexdigest()}
    assert answer == {"prepared": found}
    with Image.open(io.BytesIO(content)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (width, height))
        for (right, down), colour in PLACES.items() if name in PASS else ():
            shown = picture.getpixel((int(right * width), int(down * height)))
            assert np.abs(np.subtract(shown, colour)).max() < 14, (right, down)
    assert max(small.size) == min(layout.THUMBNAIL_SIDE, max(width, height))


@pytest.mark.parametrize("name", PASS | ODD)
def test_nothing_but_pixels_goes_on(name, prepared):
    folder = prepared[name][1]
    content, small = (folder / layout.PREPARED).read_bytes(), (folder / layout.THUMBNAIL).read_bytes()
    assert segments(content) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}  # how the pixels are packed, and no more
    assert content.endswith(b"\xff\xd9")
    for written in (content, small):
        for word in (pictures.WORDS, pictures.PLACE, "Exif", "ICC", "XMP", "EXIF", "script"):
            assert word.encode() not in written


def segments(content: bytes) -> set[int]:
    """The markers of a JPEG's segments, up to its pixels."""
    found, at = set(), 2
    while not found & {0xDA}:
        assert content[at] == 0xFF
        found.add(content[at + 1])
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_or_means_harm_is_refused_in_words(name, prepared):
    answer, folder = prepared[name]
    assert answer["not_a_picture"].startswith(REFUSED[name][1])
    assert sorted(path.name for path in folder.iterdir()) == ["given"]


def test_garbled_pictures_are_prepared_or_refused(prepared):
    assert {key for name in GARBLED for key in prepared[name][0]} <= {"prepared", "not_a_picture"}


def test_transparent_parts_lie_on_a_plain_ground(prepared):
    for name in ("grey with alpha", "grey webp with alpha", "heic with alpha"):
        with Image.open(prepared[name][1] / layout.PREPARED) as picture:
            assert picture.getpixel((48, 70)) == (255, 255, 255), name


def test_a_large_picture_is_made_to_fit(tmp_path):
    """Through the process of its own: its best quality where it fits, else a lower one, and smaller only then."""
    sides, rng = {}, np.random.default_rng(1)
    for side in (900, 1400):
        given = tmp_path / "given"
        noise = Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8))
        given.write_bytes(encoded(noise, "PNG", compress_level=1))
        found = probing.prepare(given, tmp_path)
        assert (tmp_path / layout.PREPARED).stat().st_size <= layout.PREPARED_BYTES
        sides[side] = found.width
    assert sides[900] == 900
    assert 900 < sides[1400] < 1400


def test_a_refusal_comes_through_the_process(tmp_path):
    (tmp_path / "given").write_bytes(b"GIF89a")
    with pytest.raises(NotAPicture, match="This is not a JPEG"):
        probing.prepare(tmp_path / "given", tmp_path)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIF"])
def test_the_type_is_what_the_file_is_whatever_it_is_called(kind, tmp_path):
    (tmp_path / "1.png").write_bytes(encoded(scene(), kind))
    if kind == "HEIF":
        with pytest.raises(NotAPicture, match="Browsers cannot show"):
            probing.look(tmp_path / "1.png", tmp_path)
        return
    assert probing.look(tmp_path / "1.png", tmp_path).codec == kind.lower()
    assert Image.open(tmp_path / layout.POSTER).size == scene().size
