"""Pictures at the sandbox: four of them and a grid, from words; a video begins with one of them."""

import io
import sqlite3
from contextlib import closing

import pytest
import requests
from apiframe import Apiframe
from PIL import Image

from tests.sandbox_process import Sandbox

QUICK = "A still lake [seconds-0]"


def imagine(sandbox: Sandbox, **more: object) -> str:
    return sandbox.post("/imagine", {"prompt": QUICK, **more}).json()["task_id"]


def opened(url: str) -> Image.Image:
    answer = requests.get(url, timeout=120)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    return Image.open(io.BytesIO(answer.content))


def test_four_pictures_and_a_grid_of_them(sandbox):
    with Apiframe(api_key=sandbox.key, base_url=sandbox.url) as client:
        params = {"prompt": "A still lake", "aspect_ratio": "9:16", "process_mode": "turbo"}
        task_id = client.midjourney.imagine(params)["id"]
        body = client.tasks.wait_for(task_id, interval=0.02, timeout=120)
    assert (body["task_type"], len(set(body["image_urls"]))) == ("imagine", 4)
    assert "video_urls" not in body
    single = opened(body["image_urls"][0])
    assert opened(body["original_image_url"]).size == (2 * single.width, 2 * single.height)
    assert [bill["task_type"] for bill in sandbox.ledger()["bills"]] == ["imagine"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "prompt is required"),
        ({"prompt": "x", "aspect_ratio": "wide"}, 'aspect_ratio must be such as "16:9", from 1:3 to 3:1'),
        ({"prompt": "x", "aspect_ratio": "9:1"}, 'aspect_ratio must be such as "16:9", from 1:3 to 3:1'),
        ({"prompt": "x", "aspect_ratio": 1}, 'aspect_ratio must be such as "16:9", from 1:3 to 3:1'),
        ({"prompt": "x", "process_mode": "slow"}, "process_mode must be fast or turbo"),
    ],
)
def test_bad_fields_are_refused(sandbox, fields, said):
    answer = sandbox.post("/imagine", fields)
    assert (answer.status_code, answer.json()) == (400, {"errors": [{"msg": said}]})
    assert sandbox.ledger()["bills"] == []


def test_a_picture_is_no_video_to_extend(sandbox):
    answer = sandbox.post(
        "/imagine-video-extend", {"parent_task_id": imagine(sandbox), "index": "1", "prompt": "It goes on"}
    )
    assert (answer.status_code, answer.json()) == (400, {"errors": [{"msg": "The parent task is no video"}]})


def test_a_video_begins_with_a_picture_and_can_be_extended_four_times(sandbox):
    picture = sandbox.fetch(imagine(sandbox))["image_urls"][2]
    parent = sandbox.start_video(QUICK, image_url=picture)
    for _ in range(4):
        parent = sandbox.extend(parent, QUICK)
        assert "video_urls" in sandbox.fetch(parent)


def test_lost_and_expired_addresses_are_those_of_pictures_too(sandbox):
    lost = sandbox.fetch(imagine(sandbox, prompt="[clips-lost] [seconds-0]"))["image_urls"]
    assert {requests.get(url, timeout=120).status_code for url in lost} == {404}
    task_id = imagine(sandbox, prompt="[clip-404-once] [seconds-0]")
    assert requests.get(sandbox.fetch(task_id)["image_urls"][0], timeout=120).status_code == 404
    assert opened(sandbox.fetch(task_id)["image_urls"][0])
    whole = imagine(sandbox, prompt="[clip-slow] [seconds-0]")
    assert opened(sandbox.fetch(whole)["image_urls"][0])


def encoded(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 30)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_uploaded_picture_is_served_as_it_came_and_not_billed(sandbox, kind):
    with Apiframe(api_key=sandbox.key, base_url=sandbox.url) as client:
        url = client.media.upload(file=encoded(kind), filename="start.png")["imageURL"]
    answer = requests.get(url, timeout=120)
    assert (answer.headers["Content-Type"], answer.content) == (f"image/{kind.lower()}", encoded(kind))
    begun = sandbox.start_video(QUICK, image_url=f"{url}?size=full")
    with closing(sqlite3.connect(sandbox.directory / "sandbox.sqlite3")) as kept:
        (name,) = kept.execute("SELECT picture FROM tasks WHERE task_id = ?", [begun]).fetchone()
    assert url.endswith(f"/{name}"), "the painter begins with it"
    assert [bill["task_type"] for bill in sandbox.ledger()["bills"]] == ["imagine-video"]
    sandbox.reset()
    assert requests.get(url, timeout=120).status_code == 404


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"image": b"<html>"}, "image must be a JPEG, PNG or WebP picture"),
        ({"image": encoded("GIF")}, "image must be a JPEG, PNG or WebP picture"),
        ({"picture": encoded()}, "one file, image, is required"),
        ({"image": encoded() + bytes(2 << 20)}, "image must not be larger than 2 MB"),
        (None, "one file, image, is required"),
    ],
)
def test_what_is_no_picture_is_not_taken(sandbox, files, said):
    answer = requests.post(f"{sandbox.url}/upload", files=files, headers={"Authorization": sandbox.key}, timeout=120)
    assert (answer.status_code, answer.json()) == (400, {"errors": [{"msg": said}]})


def test_no_other_file_is_reached_by_the_address_of_uploads(sandbox):
    for name in ("", "..", "../sandbox.sqlite3", "%2e%2e/sandbox.sqlite3"):
        request = requests.Request("GET", sandbox.url).prepare()
        request.url = f"{sandbox.url}/uploads/{name}"
        with requests.Session() as session:
            assert session.send(request, timeout=120).status_code == 404
