"""Clips in a browser: shown from our copies, scrubbed through without loading a video, and light."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import assert_plays, await_copies, choose, do, open_sent, sign_in

COPY = r"/clips/[0-9a-f-]+\.mp4"
# Each copy's address is its own, so a browser loads the pictures of each.
FILL = """
from extender.tasks.models import Clip, Task
from extender.team.models import Member
member = Member.objects.get(username="demo")
copies = list(Clip.objects.stored().filter(task__owner=member)[:4])
for number in range(24):
    task = Task.objects.create(owner=member, prompt=f"Copied {number}", state="finished", index=1, due_at=None)
    for index, copy in enumerate(copies, 1):
        Clip.objects.create(task=task, index=index, source_url=copy.source_url, state="stored", due_at=None, **{
            name: getattr(copy, name) for name in ("sha256", "bytes", "duration_ms", "width", "height", "codec",
                                                   "frame_rate", "facts")})
print(len(copies))
"""
EMPTY = """
from extender.tasks.models import Task
print(Task.objects.filter(prompt__startswith="Copied ").delete())
"""

NOT_COPIED_YET = """
from datetime import timedelta
from django.utils import timezone
from extender.tasks.models import Clip, Task
from tests.browser.scene import member_called
task = Task.objects.create(owner=member_called("early"), prompt="Early", state="finished", index=1, due_at=None)
urls = Clip.objects.stored().filter(task__owner__username="demo").values_list("source_url", flat=True)[:4]
for index, url in enumerate(urls, 1):
    Clip.objects.create(task=task, index=index, source_url=url, due_at=timezone.now() + timedelta(days=1))
