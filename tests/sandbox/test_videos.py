"""The clips can be played from the sandbox: whole files, ranges, and the headers that players need."""

import io
from collections.abc import Iterator

import av
import pytest
import requests

from extender.sandbox.videos import span
from tests.sandbox_process import Sandbox


@pytest.fixture(scope="module")
def urls() -> Iterator[list[str]]:
    with Sandbox() as sandbox:
        yield sandbox.fetch(sandbox.originals()[0]["task_id"])["video_urls"]


@pytest.fixture(scope="module")
def whole(urls: list[str]) -> bytes:
    return requests.get(urls[0], timeout=120).content


def test_a_clip_is_a_playable_h264_file(whole):
    with av.open(io.BytesIO(whole)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 128, 72)
        assert len(list(container.decode(stream))) == 8


def test_no_two_clips_are_the_same_file(urls):
    assert len({requests.get(url, timeout=120).content for url in urls}) == 4


def test_the_headers_let_a_player_seek_and_a_browser_read(urls, whole):
    answer = requests.get(urls[0], timeout=120)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Length"] == str(len(whole))
    assert answer.headers["Cache-Control"]
    again = requests.get(urls[0], headers={"If-None-Match": answer.headers["ETag"]}, timeout=120)
    assert (again.status_code, again.content) == (304, b"")


def test_head_tells_the_size_and_sends_nothing(urls, whole):
    with requests.Session() as session:
        for _ in range(2):
            answer = session.head(urls[0], timeout=120)
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["Content-Length"] == str(len(whole))


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-99", slice(10, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=0-99999999", slice(0, None)),
        ("bytes=-99999999", slice(0, None)),
    ],
)
def test_a_range_is_answered_with_206_and_those_bytes(urls, whole, asked, part):
    answer = requests.get(urls[0], headers={"Range": asked}, timeout=120)
    assert (answer.status_code, answer.content) == (206, whole[part])
    start, stop, _ = part.indices(len(whole))
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_range_outside_the_file_is_answered_with_416(urls, whole, asked):
    answer = requests.get(urls[0], headers={"Range": asked}, timeout=120)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(whole)}"


def test_an_outdated_if_range_gets_the_whole_file(urls, whole):
    answer = requests.get(urls[0], headers={"Range": "bytes=0-0", "If-Range": '"old"'}, timeout=120)
    assert (answer.status_code, answer.content) == (200, whole)


@pytest.mark.parametrize("header", [None, "", "bytes", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=0-1"])
def test_what_is_no_single_range_means_the_whole_file(header):
    assert span(header, 10) is None


@pytest.mark.parametrize("path", ["9.mp4", "0.mp4", "../../sandbox.sqlite3", "%2e%2e/sandbox.sqlite3", "1.mp4x"])
def test_other_paths_are_not_found(urls, path):
    base = urls[0].removesuffix("1.mp4")
    request = requests.Request("GET", base).prepare()
    request.url = base + path  # requests would tidy the dots away
    with requests.Session() as session:
        assert session.send(request, timeout=120).status_code == 404
