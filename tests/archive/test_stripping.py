"""What a file says beside its pictures goes; of the pictures, and of where they lie, nothing changes."""

import io
import re
import time
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from extender.archive.stripping import strip

SECRET = "their secret prompt"
TOLD = {"title": SECRET, "comment": SECRET, "location": "+48.1+011.5/", "description": SECRET}


def video(path: Path, container: str, **options: str) -> Path:
    with av.open(str(path), "w", format=container, options=options) as made:
        made.metadata.update(TOLD)
        stream = made.add_stream("libx264", rate=10)
        stream.metadata.update({"title": SECRET, "handler_name": SECRET})
        stream.width, stream.height, stream.time_base = 64, 64, Fraction(1, 10)
        for number in range(8):
            made.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 9 * number, "uint8"))))
        made.mux(stream.encode(None))
    return path


def packets(path: Path) -> list[tuple]:
    with av.open(str(path)) as opened:
        return [(packet.pos, packet.pts, packet.dts, bytes(packet)) for packet in opened.demux() if packet.size]


FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+use_metadata_tags"}
VIDEOS = {
    "last": ("mp4", {"movflags": "use_metadata_tags"}),
    "first": ("mp4", {"movflags": "+faststart"}),
    "fragments": ("mp4", FRAGMENTS),
    "mov": ("mov", {}),
    "matroska": ("matroska", {}),
}


@pytest.mark.parametrize(("container", "options"), VIDEOS.values(), ids=VIDEOS)
def test_a_video_keeps_its_pictures_where_they_were_and_says_nothing(tmp_path, container, options):
    path = video(tmp_path / "1", container, **options)
    size, before = path.stat().st_size, packets(path)
    assert SECRET.encode() in path.read_bytes()
    assert strip(path)
    assert path.stat().st_size == size
    assert packets(path) == before
    said = path.read_bytes()
    assert not [word for word in (SECRET, "+48.1", "Lavf") if word.encode() in said]
    with av.open(str(path)) as opened:
        assert not [name for name in TOLD if opened.metadata.get(name) or opened.streams[0].metadata.get(name)]
        assert len(list(opened.decode(video=0))) == 8
    assert not strip(path), "there is nothing left"


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(kind: str) -> bytes:
    pixels = np.arange(48 * 32 * 3, dtype="uint8").reshape(32, 48, 3)
    exif = Image.Exif()
    exif[0x010E], exif[0x0131] = SECRET, SECRET
    more: dict = {"exif": exif, "icc_profile": profile()}
    if kind == "JPEG":
        exif[0x0112] = 6
        more |= {"comment": SECRET.encode(), "xmp": SECRET.encode(), "progressive": True}
    if kind == "PNG":
        more["pnginfo"] = PngImagePlugin.PngInfo()
        more["pnginfo"].add_text("Description", SECRET)
        more["pnginfo"].add_itxt("XML:com.adobe.xmp", SECRET)
    if kind == "WEBP":
        more |= {"xmp": SECRET.encode(), "lossless": True}
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind, **more)
    # What others hang behind the end, a second picture for one.
    return content.getvalue() + SECRET.encode()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_keeps_its_pixels_its_colours_and_how_it_stands(tmp_path, kind):
    path = tmp_path / "1"
    path.write_bytes(content := picture(kind))
    assert SECRET.encode() in content
    assert strip(path)
    assert SECRET.encode() not in path.read_bytes()
    old, new = Image.open(io.BytesIO(content)), Image.open(path)
    assert new.info["icc_profile"] == old.info["icc_profile"]
    assert np.array_equal(ImageOps.exif_transpose(new), ImageOps.exif_transpose(old))
    assert set(new.getexif()) <= {0x0112}
    assert not strip(path)


