"""The sandbox answers as APIFRAME is documented to answer: shapes, key, refusals, life, credits, ledger."""

import re
import uuid

import pytest
import requests

from tests.sandbox_process import Sandbox


@pytest.fixture
def original(sandbox: Sandbox) -> str:
    return sandbox.originals()[0]["task_id"]


def messages(response: requests.Response) -> list[str]:
    body = response.json()
    assert set(body) == {"errors"}
    assert all(set(error) == {"msg"} for error in body["errors"])
    return [error["msg"] for error in body["errors"]]


def test_a_submit_answers_with_a_task_id_and_nothing_else(sandbox, original):
    answer = sandbox.post(
        "/imagine-video-extend",
        {"parent_task_id": original, "index": "2", "prompt": "Rain begins", "motion": "high"},
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"task_id"}
    assert uuid.UUID(answer.json()["task_id"]).version == 4


def test_the_fetched_bodies_have_the_documented_shapes_throughout_a_life(sandbox, original):
    sandbox.options(seconds=2)
    task_id = sandbox.extend(original)
    seen = []
    while "video_urls" not in (body := sandbox.fetch(task_id)):
        seen.append(body)
    for early in seen:
        assert set(early) - {"percentage"} == {"task_id", "task_type", "status"}
        assert (early["task_id"], early["task_type"]) == (task_id, "imagine-video-extend")
        assert ("percentage" in early) == (early["status"] in ("starting", "processing"))
    statuses = list(dict.fromkeys(early["status"] for early in seen))
    # Which of them a poll meets is luck; test_life.py has all.
    assert statuses == [word for word in ("pending", "staged", "starting", "processing") if word in statuses]
    percentages = [early["percentage"] for early in seen if "percentage" in early]
    assert all(isinstance(percentage, str) for percentage in percentages)
    assert [int(percentage) for percentage in percentages] == sorted(map(int, percentages))
    assert percentages
    assert body == {
        "task_id": task_id,
        "task_type": "imagine-video-extend",
        "status": "finished",
        "video_urls": [f"{sandbox.url}/videos/{task_id}/{index}.mp4" for index in (1, 2, 3, 4)],
    }


def test_a_finished_task_has_a_status_or_none_as_the_option_says(sandbox, original):
    body = sandbox.fetch(original)
    assert body.pop("status") == "finished"
    sandbox.options(finished="bare")
    assert sandbox.fetch(original) == body
    assert set(body) == {"task_id", "task_type", "video_urls"}


@pytest.mark.parametrize(
    "key", [None, "", "wrong", "Bearer ", "Bearer wrong", "Basic sandbox", "sandbox2", "SANDBOX"]
)
@pytest.mark.parametrize("path", ["/imagine-video-extend", "/imagine-video", "/fetch", "/fetch-many"])
def test_a_wrong_key_is_answered_with_401_and_an_empty_object(sandbox, path, key):
    headers = {} if key is None else {"Authorization": key}
    answer = requests.post(sandbox.url + path, json={}, headers=headers, timeout=120)
    assert (answer.status_code, answer.json()) == (401, {})


GOOD = {"parent_task_id": "original", "index": "1", "prompt": "It goes on"}
START = {"prompt": "A quiet harbour", "image_url": "https://example.com/a.jpg"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parent_task_id": None}, "parent_task_id is required"),
        ({"parent_task_id": 7}, "parent_task_id must be a string"),
        ({"parent_task_id": "nobody"}, "The parent task was not found"),
        ({"index": None}, "index is required"),
        ({"index": 1}, 'index must be a string, one of "1", "2", "3", "4"'),
        ({"index": "0"}, 'index must be a string, one of "1", "2", "3", "4"'),
        ({"index": "5"}, 'index must be a string, one of "1", "2", "3", "4"'),
        ({"index": ["1"]}, 'index must be a string, one of "1", "2", "3", "4"'),
        ({"prompt": ""}, "prompt is required"),
        ({"prompt": " \n"}, "prompt is required"),
        ({"prompt": None}, "prompt is required"),
        ({"prompt": 5}, "prompt must be a string"),
        ({"motion": "medium"}, "motion must be low or high"),
        ({"motion": None}, "motion must be low or high"),
        ({"image_url": "ftp://example.com/a.jpg"}, "image_url must be an http or https address"),
        ({"image_url": 3}, "image_url must be a string"),
        ({"webhook_url": "nowhere"}, "webhook_url must be an http or https address"),
        ({"webhook_secret": 1}, "webhook_secret must be a string"),
    ],
)
def test_a_submit_with_a_bad_field_is_refused_and_costs_nothing(sandbox, original, changes, said):
    fields = {**GOOD, "parent_task_id": original, **changes}
    answer = sandbox.post("/imagine-video-extend", fields)
    assert (answer.status_code, messages(answer)) == (400, [said])
    assert sandbox.ledger()["bills"] == []


