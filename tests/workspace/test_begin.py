"""Where a branch begins: a picture and words make a video, words alone make pictures; what is refused stays typed."""

import re
import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from extender.states import State
from extender.tasks.models import Picture, Task
from extender.tasks.slots import LOOKS
from tests.helpers import eventually, form_of, make_task, queries
from tests.pictures import SIZE, encoded, exif, jpeg, scene

PHOTO = encoded(scene(), "HEIF", exif=exif())


def asked(**changes: object) -> dict[str, object]:
    """The form of a video, filled in."""
    return {"nonce": uuid.uuid4(), "prompt": "it snows", "motion": "high", **changes}


def photo(content: bytes = PHOTO) -> SimpleUploadedFile:
    return SimpleUploadedFile("IMG_0001.HEIC", content)


def paths(sandbox) -> list[str]:
    return [row["path"] for row in sandbox.ledger()["requests"] if row["path"] != "/account"]


@pytest.fixture
def kept(member) -> Picture:
    return Picture.objects.create(
        owner=member, sha256="1" * 64, width=SIZE[0], height=SIZE[1], content=jpeg(), preview=b"RIFF"
    )


def test_a_picture_and_words_become_a_video(web, sandbox):
    fields = asked(file=photo())
    first = web.post("/new/video/", fields)
    task = Task.objects.get()
    assert (first.status_code, first["Location"]) == (302, f"/tasks/{task.pk}/")
    assert (task.kind, task.state, task.prompt, task.motion) == ("video", State.PENDING, "it snows", "high")
    assert paths(sandbox) == ["/upload", "/imagine-video"]
    again = web.post("/new/video/", fields | {"file": photo()})
    assert (again["Location"], Task.objects.count()) == (first["Location"], 1), "a double click is one task"
    other = web.post("/new/video/", fields | {"file": photo(), "prompt": "it rains"}).content.decode()
    assert "You already sent this form" in other
    assert str(task.picture_id) in other


def test_a_picture_by_its_address_needs_no_upload(web, sandbox):
    web.post("/new/video/", asked(image_url="https://pictures.example/1.jpg"))
    assert (Task.objects.get().state, paths(sandbox)) == (State.PENDING, ["/imagine-video"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"file": b"GIF89a"}, "This is not a JPEG, PNG, WebP or HEIC picture."),
        ({"file": b""}, "That file is empty."),
        ({}, "Choose a picture, or give the address of one."),
        ({"image_url": "http://x.example/1.jpg"}, "Give an address that starts with https://."),
        ({"picture": uuid.uuid4()}, "That picture is kept here no more."),
        ({"image_url": "https://x.example/1.jpg", "prompt": " "}, "Say what happens next."),
        ({"image_url": "https://x.example/1.jpg", "prompt": "fog --motion low"}, "Make them agree."),
    ],
)
def test_what_is_refused_says_why_and_stays_typed(web, sandbox, changes, says):
    if "file" in changes:
        changes = {**changes, "file": photo(changes["file"])}
    page = web.post("/new/video/", asked(**changes)).content.decode()
    assert says in page
    assert "Nothing was sent" in page
    assert changes.get("prompt", "it snows").strip() in page
    assert not Task.objects.exists()
    assert paths(sandbox) == []


def test_a_picture_over_25_mb_is_not_looked_into(web):
    page = web.post("/new/video/", asked(file=photo(bytes(26 << 20)))).content.decode()
    assert "The picture is too large: it may have 25 MB." in page


def test_of_a_larger_file_no_more_is_kept_than_may_come(web, shorten):
    # Django takes files in pieces of 64 KiB; of what is allowed here the first is kept.
    shorten("extender.workspace.begin.video.most_file_bytes", 1000)
    noise = encoded(Image.effect_noise((400, 400), 90), "PNG")
    assert len(noise) > 2 * 65536
    page = web.post("/new/video/", asked(file=photo(noise))).content.decode()
    assert "It is damaged, or not complete." in page


def test_who_finds_no_slot_waits_for_one_and_is_told_in_the_end(web, sandbox, shorten):
    fields = asked(file=photo())
    with LOOKS.slot():
        threading.Timer(0.2, LOOKS.give_back).start()
        assert web.post("/new/video/", fields).status_code == 302
        LOOKS.take()
        shorten("extender.tasks.slots.LOOKS._patience", 0)
        page = web.post("/new/video/", asked(file=photo())).content.decode()
    assert "Too many pictures are being looked into" in page


