"""APIFRAME's own Python SDK works against the sandbox as it does against the paid service."""

from collections.abc import Iterator

import pytest
from apiframe import Apiframe
from apiframe.exceptions import ApiframeError, AuthenticationError, RateLimitError

from tests.sandbox_process import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Apiframe]:
    with Apiframe(api_key=sandbox.key, base_url=sandbox.url, timeout=120) as client:
        yield client


def video(client: Apiframe, prompt: str = "A still lake") -> str:
    return client.midjourney.imagine_video({"prompt": prompt, "image_url": "https://example.com/start.jpg"})["id"]


def extension(client: Apiframe, parent: str, prompt: str = "It goes on", **more) -> str:
    params = {"parent_task_id": parent, "index": 2, "prompt": prompt, "motion": "high", **more}
    return client.midjourney.extend_video(params)["id"]


def test_a_video_is_made_and_extended(sandbox, client):
    shown: list[int] = []
    start = client.tasks.wait_for(video(client), on_progress=shown.append, interval=0.02, timeout=120)
    assert (start["status"], start["task_type"], len(start["video_urls"])) == ("completed", "imagine-video", 4)
    assert shown == sorted(shown)
    assert shown
    extended = client.tasks.wait_for(extension(client, start["task_id"]), interval=0.02, timeout=120)
    assert (extended["task_type"], len(extended["video_urls"])) == ("imagine-video-extend", 4)
    assert sandbox.ledger()["totals"]["bills"] == 2


def test_the_key_is_taken_raw_and_as_the_sdk_sends_it(sandbox, client):
    assert client.tasks.get_account_info() == sandbox.get("/account").json()
    with Apiframe(api_key="wrong", base_url=sandbox.url) as stranger, pytest.raises(AuthenticationError):
        stranger.tasks.get_account_info()


def test_one_task_and_many_are_read(sandbox, client):
    first, second = (one["task_id"] for one in sandbox.originals())
    assert client.tasks.get(first)["video_urls"] == sandbox.fetch(first)["video_urls"]
    many = client.tasks.get_many([first, second])["tasks"]
    assert {task["id"]: task["status"] for task in many} == {first: "completed", second: "completed"}


def test_a_failure_is_raised_with_its_reason(sandbox, client):
    task_id = extension(client, sandbox.originals()[0]["task_id"], "[fail] [seconds-0]")
    with pytest.raises(Exception, match="Banned prompt detected"):
        client.tasks.wait_for(task_id, interval=0.02, timeout=120)


@pytest.mark.parametrize(("word", "error"), [("429", RateLimitError), ("402", ApiframeError), ("500", ApiframeError)])
def test_a_refusal_is_an_error_of_the_sdk(sandbox, client, word, error):
    with pytest.raises(error) as refusal:
        extension(client, sandbox.originals()[0]["task_id"], f"[{word}]")
    assert refusal.type is error
    assert sandbox.ledger()["bills"] == []