def test_every_missing_field_is_named(sandbox):
    assert messages(sandbox.post("/imagine-video-extend", {})) == [
        "parent_task_id is required",
        "index is required",
        "prompt is required",
    ]
    assert messages(sandbox.post("/imagine-video", {})) == ["prompt is required", "image_url is required"]


@pytest.mark.parametrize(
    "raw", [b"", b"no json", b"[]", b'"text"', b"null", b"\xff", b'{"prompt": "\\ud800"}', b"[" * 9000]
)
@pytest.mark.parametrize("path", ["/imagine-video-extend", "/fetch"])
def test_a_body_that_is_no_json_object_is_refused(sandbox, path, raw):
    answer = sandbox.post(path, data=raw)
    assert (answer.status_code, messages(answer)) == (400, ["The body must be a JSON object"])


def test_a_parent_must_be_finished_and_have_that_clip(sandbox, original):
    sandbox.options(seconds=60)
    running = sandbox.extend(original)
    refusal = sandbox.post("/imagine-video-extend", {**GOOD, "parent_task_id": running})
    assert (refusal.status_code, messages(refusal)) == (400, ["The parent task is not finished"])
    two = sandbox.start_video("Two takes --bs 2 [seconds-0]")
    assert len(sandbox.fetch(two)["video_urls"]) == 2
    refusal = sandbox.post("/imagine-video-extend", {**GOOD, "parent_task_id": two, "index": "3"})
    assert (refusal.status_code, messages(refusal)) == (400, ["The parent task has no video 3"])


def test_an_extension_can_be_extended_four_times_in_all(sandbox, original):
    parent = original
    for _ in range(4):
        parent = sandbox.extend(parent, "On and on [seconds-0]", index="4")
        assert "video_urls" in sandbox.finished(parent)
    refusal = sandbox.post("/imagine-video-extend", {**GOOD, "parent_task_id": parent})
    assert refusal.status_code == 400
    assert "4 times already" in messages(refusal)[0]


def test_the_same_submit_twice_is_billed_twice(sandbox, original):
    assert sandbox.extend(original) != sandbox.extend(original)
    assert sandbox.ledger()["totals"]["bills"] == 2


def test_fetch_refuses_what_it_does_not_know(sandbox):
    unknown = sandbox.post("/fetch", {"task_id": str(uuid.uuid4())})
    assert (unknown.status_code, messages(unknown)) == (404, ["Task not found"])
    missing = sandbox.post("/fetch", {})
    assert (missing.status_code, messages(missing)) == (400, ["task_id is required"])


def test_fetch_many_takes_two_to_twenty_ids(sandbox):
    ids = [one["task_id"] for one in sandbox.originals()]
    for bad in (None, ids[0], [], ids[:1], [*ids, 7], [str(uuid.uuid4()) for _ in range(21)]):
        assert sandbox.post("/fetch-many", {"task_ids": bad}).status_code == 400
    most = [*ids, *(str(uuid.uuid4()) for _ in range(18))]
    tasks = sandbox.post("/fetch-many", {"task_ids": most}).json()["tasks"]
    assert sorted(tasks, key=str) == sorted(map(sandbox.fetch, ids), key=str)


def test_the_originals_are_two_finished_start_videos_that_nobody_paid_for(sandbox):
    listed = requests.get(f"{sandbox.url}/_sandbox/originals", timeout=120).json()
    assert [set(each) for each in listed] == [{"task_id", "prompt"}] * 2
    assert all(uuid.UUID(each["task_id"]).version == 4 and each["prompt"] for each in listed)
    for each in listed:
        body = sandbox.fetch(each["task_id"])
        assert (body["task_type"], len(body["video_urls"])) == ("imagine-video", 4)
    assert sandbox.ledger()["bills"] == []