def test_one_waits_for_a_slot_and_keeps_a_thread_and_the_others_are_told_at_once(web, sandbox):
    with LOOKS.slot():
        waiting = threading.Thread(target=LOOKS.take)
        waiting.start()
        eventually(lambda: not LOOKS._waiting._value)
        page = web.post("/new/video/", asked(file=photo())).content.decode()
        assert waiting.is_alive()
    waiting.join(30)
    LOOKS.give_back()
    assert "Too many pictures are being looked into" in page


def test_a_good_picture_need_not_be_given_twice(web, kept, browser_of, stranger, sandbox):
    page = web.post("/new/video/", asked(picture=kept.pk, prompt="")).content.decode()
    assert f'name="picture" value="{kept.pk}"' in page
    assert f'src="/pictures/{kept.pk}.webp"' in page
    shown = web.get(f"/pictures/{kept.pk}.webp")
    assert (shown["Content-Type"], shown.content) == ("image/webp", b"RIFF")
    other = browser_of(stranger)
    assert other.get(f"/pictures/{kept.pk}.webp").status_code == 404
    assert "kept here no more" in other.post("/new/video/", asked(picture=kept.pk)).content.decode()
    assert web.post("/new/video/", asked(picture=kept.pk)).status_code == 302
    assert Task.objects.get().picture_id == kept.pk


@pytest.mark.parametrize(
    ("address", "said"), [("/new/video/", "The video will be {}."), ("/tasks/new/", "It is {}. Best is the shape of")]
)
def test_a_picture_is_shown_with_the_shape_of_its_video_before_anything_is_paid(web, sandbox, start, address, said):
    fields = {"parent_task_id": start.remote_id, "index": 1} if "tasks" in address else {}
    page = web.post(f"{address}?look", asked(file=photo(), prompt="", **fields)).content.decode()
    picture = Picture.objects.get()
    assert f'name="picture" value="{picture.pk}" checked' in page
    assert f"Given: {picture.width} × {picture.height}." in page
    assert said.format(picture.becomes.words) in page
    assert f'<svg viewBox="0 0 {picture.becomes.width} {picture.becomes.height}"' in page
    assert "Nothing was sent" not in page
    assert web.post(f"{address}?look", asked(picture="", **fields)).content.decode().count("checked") > 1
    refused = web.post(f"{address}?look", asked(file=photo(b"GIF89a"), **fields)).content.decode()
    assert "This is not a JPEG, PNG, WebP or HEIC picture." in refused
    assert (Task.objects.count(), paths(sandbox)) == (1, [])


def test_pictures_that_were_given_or_made_lately_are_offered_by_both_forms(web, member, stranger, kept, start):
    made = make_task(member, urls=["https://p.example/1.png"], kind=Task.Kind.PICTURES, aspect_ratio="9:16")
    make_task(stranger, urls=["https://p.example/2.png"], kind=Task.Kind.PICTURES)
    for address in ("/new/", f"/tasks/new/?parent={start.pk}"):
        page = web.get(address).content.decode()
        offered = re.findall(r'type="radio" id="picture-[^"]*" name="picture" value="([^"]*)"', page)
        assert offered == ["", str(kept.pk), str(made.clip(1).pk)]
    fields = {"picture": made.clip(1).pk, "parent_task_id": start.remote_id, "index": 1}
    page = web.post("/tasks/new/?look", asked(**fields)).content.decode()
    assert "It is upright, about 9:16." in page


def test_a_picture_that_was_made_is_used_again_and_again_however_long_its_address_is(web, member, start, sandbox):
    address = f"https://p.example/1.png?{'a' * 2300}"
    made = make_task(member, urls=[address], kind=Task.Kind.PICTURES, aspect_ratio="9:16").clip(1)
    web.post("/tasks/new/", asked(picture=made.pk, parent_task_id=start.remote_id, index=1))
    task = Task.objects.get(parent=start)
    task.clean_fields(["picture", "out_ms", "form_nonce"])
    assert (task.image_url, task.start_clip) == (address, made)
    web.post("/tasks/new/", form_of(web.get(f"/tasks/new/?again={task.pk}")))
    assert Task.objects.filter(image_url=address, start_clip=made).count() == 2


