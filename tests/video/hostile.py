"""Five hundred files of people who mean harm, the same each time: spoilt, cut off, and made to reach further."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests import films, pictures
from tests.pictures import encoded, jpeg, scene

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"dinf")
GARBLED, CUT_OFF, LYING = range(24), (1, 20, 90, 300, 0.2, 0.5, 0.8, 0.97), range(8)


def files(folder: Path, server: str, marker: Path) -> dict[str, tuple[str, bytes]]:
    """By name whether it is given as a "film" or a "picture", and its bytes.

    They name the http origin `server`, files of the system, and a program that would make `marker`. Small films that
    they are made of are written into `folder`.
    """
    whole = _films(folder)
    found = {f"film, {name}": ("film", content) for name, content in _reaching_films(whole["mp4"], server, marker)}
    found |= {f"film, {name}": ("film", content) for name, content in _swollen_films(whole["mp4"])}
    found |= {f"picture, {name}": ("picture", content) for name, content in _reaching_pictures(server, marker)}
    found |= {f"picture, {name}": ("picture", content) for name, content in _swollen_pictures()}
    for kind, bases in (("film", whole), ("picture", _pictures())):
        for base, content in bases.items():
            found |= {f"{kind}, {base}, {how}": (kind, bad) for how, bad in _spoilt(content)}
    return found


def _films(folder: Path) -> dict[str, bytes]:
    small = films.pan(8)
    written = {
        "mp4": films.write(folder / "a.mp4", small),
        "with sound": films.write(folder / "b.mp4", small, sound=True),
        "mkv": films.write(folder / "c.mkv", small),
        "webm": films.write(folder / "d.webm", small, codec="libvpx-vp9", options={"deadline": "realtime"}),
        "mov": films.write(folder / "e.mov", small, codec="libx265", options={"preset": "ultrafast"}),
    }
    return {name: path.read_bytes() for name, path in written.items()}


def _pictures() -> dict[str, bytes]:
    return {
        "jpeg": jpeg(exif=pictures.exif()),
        "progressive": jpeg(progressive=True, icc_profile=pictures.swapped_profile()),
        "png": pictures.noted(),
        "palette": encoded(scene().quantize(8), "PNG", transparency=1),
        "webp": encoded(scene(), "WEBP"),
        "heic": encoded(scene(), "HEIF", exif=pictures.exif()),
    }


def _spoilt(content: bytes) -> Iterator[tuple[str, bytes]]:
    for seed in GARBLED:
        yield f"garbled {seed}", pictures.garbled(content, seed)
    for share in CUT_OFF:
        yield f"cut off at {share}", content[: share if isinstance(share, int) else int(share * len(content))]
    for seed in LYING:
        # A number of four bytes, somewhere near the front, where sizes and counts stand, is as large as can be.
        at = int(np.random.default_rng(seed).integers(4, min(len(content), 200 * (1 + seed))))
        yield f"lying {seed}", content[:at] + (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff")[seed % 2] + content[at + 4 :]


def _reaching_films(mp4: bytes, server: str, marker: Path) -> Iterator[tuple[str, bytes]]:
    for url in (
        f"{server}/film.mp4",
        "file:///etc/passwd",
        "/etc/passwd",
        "../clip.mp4",
        f"tcp{server[4:]}",
        "pipe:0",
    ):
        yield f"data at {url}", _with_reference(mp4, b"url ", url.encode() + b"\0")
        yield f"data by alias at {url}", _with_reference(mp4, b"alis", _alias(url))
        yield f"reference movie to {url}", _atom(b"moov", _atom(b"rmra", _atom(b"rmda", _rdrf(url))))
        yield f"HLS of {url}", f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n".encode()
        yield (
            f"HLS with a key at {url}",
            (
                f'#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXT-X-MAP:URI="{url}"\n'
                f"#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
            ).encode(),
        )
        yield f"concat of {url}", f"ffconcat version 1.0\nfile '{url}'\nduration 5\n".encode()
        yield (
            f"DASH of {url}",
            (
                '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
                f'<AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>{url}</BaseURL>'
                "</Representation></AdaptationSet></Period></MPD>"
            ).encode(),
        )
    host, port = server.removeprefix("http://").split(":")
    yield "SDP", f"v=0\no=- 0 0 IN IP4 {host}\ns=x\nc=IN IP4 {host}\nt=0 0\nm=video {port} RTP/AVP 96\n".encode()
    yield "RTSP", f"RTSPtext\r\nrtsp://{host}:{port}/film\r\n".encode()
    yield "ASX", f'<asx version="3.0"><entry><ref href="{server}/film"/></entry></asx>'.encode()
    yield "AviSynth", f'AviSource("{server}/film.avi")\nSystem("touch {marker}")\n'.encode()
    yield "VapourSynth", f"import os\nos.system('touch {marker}')\n".encode()
    yield "shell", f"#!/bin/sh\ntouch {marker}\ncurl {server}/\n".encode()
    yield "metadata", b";FFMETADATA1\ntitle=$(touch %s)\n" % str(marker).encode()
    yield "page behind it", mp4 + f"<script src='{server}/a.js'></script>".encode()
    yield "zip behind it", mp4 + b"PK\x03\x04\x14\0\0\0\0\0" + bytes(40)
    yield "another behind it", mp4 + mp4


def _swollen_films(mp4: bytes) -> Iterator[tuple[str, bytes]]:
    nested = b""
    for _ in range(2000):
        nested = _atom(b"moov", nested)
    yield "nested", mp4[:32] + nested
    for name in (b"stsz", b"stts", b"stsc", b"stco", b"ctts", b"stss"):
        at = mp4.find(name)
        if at > 0:
            for count in (b"\xff\xff\xff\xff", b"\x0f\xff\xff\xff"):
                where = at + (12 if name == b"stsz" else 8)
                yield f"{count.hex()} in {name.decode()}", mp4[:where] + count + mp4[where + 4 :]
    yield "no end", mp4.replace(b"\0\0\0\x08free", b"\0\0\0\0free")
    yield "endless EBML", b"\x1a\x45\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(4000)
    yield "zeros", bytes(100_000)
    for seed in range(6):
        noise = np.random.default_rng(seed).integers(0, 256, 3000, np.uint8).tobytes()
        yield f"noise {seed}", (mp4[:32], b"\x1a\x45\xdf\xa3", b"")[seed % 3] + noise


def _reaching_pictures(server: str, marker: Path) -> Iterator[tuple[str, bytes]]:
    for url in (f"{server}/a.png", "file:///etc/passwd"):
        yield f"SVG of {url}", f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>'.encode()
        yield (
            f"SVG with an entity at {url}",
            (
                f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{url}">]><svg xmlns="http://www.w3.org/2000/svg">&x;</svg>'
            ).encode(),
        )
        yield f"MVG of {url}", f"push graphic-context\nfill 'url({url})'\npop graphic-context\n".encode()
        yield f"XMP of {url}", jpeg(xmp=f'<!DOCTYPE x [<!ENTITY y SYSTEM "{url}">]><x>&y;</x>'.encode())
    yield "PostScript", f"%!PS\n(%pipe%touch {marker}) (w) file\n".encode()
    yield "EPS", f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch {marker}) (r) file\n".encode()
    yield "PDF", b"%PDF-1.4\n1 0 obj<</OpenAction<</S/Launch/F(touch)>>>>endobj\n"
    yield "MSL", f'<image><read filename="/etc/passwd"/><write filename="{marker}"/></image>'.encode()
    yield "label of ImageMagick", f"|touch {marker}\n".encode()
    yield "shell", f"#!/bin/sh\ntouch {marker}\n".encode()
    yield "pickle", b"cos\nsystem\n(S'touch %s'\ntR." % str(marker).encode()
    yield "PHP behind it", encoded(scene(), "PNG") + f"<?php system('touch {marker}');".encode()
    yield "zip behind it", jpeg() + b"PK\x03\x04" + bytes(40)
    yield "script in GIF", b"GIF89a/*" + b"*/=1;alert(1)//" + bytes(60)
    for name in ("../../outside", "/tmp/outside", "|touch outside", "$(touch outside)"):
        yield f"called {name}", pictures.with_segment(0xED, b"Photoshop 3.0\0" + name.encode())
    for kind in ("TIFF", "BMP", "GIF", "ICO", "PPM", "AVIF", "TGA", "PCX", "SGI", "DDS"):
        yield kind, encoded(scene().convert("P") if kind == "GIF" else scene(), kind)


def _swollen_pictures() -> Iterator[tuple[str, bytes]]:
    bursting = zlib.compress(bytes(50_000_000), 9)
    for size in ((60_000, 60_000), (2**31 - 1, 1), (1, 2**31 - 1), (8_000, 6_000), (0, 0)):
        yield f"PNG of {size}", pictures.png(size, 8, 2)
    yield "words that burst", pictures.png((96, 80), 8, 0, bytes(9_000), (b"zTXt", b"a\0\0" + bursting))
    yield "a profile that bursts", pictures.png((96, 80), 8, 0, bytes(9_000), (b"iCCP", b"a\0\0" + bursting))
    yield "a thousand chunks", pictures.png((96, 80), 8, 0, bytes(9_000), *[(b"tEXt", b"a\0" + bytes(900))] * 1000)
    for shape in (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x40\0\x40\0"):
        yield f"JPEG of {shape.hex()}", jpeg().replace(b"\x08\0\x50\0\x60\x03", b"\x08" + shape + b"\x03")
    scans = jpeg(progressive=True)
    at = scans.rindex(b"\xff\xda")
    yield "many scans", scans[:at] + scans[at:-2] * 400 + b"\xff\xd9"
    heic = encoded(scene(), "HEIF")
    at = heic.index(b"ispe") + 8
    for side in (0xFFFFFFFF, 60_000, 0):
        yield f"HEIC of {side}", heic[:at] + struct.pack(">II", side, side) + heic[at + 8 :]
    yield "huge WebP", b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0"
    frames = [Image.new("RGB", (96, 80), (number, 0, 0)) for number in range(200)]
    yield "WebP of 200", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], method=0)


def _atom(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _rdrf(url: str) -> bytes:
    return _atom(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(url) + 1) + url.encode() + b"\0")


def _alias(url: str) -> bytes:
    """A Macintosh alias record whose path is `url`, in the fields that FFmpeg reads."""
    path = url.encode()
    return (
        bytes(6)
        + b"\2\0\0\0"
        + bytes([3])
        + b"vol".ljust(27, b"\0")
        + bytes(12)
        + bytes([len(path[:63])])
        + path[:63].ljust(63, b"\0")
        + bytes(16)
        + struct.pack(">hh", 1, 1)
        + bytes(12)
        + struct.pack(">hH", 2, len(path))
        + path
        + bytes(len(path) % 2)
        + b"\xff\xff\0\0"
    )


def _with_reference(mp4: bytes, kind: bytes, record: bytes) -> bytes:
    """The same film, whose pictures lie elsewhere."""
    made, at = b"", 0
    while at + 8 <= len(mp4):
        length, name = struct.unpack_from(">I4s", mp4, at)
        inner = mp4[at + 8 : at + length]
        if name in CONTAINERS:
            inner = _with_reference(inner, kind, record)
        elif name == b"dref":
            inner = inner[:8] + _atom(kind, bytes(4) + record)
        made, at = made + _atom(name, inner), at + max(8, length)
    return made