def test_credits_are_deducted_and_run_out_with_402(sandbox, original):
    assert set(sandbox.get("/account").json()) == {"email", "credits", "total_images", "plan"}
    sandbox.options(credits=20)
    for left in (12, 4):
        sandbox.extend(original)
        assert sandbox.get("/account").json()["credits"] == left
    refusal = sandbox.post("/imagine-video-extend", {**GOOD, "parent_task_id": original})
    assert refusal.status_code == 402
    assert "credits" in messages(refusal)[0]
    assert sandbox.get("/account").json()["credits"] == 4


def test_the_ledger_records_every_call_and_nothing_secret(sandbox, original):
    secret, prompt = "s3cret-words", "A very private prompt"
    task_id = sandbox.extend(
        original,
        prompt,
        webhook_url="http://127.0.0.1:9/webhooks/apiframe/nonce-1/",
        webhook_secret=secret,
    )
    sandbox.fetch(task_id)
    sandbox.post("/imagine-video-extend", {})
    ledger = sandbox.ledger()
    submit, fetch, refusal = ledger["requests"]
    assert submit.pop("at") == pytest.approx(fetch["at"], abs=5)
    assert submit == {
        "method": "POST",
        "path": "/imagine-video-extend",
        "status": 200,
        "task_id": task_id,
        "task_ids": None,
        "parent_task_id": original,
        "nonce": "nonce-1",
        "billed": True,
        "fault": None,
    }
    assert (fetch["path"], fetch["task_id"], fetch["billed"]) == ("/fetch", task_id, False)
    assert (refusal["status"], refusal["billed"]) == (400, False)
    assert ledger["totals"] == {"requests": 3, "submits": 2, "bills": 1, "credits": 8}
    assert [(bill["task_id"], bill["credits"]) for bill in ledger["bills"]] == [(task_id, 8)]
    assert sandbox.key not in re.sub(r"/_sandbox/", "", sandbox.log.split("reset")[-1])
    for hidden in (secret, prompt):
        assert hidden not in str(ledger)
        assert hidden not in sandbox.log


@pytest.mark.parametrize(
    "changes",
    [
        [],
        {"color": 1},
        {"seconds": -1},
        {"seconds": "NaN"},
        {"misbehave": ["nothing"]},
        {"misbehave": 5},
        {"tiny": "yes"},
        {"credits": 1.5e99},
        {"credits": True},
        {"finished": "perhaps"},
    ],
)
def test_bad_options_are_refused_with_words(sandbox, changes):
    before = sandbox.get("/_sandbox/options").json()
    answer = sandbox.post("/_sandbox/options", changes)
    assert answer.status_code == 400
    assert messages(answer)[0]
    assert sandbox.get("/_sandbox/options").json() == before


def test_reset_forgets_all_but_the_originals(sandbox, original):
    task_id = sandbox.extend(original)
    sandbox.options(seconds=9, misbehave=["fail"], credits=3)
    sandbox.reset()
    assert sandbox.post("/fetch", {"task_id": task_id}).status_code == 404
    assert "video_urls" in sandbox.fetch(original)
    assert sandbox.get("/account").json()["credits"] == 1000
    options = sandbox.get("/_sandbox/options").json()
    assert options == {
        "seconds": 0.4,
        "misbehave": [],
        "tiny": True,
        "credits": 1000,
        "stall": 30.0,
        "finished": "status",
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/fetch", 405), ("POST", "/account", 405), ("GET", "/", 404), ("HEAD", "/fetch", 405)],
)
def test_other_addresses_and_methods_are_refused(sandbox, method, path, status):
    with requests.Session() as session:  # one connection: an answer with stray bytes would spoil the next
        for _ in range(2):
            answer = session.request(method, sandbox.url + path, timeout=120)
            assert answer.status_code == status


def test_a_body_that_is_too_long_or_has_no_length_is_refused(sandbox):
    assert sandbox.post("/fetch", data=iter([b"{}"])).status_code == 413
    assert sandbox.post("/fetch", data=b" " * ((1 << 20) + 1)).status_code == 413