def test_a_frame_of_a_clip_becomes_a_new_shot_of_its_film_or_a_film_of_its_own(web, kept, start, sandbox):
    page = web.get(f"/new/?start={kept.pk}&parent={start.pk}&index=2&out=1250").content.decode()
    assert "Go on with the film: this is its shot 2" in page
    assert f"clip 2 of “{start.title}”" in page
    assert re.search(r'name="goes_on"[^>]* checked', page)
    out_ms = re.search(r'name="out_ms" value="(\d+)"', page)[1]
    frame = {"picture": kept.pk, "parent": start.pk, "index": 2, "out_ms": out_ms}
    refused = web.post("/new/video/", asked(**frame, prompt="", goes_on="on")).content.decode()
    assert 'name="out_ms" value="1250"' in refused
    assert re.search(r'name="goes_on"[^>]* checked', refused)
    web.post("/new/video/", asked(**frame, goes_on="on"))
    shot = Task.objects.get(parent=start)
    found = (shot.kind, shot.parent_task_id, shot.index, shot.out_ms, shot.picture)
    assert found == ("video", start.remote_id, 2, 1250, kept)
    assert paths(sandbox) == ["/upload", "/imagine-video"]
    sent = asked(**frame, goes_on="on", nonce=shot.form_nonce, prompt="it rains")
    assert 'name="out_ms" value="1250"' in web.post("/new/video/", sent).content.decode()
    Task.objects.filter(pk=shot.pk).update(state=State.FAILED)
    again = web.get(f"/tasks/new/?again={shot.pk}", follow=True).content.decode()
    assert 'name="out_ms" value="1250"' in again
    assert re.search(r'name="goes_on"[^>]* checked', again)
    web.post("/new/video/", asked(**frame))
    own = Task.objects.get(kind=Task.Kind.VIDEO, parent=None)
    assert (own.index, own.out_ms, own.picture) == (None, None, kept)


def test_nobody_goes_on_from_a_clip_of_somebody_elses(browser_of, stranger, start):
    given = Picture.objects.create(owner=stranger, sha256="2" * 64, width=1, height=1, content=b"x", preview=b"x")
    other = browser_of(stranger)
    assert other.get(f"/new/?start={given.pk}&parent={start.pk}&index=1").status_code == 404
    fields = asked(picture=given.pk, parent=start.pk, index=1, goes_on="on")
    assert other.post("/new/video/", fields).status_code == 404
    assert not Task.objects.filter(kind=Task.Kind.VIDEO).exists()


def test_words_become_four_pictures_of_a_shape(web, sandbox):
    fields = {"nonce": uuid.uuid4(), "prompt": "a lake", "aspect_ratio": "9:16"}
    bad = web.post("/new/pictures/", fields | {"aspect_ratio": "7:1"}).content.decode()
    assert "Choose one of the shapes." in bad
    assert web.post("/new/pictures/", fields).status_code == 302
    task = Task.objects.get()
    assert (task.kind, task.state, task.aspect_ratio, paths(sandbox)) == (
        "pictures",
        State.PENDING,
        "9:16",
        ["/imagine"],
    )


def test_a_picture_that_was_made_here_is_brought_to_life(web, member, browser_of, stranger, sandbox):
    urls: list[str | None] = ["https://pictures.example/1.png", "https://pictures.example/2.png"]
    task = make_task(member, urls=urls, kind=Task.Kind.PICTURES, prompt="a lake")
    address = f"/new/?picture={task.pk}&index=2"
    assert address.replace("&", "&amp;") in web.get(f"/tasks/{task.pk}/").content.decode()
    page = web.get(address).content.decode()
    clip = task.clip(2)
    assert f'name="picture" value="{clip.pk}" checked' in page
    assert "Picture 2 of “a lake”." in page
    web.post("/new/video/", asked(picture=clip.pk))
    video = Task.objects.get(kind=Task.Kind.VIDEO)
    assert (video.image_url, video.start_clip) == ("https://pictures.example/2.png", clip)
    Task.objects.filter(pk=video.pk).update(state=State.FAILED, due_at=None)
    assert f'value="{clip.pk}" checked' in web.get(f"/new/?again={video.pk}").content.decode()
    assert browser_of(stranger).get(address).status_code == 404
    assert web.get(f"/new/?picture={task.pk}&index=3").status_code == 404