print(len(urls))
"""


@pytest.fixture
def full_history(house, directory, upstream):
    """A first page of the history with nothing but finished, copied tasks."""
    await_copies(directory)
    assert do(directory, FILL) == "4"
    yield
    # Other tests look for the demo's tasks on the first page.
    do(directory, EMPTY)


def open_original(page: Page) -> None:
    page.locator(".card", has_text="Original").last.get_by_role("link").first.click()
    page.wait_for_selector("#task")


def loaded(page: Page) -> list[tuple[str, int]]:
    """What the page has loaded of clips: paths, and bytes as they came."""
    return page.evaluate(
        """() => performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/clips/"))
             .map((entry) => [new URL(entry.name).pathname, entry.encodedBodySize])"""
    )


def test_a_page_of_the_history_loads_pictures_under_one_and_a_half_megabytes_and_no_video(
    house, open_page, full_history, say
):
    page = open_page(anew=True)
    requested = []
    page.on("request", lambda request: requested.append(request))
    sign_in(page, house)
    expect(page.locator(".card")).to_have_count(24)
    for card in page.locator(".card").all():
        card.scroll_into_view_if_needed()
    stills = page.locator(".card img.still")
    expect(stills).to_have_count(96)
    page.wait_for_function("() => [...document.querySelectorAll('img.still')].every((still) => still.naturalWidth)")
    pictures = [size for path, size in loaded(page) if path.endswith(".webp")]
    say(f"a page of 24 tasks: {len(pictures)} pictures, {sum(pictures) / 1000:.0f} kB")
    assert len(pictures) == 96
    assert sum(pictures) < 1_500_000
    assert [request.url for request in requested if request.resource_type == "media"] == []
    assert page.locator("video").count() == 0


def test_scrubbing_shows_the_storyboard_and_loads_no_video(house, open_page, full_history):
    page = open_page()
    sign_in(page, house)
    frame = page.locator("[data-storyboard]").first
    box = frame.bounding_box()
    for share, tile in ((0.05, "1"), (0.5, "12"), (0.95, "22")):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        expect(frame.locator("canvas.sheet")).to_be_visible()
        expect(frame).to_have_attribute("data-tile", tile)
    page.mouse.move(0, 0)
    expect(page.locator("canvas.sheet")).to_have_count(0)
    assert not [path for path, _ in loaded(page) if path.endswith(".mp4")]
    assert len([path for path, _ in loaded(page) if path.endswith(".storyboard.webp")]) == 1


def test_the_keyboard_scrubs_too(house, open_page, full_history):
    page = open_page(reduced_motion="reduce")
    sign_in(page, house)
    page.get_by_role("link", name="Extend a clip").focus()
    page.keyboard.press("Tab")
    card = page.locator(".card").first
    expect(card.get_by_role("link").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(card.locator("canvas.sheet")).to_have_count(4)
    page.keyboard.press("ArrowRight")
    assert {frame.get_attribute("data-tile") for frame in card.locator("[data-storyboard]").all()} == {"1"}
    page.keyboard.press("ArrowLeft")
    assert {frame.get_attribute("data-tile") for frame in card.locator("[data-storyboard]").all()} == {"0"}
    page.keyboard.press("Tab")
    expect(page.locator("canvas.sheet")).to_have_count(0)


def test_dragging_across_a_frame_scrubs_and_does_not_open_it(house, open_page, full_history):
    page = open_page()
    sign_in(page, house)
    box = page.locator("[data-storyboard]").first.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 20, steps=5)
    page.mouse.up()
    assert page.url.endswith("/tasks/")
    page.mouse.click(box["x"] + 5, box["y"] + 20)
    page.wait_for_selector("#task")


def test_a_clip_that_is_not_copied_yet_shows_where_it_leads(house, open_page, directory):
    await_copies(directory)
    assert do(directory, NOT_COPIED_YET) == "4"
    page = sign_in(open_page(), house, "early")
    expect(page.locator(".card video")).to_have_count(4)
    page.wait_for_function(
        """() => [...document.querySelectorAll(".card video")].every(
             (video) => video.readyState >= 2 && Math.abs(video.currentTime / video.duration - 0.85) < 0.01)"""
    )


def test_clips_play_from_our_copies_and_seek(house, open_page, directory, upstream):
    page = open_page()
    sign_in(page, house)
    await_copies(directory)
    open_original(page)
    videos = page.locator("#task video")
    for video in videos.all():
        expect(video).to_have_attribute("src", re.compile(COPY))
        expect(video).to_have_attribute("poster", re.compile(r"\.poster\.webp$"))
    assert not [path for path, _ in loaded(page) if path.endswith(".mp4")], "nobody has pressed Play"
    page.get_by_role("button", name="Play", exact=True).click()
    assert_plays(page, "#task video", 4)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.keyboard.press("End")
    page.wait_for_function("() => [...document.querySelectorAll('#task video')].every((v) => v.paused && !v.seeking)")
    landed = videos.first.evaluate(
        "(video) => [video.currentTime / video.duration, video.error, video.seekable.end(0) / video.duration]"
    )
    assert landed[0] > 0.7
    assert landed[1:] == [None, 1]
    expect(page.locator("#copy-1")).to_contain_text("saved")


def test_a_page_goes_over_to_our_copy_without_a_reload(house, open_page, upstream):
    choose(upstream, tiny=True)
    page = open_page()
    sign_in(page, house)
    open_original(page)
    page.get_by_label("What happens next").fill("Slowly copied [seconds-1] [clip-slow]")
    page.locator("[data-submit]").click()
    open_sent(page, "Slowly copied")
    page.evaluate("() => { window.neverReloaded = true; }")
    expect(page.locator("#task")).to_have_attribute("data-state", "finished", timeout=60_000)
    first = page.locator("#task video").first
    assert first.get_attribute("src").startswith(upstream)
    first.evaluate("(video) => { window.firstVideo = video; }")
    expect(page.locator("#copy-1")).to_contain_text("copying", timeout=30_000)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#copy-1")).to_contain_text("saved", timeout=60_000)
    expect(first).to_have_attribute("src", re.compile(COPY))
    assert_plays(page, "#task li:first-child video", 1)
    assert page.evaluate("() => window.neverReloaded && window.firstVideo.isConnected")
    expect(page.locator("#task canvas")).to_have_count(0)


def test_all_four_come_in_one_zip(house, open_page, directory, upstream):
    # Without a sign-in no clip is ours any more.
    page = open_page(expected=("Loading media",))
    sign_in(page, house)
    await_copies(directory)
    open_original(page)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="More…").click()
        page.get_by_role("link", name="Download all").click()
    assert downloading.value.suggested_filename.endswith(".zip")
    assert downloading.value.path().read_bytes()[:2] == b"PK"
    page.context.clear_cookies()
    saved = []
    page.on("download", lambda download: saved.append(download.suggested_filename))
    page.get_by_role("link", name="Download all").click()
    expect(page).to_have_url(re.compile("/login/"))
    assert saved == [], "it would hold the form of the sign-in"


@pytest.fixture
def staged(directory):
    """A task of "stage" whose clips are here, and are here again for whoever sees it in the history later."""
    task = do(directory, "from tests.browser.scene import stage; print(stage(0, prompt='All at once').pk)")
    yield task
    become(directory, task, "saved")


def become(directory, task: str, state: str) -> None:
    """Puts all copies of the task into this state, in which nobody comes for them."""
    code = (
        "from extender.tasks.models import Clip, Task; "
        f"Clip.objects.filter(task='{task}').update(state='{state}', due_at='2100-01-01T00:00:00Z'); "
        f"Task.objects.renumber('{task}'); print(1)"
    )
    do(directory, code)


def test_what_can_only_be_streamed_is_played_stopped_and_played_on(house, directory, staged, open_page):
    page = sign_in(open_page(), house, "stage", f"{house.url}/tasks/{staged}/")
    film = page.request.get(house.url + page.locator(".wall video").first.get_attribute("src")).body()
    become(directory, staged, "copying")
    # Whatever part is asked for, all of it comes: so it cannot be sought.
    page.route("https://clips.example/**", lambda route: route.fulfill(body=film, content_type="video/mp4"))
    page.reload()
    moment = "() => Number(document.querySelector('[data-now]').textContent)"
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"() => ({moment})() > 0.5")
    page.get_by_role("button", name="Pause", exact=True).click()
    stood = page.evaluate(moment)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"() => ({moment})() > {stood} + 0.3")


def test_copies_that_come_all_at_once_take_the_place_of_what_is_shown(house, directory, staged, open_page):
    become(directory, staged, "copying")
    page = open_page(expected=("net::ERR",))
    page.route("https://clips.example/**", lambda route: route.abort())
    sign_in(page, house, "stage", f"{house.url}/tasks/{staged}/")
    expect(page.locator("#frame-1")).to_have_attribute("data-broken", "")
    become(directory, staged, "stored")
    for video in page.locator(".wall video").all():
        expect(video).to_have_attribute("src", re.compile(COPY))
    page.get_by_role("button", name="Play", exact=True).click()
    assert_plays(page, ".wall video", 4)
    expect(page.locator("[data-broken]")).to_have_count(0)
