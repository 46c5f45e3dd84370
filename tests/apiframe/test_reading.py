"""A body is read as far as it goes, whatever its labels say, and what cannot be read is there to be kept."""

import gzip
import json
import time
import zlib

import pytest

from extender.apiframe.reading import read
from extender.apiframe.redaction import kept_of

SAID = {"task_id": "29f1a0c4", "percentage": 40, "message": "30 % für «später»"}
TEXT = json.dumps(SAID, ensure_ascii=False)
# Without the time at which it was packed: several processes have to find tests under the same names.
PACKED = gzip.compress(TEXT.encode(), mtime=0)
BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
BARE_DEFLATE = BARE.compress(TEXT.encode()) + BARE.flush()


@pytest.mark.parametrize(
    ("came", "packing"),
    [
        (TEXT.encode(), None),
        (TEXT.encode(), "gzip"),
        (TEXT.encode(), "deflate"),
        (TEXT.encode(), "br"),
        (f"\0\ufeff {TEXT}\n\0\0".encode(), ""),
        (f")]}}',\n{TEXT}".encode(), None),
        (f"notify({TEXT});".encode(), None),
        (f"Warning: slow\n{TEXT}\nBye {{".encode(), None),
        (TEXT.encode("utf-16"), None),
        (TEXT.encode("utf-16-be"), None),
        (json.dumps(TEXT).encode(), None),
        (PACKED, "gzip"),
        (PACKED, None),
        (gzip.compress(PACKED, mtime=0), "gzip, gzip"),
        (PACKED[:-6], "gzip"),
        (zlib.compress(TEXT.encode()), "deflate"),
        (BARE_DEFLATE, "Deflate"),
        (BARE_DEFLATE, None),
    ],
)
def test_what_can_be_read_is_read(came, packing):
    assert read(came, packing).said == SAID


def test_several_in_a_row_and_a_form_are_read_too():
    assert read(f"{TEXT}\n{TEXT}\n".encode()).said == [SAID, SAID]
    assert read(b"task_id=a%20b&status=failed").said == {"task_id": "a b", "status": "failed"}
    assert read(b"event=x&data=%7B%7D").said == {"event": "x", "data": "{}"}


@pytest.mark.parametrize(
    "came", [b"error=1010", b"<script>x = {}</script>", b"a " + b"[" * 60_000, b"x" * 300 + b"{}"]
)
def test_a_page_and_a_line_of_text_are_no_json(came):
    assert read(came).said is None


@pytest.mark.parametrize("came", [b"", b"\0", b"{", b"<h1>502</h1>", b"[" * 60_000, b"9" * 5000, b"\xff\xfe"])
def test_what_cannot_be_read_is_kept(came):
    body = read(came)
    assert body.said is None
    assert body.kept() == kept_of(came.decode("utf-8", "backslashreplace").strip("\0"))


def test_where_nothing_could_be_unpacked_the_bytes_themselves_are_kept():
    came = gzip.compress(b"\0 \n" + TEXT.encode() * 99)[:12]
    assert read(came).kept().startswith("\x1f\\x8b\x08")


def test_a_packing_that_cannot_be_read_is_named():
    assert read(b"\x8b\x02\x80{}", "br").kept() == "in a packing that cannot be read here: br\n\\x8b\x02\\x80{}"


def test_of_what_breaks_off_or_unfolds_without_end_the_beginning_is_kept():
    for packed in (gzip.compress(b"{" + TEXT.encode() * 99)[:-20], gzip.compress(b"{" + b" " * 50_000_000)):
        body = read(packed, "gzip")
        assert body.said is None
        assert body.text.startswith("{")
        assert len(body.text) <= 1024 * 1024


@pytest.mark.parametrize("before", [0, 2040, 2046])
def test_no_part_of_a_secret_is_kept_even_where_the_body_is_cut(before):
    kept = kept_of("x" * before + "of-the-account" + "x" * 4000, "of-the-account")
    assert "of-" not in kept
    assert len(kept.encode()) <= 2048


def test_a_long_name_costs_no_more_than_its_length():
    def seconds(words: int) -> float:
        before = time.process_time()
        kept_of("webhook" * words)
        return time.process_time() - before

    # By the square of its length it would be sixteen times as much.
    assert seconds(16_000) < 10 * max(seconds(4_000), seconds(4_000))