def test_a_video_and_the_picture_that_it_was_made_from_lead_to_each_other(web, member):
    task = make_task(member, kind=Task.Kind.PICTURES, prompt="a lake")
    video = make_task(member, kind=Task.Kind.VIDEO, prompt="it snows", start_clip=task.clip(2))
    other = make_task(member, kind=Task.Kind.VIDEO)
    extension = make_task(member, parent=video)
    addresses = [f"/tasks/{each.pk}/" for each in (video, extension)]
    for address in (*addresses, f"{addresses[1]}tree/"):
        page = re.sub(r"\s+", " ", web.get(address).content.decode())
        assert re.search(rf'href="/tasks/{task.pk}/".*icture 2 of “a lake”', page)
    assert "Made from" not in web.get(f"/tasks/{other.pk}/").content.decode()
    made = web.get(f"/tasks/{task.pk}/").content.decode()
    assert re.findall(r'Brought to life: <a href="([^"]+)"', made) == [f"/tasks/{video.pk}/"]
    costs = [queries(lambda each=each: web.get(f"/tasks/{each.pk}/")) for each in (video, other)]
    assert costs[0] == costs[1]


@pytest.mark.parametrize("state", [State.FAILED, State.UNCONFIRMED])
@pytest.mark.parametrize("kind", [Task.Kind.VIDEO, Task.Kind.PICTURES])
def test_what_failed_is_asked_for_again_as_it_was(web, member, kept, kind, state):
    more = {"picture": kept} if kind == Task.Kind.VIDEO else {"aspect_ratio": "2:3"}
    task = make_task(member, state, kind=kind, prompt="a boat", due_at=None, form_nonce=uuid.uuid4(), **more)
    assert f"?again={task.pk}" in web.get(f"/tasks/{task.pk}/").content.decode()
    page = web.get(f"/tasks/new/?again={task.pk}", follow=True).content.decode()
    assert "a boat" in page
    assert (str(kept.pk) if kind == Task.Kind.VIDEO else 'value="2:3"') in page
    assert ("may be charged too" in page) == (state == State.UNCONFIRMED)


def test_an_address_that_was_posted_to_can_be_reloaded(web):
    for address in ("/new/video/", "/new/pictures/"):
        assert web.get(address)["Location"] == "/new/"
    assert web.get("/new/").status_code == 200


def test_pictures_are_not_extended(web, member, sandbox):
    task = make_task(member, kind=Task.Kind.PICTURES, remote_id=str(uuid.uuid4()))
    assert web.get(f"/tasks/new/?parent={task.pk}&index=1")["Location"] == f"/tasks/{task.pk}/"
    page = web.post("/tasks/new/", asked(parent_task_id=task.remote_id, index="1")).content.decode()
    assert "Those are pictures. Bring one to life first." in page
    assert paths(sandbox) == []


def test_an_extension_takes_a_start_picture_as_a_video_does(web, original, sandbox):
    address = f"/tasks/new/?parent={original.pk}&index=2"
    fields = form_of(web.get(address)) | {"prompt": "it snows"}
    bad = web.post("/tasks/new/", fields | {"file": photo(b"GIF89a")}).content.decode()
    assert "This is not a JPEG, PNG, WebP or HEIC picture." in bad
    assert "it snows" in bad
    looked_up = web.post("/tasks/look-up/", fields | {"file": photo()})
    picture = form_of(looked_up)["picture"]
    assert web.post("/tasks/new/", form_of(looked_up)).status_code == 302
    task = Task.objects.get(kind=Task.Kind.EXTENSION)
    assert (str(task.picture_id), task.state) == (picture, State.PENDING)
    assert paths(sandbox)[-2:] == ["/upload", "/imagine-video-extend"]
    assert form_of(web.get(f"/tasks/new/?again={task.pk}"))["picture"] == picture


def test_a_picture_and_a_warning_outlive_a_token_that_is_gone(member, kept):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member)
    for address in ("/new/video/", "/tasks/new/"):
        page = strict.post(address, asked(picture=kept.pk, charged_twice="yes"))
        assert page.status_code == 403
        assert "which may be charged too" in page.content.decode()
        assert f'name="picture" value="{kept.pk}"' in page.content.decode()
