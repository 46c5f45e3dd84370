"""Each word of misbehaviour does over HTTP what the table says, and bills only where the table says so."""

import json
import socket
import time
import zlib

import pytest
import requests

from extender.sandbox import misbehaviour
from tests.sandbox_process import Sandbox

QUICK = "[seconds-0]"
STALL = 0.15  # seconds
FLAGS = {"stall": STALL}


@pytest.fixture
def original(sandbox: Sandbox) -> str:
    return sandbox.originals()[0]["task_id"]


def submit(sandbox: Sandbox, word: str, **more: object) -> requests.Response:
    body = {"parent_task_id": sandbox.originals()[0]["task_id"], "index": "1", "prompt": f"On [{word}]"}
    return sandbox.post("/imagine-video-extend", body, **more)


def the_request(sandbox: Sandbox) -> dict:
    """The ledger's one submit, after checking that it agrees with the bills."""
    ledger = sandbox.ledger()
    (request,) = (row for row in ledger["requests"] if row["path"] == "/imagine-video-extend")
    assert request["billed"] == bool(ledger["bills"])
    return request


ANSWERS = {
    "400": (400, "errors"),
    "401": (401, "{}"),
    "402": (402, "credits"),
    "403": (403, "errors"),
    "404": (404, "errors"),
    "408": (408, "errors"),
    "429": (429, "errors"),
    "500": (500, "{}"),
    "500-billed": (500, "{}"),
    "html": (200, "<!doctype html>"),
    "html-502": (502, "<!doctype html>"),
    "empty": (200, ""),
    "no-task-id": (200, "{}"),
    "stall": (200, "task_id"),
    "stall-unbilled": (500, "{}"),
}


@pytest.mark.parametrize("word", ANSWERS)
def test_a_bad_answer_to_a_submit(sandbox, word):
    began = time.monotonic()
    answer = submit(sandbox, word)
    status, text = ANSWERS[word]
    assert answer.status_code == status
    assert text in answer.text
    assert bool(text) == bool(answer.content)
    assert time.monotonic() - began >= STALL or not word.startswith("stall")
    assert (answer.headers.get("Retry-After") == "2") == (word == "429")
    request = the_request(sandbox)
    assert (request["fault"], request["status"]) == (word, status)
    assert request["billed"] == misbehaviour.is_billed(word)


@pytest.mark.parametrize("word", ["hang-up", "hang-up-billed"])
def test_a_connection_closed_without_an_answer(sandbox, word):
    with pytest.raises(requests.ConnectionError):
        submit(sandbox, word)
    request = the_request(sandbox)
    assert (request["status"], request["billed"]) == (None, word == "hang-up-billed")


@pytest.mark.parametrize("word", [word for word in misbehaviour.TABLE if "billed" in word or word == "stall"])
def test_a_billed_task_renders_although_its_answer_was_bad(sandbox, word):
    sandbox.options(seconds=0)
    try:
        submit(sandbox, word)
    except requests.ConnectionError:
        assert word == "hang-up-billed"
    request = the_request(sandbox)
    if misbehaviour.is_billed(word):
        assert len(sandbox.fetch(request["task_id"])["video_urls"]) == 4
    else:
        assert request["task_id"] is None


def test_a_dripping_answer_has_barely_begun_after_a_second(sandbox, original):
    body = json.dumps({"parent_task_id": original, "index": "1", "prompt": "[drip]"})
    head = f"POST /imagine-video-extend HTTP/1.1\r\nAuthorization: sandbox\r\nContent-Length: {len(body)}"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=120) as connection:
        connection.sendall(f"{head}\r\n\r\n{body}".encode())
        assert connection.recv(100) == b"H"
        began = time.monotonic()
        assert connection.recv(100) == b"T"
        assert time.monotonic() - began > 0.8
    assert the_request(sandbox)["billed"]


def test_a_huge_answer_is_100_megabytes(sandbox):
    with submit(sandbox, "huge", stream=True) as answer:
        size = sum(map(len, answer.iter_content(1 << 20)))
    assert size > 100 << 20
    assert the_request(sandbox)["billed"]


def test_a_gzip_bomb_is_small_on_the_wire_and_unpacks_without_end(sandbox):
    with submit(sandbox, "gzip-bomb", stream=True) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        packed = answer.raw.read(decode_content=False)
    assert len(packed) < 2 << 20
    assert len(zlib.decompressobj(31).decompress(packed, 64 << 20)) == 64 << 20


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("fail", "failed", lambda body: body["message"]),
        ("fail-error", "failed", lambda body: body["error"]["message"]),
        ("fail-list", "error", lambda body: body["error_messages"][0]),
    ],
)
def test_a_failure_says_why(sandbox, original, word, status, reason):
    task_id = sandbox.extend(original, f"[{word}] {QUICK}")
    body = sandbox.finished(task_id)
    assert (body["task_id"], body["task_type"], body["status"]) == (task_id, "imagine-video-extend", status)
    assert len(body) == 4
    assert reason(body).startswith("Banned prompt detected: ")


def test_a_message_may_accompany_a_running_task(sandbox, original):
    task_id = sandbox.extend(original, "[running-message]")
    assert sandbox.fetch(task_id)["message"]
    assert "message" not in sandbox.finished(task_id)


def test_a_stuck_task_does_not_finish(sandbox, original):
    task_id = sandbox.extend(original, f"[stuck] {QUICK}")
    assert sandbox.fetch(task_id)["status"] == "processing"