@pytest.mark.parametrize(
    ("start", "part"),
    [
        (b"\x89PNG\r\n\x1a\n", b"\0\0\0\0tEXt\0\0\0\0"),
        (b"\xff\xd8", b"\xff\xfe\0\2"),
        (b"RIFF\xff\xff\xff\0WEBP", b"EXIF\0\0\0\0"),
        (b"\0\0\0\x08ftyp", b"\0\0\0\x08udta"),
    ],
)
def test_millions_of_tiny_parts_keep_nobody_busy(tmp_path, shorten, start, part):
    path = tmp_path / "1"
    path.write_bytes(start + 9 * part)
    shorten("extender.archive.stripping.parts.MOST_PARTS", 5)
    strip(path)
    assert path.read_bytes().endswith(part)


def segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + (len(content) + 2).to_bytes(2) + content


JPEG, SCAN, END = b"\xff\xd8", segment(0xDA, b"\1\1\0\0\x3f\0"), b"\xff\xd9"
LONG: dict[str, Callable[[int], bytes]] = {
    "fills in a scan": lambda size: JPEG + SCAN + b"\xff" * size + b"\0" + END,
    "fills of a marker": lambda size: JPEG + b"\xff" * size + SCAN + END,
    "fills before nothing": lambda size: JPEG + b"\xff" * size + b"\0",
    "scans": lambda size: JPEG + SCAN * (size // 10) + END,
    "segments": lambda size: JPEG + segment(0xFE, b"") * (size // 4) + SCAN + END,
    "chunks of a PNG": lambda size: b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0IDAT\0\0\0\0\0\0\0\0tEXt\0\0\0\0" * (size // 24),
    "chunks of a WebP": lambda size: b"RIFF\xff\xff\xff\0WEBP" + b"VP8 \0\0\0\0EXIF\0\0\0\0" * (size // 16),
    "boxes": lambda size: b"\0\0\0\x08ftyp" + b"\0\0\0\x10moov\0\0\0\x08udta" * (size // 16),
    "elements": lambda size: (
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff" + b"\x12\x54\xc3\x67\x80\xec\x80" * (size // 7)
    ),
}


def work(path: Path, content: bytes) -> float:
    """What stripping takes of a processor, in seconds: the least of a few times, as the others were disturbed."""

    def once() -> float:
        path.write_bytes(content)
        before = time.process_time()
        strip(path)
        return time.process_time() - before

    return min(once() for _ in range(5))


@pytest.mark.parametrize("content", LONG.values(), ids=LONG)
def test_eight_times_as_much_is_about_eight_times_the_work(tmp_path, content):
    path = tmp_path / "1"
    little, much = work(path, content(1500)), work(path, content(12_000))
    # By the square of its length it would be 64 times as much.
    assert much < 24 * little


def test_an_exif_is_read_no_further_than_it_goes(tmp_path):
    def exifs(entries: int) -> bytes:
        tiff = b"MM\0*\0\0\0\x08" + entries.to_bytes(2) + bytes(12 * 2)
        return JPEG + segment(0xE1, b"Exif\0\0" + tiff) * 20 + SCAN + END

    path = tmp_path / "1"
    assert work(path, exifs(0xFFFF)) < 24 * work(path, exifs(2))


@pytest.mark.parametrize("fills", [b"", b"\xff", b"\xff\xff"])
def test_bytes_that_fill_up_before_a_marker_are_no_part_of_a_picture(tmp_path, fills):
    path = tmp_path / "1"
    told = fills + segment(0xFE, SECRET.encode())
    path.write_bytes(JPEG + told + fills + SCAN + b"\1\xff\0\2" + told + fills + END)
    assert strip(path)
    assert SECRET.encode() not in path.read_bytes()
    assert re.sub(rb"\xff+", b"\xff", path.read_bytes()) == JPEG + SCAN + b"\1\xff\0\2" + END
    assert not strip(path)


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def element(name: bytes, content: bytes) -> bytes:
    return name + bytes([0x80 | len(content)]) + content


@pytest.mark.parametrize(
    "content",
    [
        box(b"ftyp") + 3 * box(b"moov", 3 * box(b"trak", 3 * box(b"udta"))),
        b"\x1a\x45\xdf\xa3\x80"
        + 2 * element(b"\x18\x53\x80\x67", 2 * element(b"\x15\x49\xa9\x66", 2 * b"\x7b\xa9\x82no")),
    ],
    ids=["boxes", "elements"],
)
def test_no_more_parts_are_gone_through_where_they_lie_in_one_another(tmp_path, shorten, content):
    path = tmp_path / "1"
    path.write_bytes(content)
    shorten("extender.archive.stripping.parts.MOST_PARTS", 5)
    assert strip(path)
    half = len(content) // 2
    assert path.read_bytes()[half:] == content[half:]


@pytest.mark.parametrize("length", range(1, 9))
def test_an_element_of_unknown_size_goes_on_to_the_end_however_that_is_written(tmp_path, length):
    path = tmp_path / "1"
    start = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67" + ((2 << 7 * length) - 1).to_bytes(length)
    start += 2 * element(b"\xec", bytes(100))
    path.write_bytes(start + element(b"\x15\x49\xa9\x66", element(b"\x7b\xa9", SECRET.encode())))
    assert strip(path)
    assert path.read_bytes() == start + b"\x15\x49\xa9\x66\x96\x7b\xa9\x93" + bytes(len(SECRET))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + b"\0\0\0\0"


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    content = b"".join(kind + len(inside).to_bytes(4, "little") + inside for kind, inside in chunks)
    return b"RIFF" + (4 + len(content)).to_bytes(4, "little") + b"WEBP" + content


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_memory_does_not_grow_with_the_picture(tmp_path, kind):
    path, pixels = tmp_path / "1", np.random.default_rng(1).integers(1, 255, (12 << 20) + 6, "uint8").tobytes()
    if kind == "JPEG":
        told, new = JPEG + segment(0xFE, SECRET.encode()) + SCAN + pixels + END, JPEG + SCAN + pixels + END
    elif kind == "PNG":
        start, inside = b"\x89PNG\r\n\x1a\n", png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
        told, new = start + png_chunk(b"tEXt", SECRET.encode()) + inside, start + inside
    else:
        told, new = webp((b"EXIF", 2 * SECRET.encode()), (b"VP8 ", pixels)), webp((b"VP8 ", pixels))
    path.write_bytes(told)
    tracemalloc.start()
    assert strip(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20
    assert path.read_bytes() == new


def test_a_scan_ends_before_its_marker_wherever_that_lies(tmp_path, shorten):
    path = tmp_path / "1"
    shorten("extender.archive.stripping.pictures.SEARCHED_BYTES", 4)
    for length in range(14):
        scan = SCAN + (b"\xff\0\2\xff\xd0\3" * 3)[:length]
        path.write_bytes(JPEG + scan + segment(0xFE, SECRET.encode()) + scan + END)
        assert strip(path)
        assert path.read_bytes() == JPEG + scan + scan + END


def test_an_exif_that_is_too_short_for_what_it_says_lets_nothing_grow(tmp_path):
    path = tmp_path / "1"
    # Its list of entries begins within its head.
    exif = segment(0xE1, b"Exif\0\0MM\0*\0\0\0\6\1\x12\0\3\0\0\0\1\0\6")
    path.write_bytes(JPEG + exif + SCAN + bytes(range(99)) + END)
    assert strip(path)
    assert path.read_bytes() == JPEG + SCAN + bytes(range(99)) + END


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "mp4", "matroska"])
def test_what_is_cut_off_or_nonsense_is_left_to_who_reads_it(tmp_path, kind):
    path = tmp_path / "1"
    whole = picture(kind) if kind.isupper() else video(path, kind).read_bytes()
    for length in (*range(80), *range(80, len(whole), max(1, len(whole) // 40))):
        path.write_bytes(whole[:length] + b"\xff\x00\x80" * (length % 3))
        strip(path)
