"""Webhooks: the same bodies as /fetch, in order, with the secret; and each way in which they misbehave."""

import contextlib
import itertools
import threading
from collections.abc import Iterator

import pytest
import requests

from tests.helpers import eventually
from tests.sandbox_process import Receiver, Sandbox


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def original(sandbox: Sandbox) -> str:
    return sandbox.originals()[0]["task_id"]


def extend(sandbox: Sandbox, receiver: Receiver, prompt: str = "On", path: str = "/hook/") -> str:
    return sandbox.extend(
        sandbox.originals()[0]["task_id"],
        prompt,
        webhook_url=receiver.url + path,
        webhook_secret="the secret",
    )


def test_each_change_is_posted_in_order_and_the_result_last(sandbox, receiver):
    # A busy machine may sleep through a state: of a longer life it sees each.
    for seconds in (3, 15, 75):
        task_id = extend(sandbox, receiver, f"On [seconds-{seconds}]")
        bodies = receiver.wait(task_id)
        assert bodies[-1] == sandbox.fetch(task_id)
        statuses = [body["status"] for body in bodies[:-1]]
        if len({*statuses}) == 4:
            break
    assert list(dict.fromkeys(statuses)) == ["pending", "staged", "starting", "processing"]
    percentages = [int(body["percentage"]) for body in bodies[:-1] if "percentage" in body]
    assert percentages == sorted(percentages)
    assert all(earlier != later for earlier, later in itertools.pairwise(bodies))
    for path, headers, _ in receiver.posts:
        assert path == "/hook/"
        assert headers["x-webhook-secret"] == "the secret"
        assert headers["Content-Type"] == "application/json"


def test_the_ledger_tells_what_was_posted_and_answered(sandbox, receiver):
    task_id = extend(sandbox, receiver, "[fail]")
    receiver.wait(task_id)
    other = extend(sandbox, receiver, "[seconds-0]", "/elsewhere/")
    receiver.wait(other)

    def said(about: str) -> list[tuple[str, str]]:
        return [(row["status"], row["answer"]) for row in sandbox.ledger()["webhooks"] if row["task_id"] == about]

    # What was posted is in the ledger once it was answered.
    eventually(lambda: said(task_id)[-1:] == [("failed", 204)])
    eventually(lambda: said(other) == [("finished", 302)])
    assert "/never/" not in [path for path, _, _ in receiver.posts]


def test_a_receiver_that_is_not_there_is_no_trouble(sandbox, original):
    gone = "http://127.0.0.1:9/"
    task_id = sandbox.extend(original, "[seconds-0] [webhook-result-early]", webhook_url=gone)
    (row,) = (row for row in sandbox.ledger()["webhooks"] if row["task_id"] == task_id)
    assert row["answer"] == "failed: ConnectionError"


def test_a_slow_receiver_holds_nobody_else(sandbox, receiver):
    with Receiver() as slow:
        held = [extend(sandbox, slow, path="/slow/") for _ in range(12)]
        task_id = extend(sandbox, receiver)
        receiver.wait(task_id)
        assert slow.posts == []
        slow.release.set()
        for each in held:
            slow.wait(each)


def test_lost_webhooks_never_come(sandbox, receiver):
    task_id = extend(sandbox, receiver, "[webhook-lost]")
    sandbox.finished(task_id)
    receiver.wait(extend(sandbox, receiver, "[seconds-0]"))
    assert receiver.bodies(task_id) == []


def test_double_webhooks_come_twice(sandbox, receiver):
    task_id = extend(sandbox, receiver, "[webhook-double]")
    bodies = receiver.wait(task_id, results=2)
    assert bodies[::2] == bodies[1::2]


def test_reordered_webhooks_shrink_and_come_after_the_result(sandbox, receiver):
    task_id = extend(sandbox, receiver, "[webhook-reorder]")
    receiver.wait(task_id)
    next_one = extend(sandbox, receiver, "[seconds-0] [webhook-result-early]")
    receiver.wait(next_one)
    with receiver.changed:
        assert receiver.changed.wait_for(lambda: "video_urls" not in receiver.bodies(task_id)[-1], 5)
    bodies = receiver.bodies(task_id)
    percentages = [int(body["percentage"]) for body in bodies if "percentage" in body]
    assert percentages != sorted(percentages)


def test_early_webhooks_come_before_the_submit_is_answered(sandbox, receiver):
    first = extend(sandbox, receiver, "[webhook-early] [seconds-60]")
    assert receiver.bodies(first)[0]["status"] == "pending"
    result = extend(sandbox, receiver, "[webhook-result-early]")
    assert "video_urls" in receiver.bodies(result)[-1]


def test_a_wrong_secret_is_another_secret(sandbox, receiver):
    receiver.wait(extend(sandbox, receiver, "[webhook-wrong-secret] [seconds-0]"))
    assert [headers["x-webhook-secret"] for _, headers, _ in receiver.posts] == ["not-the secret"]


def test_they_come_labelled_packed_or_shaped_otherwise(sandbox, receiver):
    words = ("signed", "gzip", "text", "untyped", "nul", "chunked", "wrapped", "other-shape")
    for word in words:
        extend(sandbox, receiver, f"[webhook-{word}] [seconds-0]", f"/{word}/")
    with receiver.changed:
        assert receiver.changed.wait_for(lambda: len(receiver.posts) == len(words), 10), receiver.posts
    came = {path.strip("/"): (headers, body) for path, headers, body in receiver.posts}
    headers = {word: headers for word, (headers, _) in came.items()}
    assert headers["signed"]["x-signature"].startswith("sha256=")
    assert "x-webhook-secret" not in headers["signed"]
    assert headers["gzip"]["Content-Encoding"] == "gzip"
    assert headers["text"]["Content-Type"] == "text/plain"
    assert "Content-Type" not in headers["untyped"]
    assert int(headers["nul"]["Content-Length"]) == 1 + int(headers["text"]["Content-Length"])
    assert headers["chunked"]["Transfer-Encoding"] == "chunked"
    assert "taskId" in came["wrapped"][1]["data"]
    assert set(came["other-shape"][1]) == {"event", "object"}


def test_webhooks_come_although_the_answer_never_did(sandbox, receiver, original):
    sandbox.options(stall=5)
    url = receiver.url + "/hook/"
    body = {"parent_task_id": original, "index": "1", "prompt": "[stall] [seconds-0]", "webhook_url": url}

    def submit() -> None:
        with contextlib.suppress(requests.ConnectionError):
            sandbox.post("/imagine-video-extend", body)

    thread = threading.Thread(target=submit)
    thread.start()
    with receiver.changed:
        assert receiver.changed.wait_for(lambda: receiver.posts, 4)
    assert thread.is_alive()
    sandbox.restart()  # ends the stall
    thread.join()