def test_a_prompt_can_set_the_length_of_its_life(sandbox, original):
    task_id = sandbox.extend(original, "[seconds-500]")
    assert sandbox.fetch(task_id)["status"] == "pending"


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_other_numbers_of_clips(sandbox, original, count):
    task_id = sandbox.extend(original, f"[clips-{count}] {QUICK}")
    urls = sandbox.fetch(task_id)["video_urls"]
    assert len(urls) == len(set(urls)) == count
    assert all(sandbox.get(url.removeprefix(sandbox.url)).status_code == 200 for url in urls)


def test_odd_addresses_of_clips(sandbox, original):
    def urls(word: str) -> list:
        return sandbox.fetch(sandbox.extend(original, f"[{word}] {QUICK}"))["video_urls"]

    doubled = urls("clips-doubled")
    assert (len(doubled), len(set(doubled))) == (4, 2)
    script, elsewhere, number, good = urls("clips-bad")
    assert script.startswith("javascript:")
    assert elsewhere.startswith("http://192.0.2.")  # an address reserved for documentation: nobody is there
    assert number == 7
    assert requests.get(good, timeout=120).ok
    lost = urls("clips-lost")
    assert {requests.get(url, timeout=120).status_code for url in lost} == {404}


FETCHES = {
    "fetch-401": (401, "{}"),
    "fetch-404": (404, "errors"),
    "fetch-429": (429, "errors"),
    "fetch-500": (500, "{}"),
    "fetch-html": (200, "<!doctype html>"),
    "fetch-html-404": (404, "<!doctype html>"),
    "fetch-html-502": (502, "<!doctype html>"),
    "fetch-empty": (200, ""),
    "fetch-stall": (200, ""),
}


@pytest.mark.parametrize("word", FETCHES)
def test_an_outage_of_fetches_ends_when_it_is_switched_off(sandbox, word):
    sandbox.options(misbehave=[word], seconds=0)
    parents = [one["task_id"] for one in sandbox.originals()]
    task_id = sandbox.extend(parents[0])  # submits still work
    began = time.monotonic()
    for answer in (
        sandbox.post("/fetch", {"task_id": task_id}),
        sandbox.post("/fetch-many", {"task_ids": parents}),
        sandbox.get("/account"),
    ):
        status, text = FETCHES[word]
        assert answer.status_code == status
        assert text in answer.text
    assert time.monotonic() - began >= 3 * STALL or word != "fetch-stall"
    assert [row["fault"] for row in sandbox.ledger()["requests"]] == [None, word, word, word]
    sandbox.options(misbehave=[])
    assert "video_urls" in sandbox.fetch(task_id)


def test_a_fetch_can_be_hung_up_or_huge(sandbox, original):
    sandbox.options(misbehave=["fetch-hang-up"])
    with pytest.raises(requests.ConnectionError):
        sandbox.fetch(original)
    sandbox.options(misbehave=["fetch-huge"])
    with sandbox.post("/fetch", {"task_id": original}, stream=True) as answer:
        assert int(answer.headers["Content-Length"]) > 100 << 20


UPLOADS = {
    "upload-400": (400, "errors"),
    "upload-401": (401, "{}"),
    "upload-429": (429, "errors"),
    "upload-500": (500, "{}"),
    "upload-html": (200, "<!doctype html>"),
    "upload-stall": (200, "imageURL"),
    "upload-hang-up": (None, ""),
}


@pytest.mark.parametrize("word", UPLOADS)
def test_an_outage_of_uploads(sandbox, word):
    sandbox.options(misbehave=[word])
    status, text = UPLOADS[word]
    began = time.monotonic()
    try:
        answer = sandbox.post("/upload", files={"image": b"\xff\xd8\xff"})
    except requests.ConnectionError:
        assert status is None
    else:
        assert (answer.status_code, text in answer.text) == (status, True)
    assert time.monotonic() - began >= STALL or word != "upload-stall"
    assert [(row["fault"], row["billed"]) for row in sandbox.ledger()["requests"]] == [(word, False)]


def test_a_fetch_fault_in_a_prompt_concerns_that_task_alone(sandbox, original):
    task_id = sandbox.extend(original, "[fetch-500]")
    assert sandbox.post("/fetch", {"task_id": task_id}).status_code == 500
    assert sandbox.post("/fetch", {"task_id": original}).status_code == 200


def test_a_partial_fetch_many_leaves_some_out(sandbox):
    sandbox.options(misbehave="fetch-partial")
    ids = {one["task_id"] for one in sandbox.originals()}
    (task,) = sandbox.post("/fetch-many", {"task_ids": list(ids)}).json()["tasks"]
    assert task["task_id"] in ids


def test_a_global_word_applies_to_every_submit(sandbox, original):
    sandbox.options(misbehave=["500-billed"])
    assert [submit(sandbox, "").status_code for _ in range(2)] == [500, 500]
    assert sandbox.ledger()["totals"]["bills"] == 2


def test_answers_of_ones_own_choice_are_given_byte_for_byte_and_once(sandbox, original):
    sandbox.dictate("/fetch", b"\x1f\0", b"{", status=418, headers={"Content-Encoding": "br"})
    for body in (b"\x1f\0", b"{"):
        with sandbox.post("/fetch", {"task_id": original}, stream=True) as answer:
            assert (answer.status_code, answer.raw.read(decode_content=False)) == (418, body)
            assert answer.headers["Content-Encoding"] == "br"
            assert "Content-Type" not in answer.headers
    assert sandbox.fetch(original)["task_id"] == original
    assert [row["fault"] for row in sandbox.ledger()["requests"]] == ["dictated", "dictated", None]
    sandbox.dictate("/fetch", b"{", cut=True)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        sandbox.fetch(original)
    assert sandbox.post("/_sandbox/answers", {"/fetch": [{"body": "?"}]}).status_code == 400
