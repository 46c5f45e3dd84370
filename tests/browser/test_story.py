"""The whole story of a new user, in a browser, on a desk and on a phone."""

import re
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import STILL, assert_plays, choose, do, sign_in
from tests.helpers import eventually
from tests.pictures import jpeg
from tests.sizes import TORTURE

# On a phone, and by mouse, everyday runs have another story.
SIZES = {"desktop": (1440, 900)} | ({"phone": (390, 844)} if TORTURE else {})


def submit(page, prompt: str) -> None:
    page.get_by_label("What happens next").fill(prompt)
    page.locator("[data-submit]").click()
    page.wait_for_selector("#task")


def fill_in(page, clip: int) -> None:
    """Opens the form that has everything, for a clip of the task whose page this is."""
    task = page.url.split("/")[-2]
    page.goto(page.url.replace(f"/{task}/", f"/new/?parent={task}&index={clip}"))


def play_all(page) -> None:
    """Nothing is loaded before somebody asks for it. Not while copies come: a film would just change its address."""
    expect(page.locator("#copies[hx-get]")).to_have_count(0, timeout=60_000)
    page.get_by_role("button", name="Play", exact=True).click()
    assert_plays(page, "#task video", 4)


def bring(page, clip: int):
    """What can be done with a clip: on a phone it has to come into view."""
    pager = page.get_by_role("navigation", name="Clips").get_by_role("button", name=f"Clip {clip}")
    if pager.is_visible():
        pager.click()
    return page.locator(f"#frame-{clip}")


@pytest.mark.parametrize(("width", "height"), SIZES.values(), ids=SIZES)
def test_a_newcomer_extends_a_clip_and_shows_it_around(house, upstream, open_page, width, height):
    choose(upstream, tiny=not TORTURE)
    page = sign_in(open_page(width, height), house)
    titles = [original["prompt"] for original in requests.get(f"{upstream}/_sandbox/originals", timeout=120).json()]
    assert len(titles) == 2
    for title in titles:
        expect(page.get_by_role("heading", name=title, exact=True)).to_have_count(1)
    expect(page.locator(".card", has_text="The camera drifts closer")).to_contain_text("from clip 1 of")

    page.locator(".card", has_text="Original").last.get_by_role("link").first.click()
    play_all(page)

    fill_in(page, 2)
    assert_plays(page, "#stage", 1)
    expect(page.locator("input[name=index][value='2']")).to_be_checked()
    expect(page.get_by_label("What happens next")).not_to_have_value("")
    chosen = page.locator("#stage").get_attribute("src")
    page.locator(".take").nth(2).click()
    expect(page.locator("#stage")).not_to_have_attribute("src", chosen)

    submit(page, "A paper lantern comes into view, and the light turns golden")
    expect(page.locator("#task")).to_have_attribute("data-state", re.compile("pending|processing"))
    expect(page.locator("progress.line")).to_be_visible()
    expect(page.locator("[data-clock]")).to_be_visible()
    expect(page.locator("#running")).to_contain_text(re.compile(r"\d running"))
    expect(page.locator("#task")).to_have_attribute("data-state", "finished", timeout=180_000)
    expect(page.locator("#task")).not_to_have_attribute("hx-get", re.compile("."))
    expect(page).to_have_title(re.compile("^✓ A paper lantern"))
    play_all(page)

    with page.expect_download() as downloading:
        bring(page, 3).get_by_label("Download clip 3").click()
    assert downloading.value.suggested_filename == "a-paper-lantern-comes-into-view-and-the-light-turns-golden-3.mp4"
    assert downloading.value.path().read_bytes()[4:8] == b"ftyp"

    page.get_by_role("button", name=re.compile("Make a")).click()
    expect(page.get_by_label("Link 1")).to_be_focused()
    link = page.get_by_label("Link 1").input_value()
    expect(page.get_by_role("button", name="Copy")).to_be_visible()

    guest = open_page(390, 844, expected=("404 (Not Found)",))
    guest.goto(link)
    play_all(guest)
    words = guest.locator("body").inner_text()
    assert "lantern" not in words
    assert "Shown by demo" in words

    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_label("Link 1")).to_have_count(0)
    assert guest.goto(link).status == 404


def test_a_long_prompt_is_counted_before_it_is_refused(house, open_page):
    page = sign_in(open_page(), house)
    page.get_by_role("link", name="Extend a clip").click()
    prompt, counter = page.get_by_label("What happens next"), page.locator("[data-counter]")
    for length, words in ((1499, None), (1500, "1500 of 2000"), (2001, "2001 of 2000")):
        prompt.fill("🎈" * length)
        expect(counter).to_have_text(words) if words else expect(counter).to_be_hidden()
    expect(counter).to_have_attribute("data-over", "")


def test_a_video_made_elsewhere_is_looked_up_and_continued(house, upstream, open_page):
    page = sign_in(open_page(**STILL), house)
    page.get_by_role("link", name="Extend a clip").click()
    page.get_by_label("What happens next").fill("The kite climbs")
    # Only now: it is to be rendering still when it is looked up first.
    body = {"prompt": "A kite over a quiet beach [seconds-8]", "image_url": "https://example.org/start.jpg"}
    made = requests.post(f"{upstream}/imagine-video", json=body, headers={"Authorization": "sandbox"}, timeout=120)
    task_id = made.json()["task_id"]
    page.get_by_label("APIFRAME task id").fill(task_id)
    page.get_by_label("APIFRAME task id").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("still rendering")
    expect(page.get_by_label("What happens next")).to_have_value("The kite climbs")
    ask = {"json": {"task_id": task_id}, "headers": {"Authorization": "sandbox"}, "timeout": 5}
    eventually(lambda: "video_urls" in requests.post(f"{upstream}/fetch", **ask).json(), seconds=60)
    page.get_by_role("button", name="Look up").click()
    page.wait_for_selector("#stage")
    expect(page.get_by_label("What happens next")).to_have_value("The kite climbs")
    page.locator(".take").nth(3).click()
    page.get_by_text("Lively").click()
    submit(page, "The kite climbs")
    expect(page.locator(".source")).to_contain_text("Clip 4")
    expect(page.locator(".facts")).to_contain_text("Lively")
    expect(page.locator("#task")).to_have_attribute("data-state", "finished", timeout=180_000)


def test_a_failure_says_why_and_can_be_mended(house, upstream, open_page):
    page = sign_in(open_page(**STILL), house)
    page.locator(".card", has_text="Original").first.get_by_role("link").first.click()
    fill_in(page, 1)
    submit(page, "Something that is not allowed [fail]")
    expect(page.locator("#task")).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(page.locator(".notice.bad .reason")).not_to_be_empty()
    page.get_by_role("link", name="Edit and run again").click()
    expect(page.get_by_label("What happens next")).to_have_value("Something that is not allowed [fail]")
    expect(page.locator("input[name=index][value='1']")).to_be_checked()
    failed = page.url
    submit(page, "Something that is allowed [clips-1]")
    assert page.url != failed
    expect(page.locator("#task")).to_have_attribute("data-state", re.compile("pending|processing"))


def test_back_and_press_again_finds_the_same_task(house, upstream, open_page):
    page = sign_in(open_page(**STILL), house)
    page.locator(".card", has_text="Original").first.get_by_role("link").first.click()
    fill_in(page, 1)
    submit(page, "The same thing twice [clips-1]")
    first = page.url
    page.go_back()
    page.get_by_label("What happens next").fill("The same thing twice [clips-1]")
    page.locator("[data-submit]").click()
    page.wait_for_selector("#task")
    assert page.url == first


def test_a_page_that_comes_back_after_signing_out_leads_to_the_sign_in(house, open_page):
    page = sign_in(open_page(), house)
    page.context.clear_cookies()
    # Driven browsers keep no pages; this is what one says that does.
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.get_by_label("Password").wait_for()


def test_it_works_without_javascript(house, upstream, open_page):
    page = sign_in(open_page(java_script_enabled=False, **STILL), house)
    page.locator(".card", has_text="Original").first.get_by_role("link").first.click()
    expect(page.locator("#task video[controls]")).to_have_count(4)
    fill_in(page, 4)
    expect(page.locator("input[name=index][value='4']")).to_be_checked()
    submit(page, "Without a script [seconds-1]")
    expect(page.locator("#task")).to_have_attribute("data-state", "finished", timeout=180_000)
    page.get_by_role("button", name=re.compile("Make a")).click()
    link = page.get_by_label("Link 1").input_value()
    guest = open_page(java_script_enabled=False, **STILL)
    guest.goto(link)
    expect(guest.locator("#task video[controls]")).to_have_count(4)
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_label("Link 1")).to_have_count(0)


HAND_IN = """([kind, picture]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
  transfer.items.add(new File([bytes], "mine.jpg"));
  const how = { bubbles: true, cancelable: true };
  document.querySelector("h1").dispatchEvent(
    kind === "paste"
      ? new ClipboardEvent("paste", { ...how, clipboardData: transfer })
      : new DragEvent(kind, { ...how, dataTransfer: transfer }),
  );
}"""


@dataclass
class Mouse:
    """One way to work a page: the others do the same by other means."""

    page: Page

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, what: Locator, words: str) -> None:
        what.fill(words)

    def give(self, picture: bytes) -> None:
        self.page.evaluate(HAND_IN, ["drop", b64encode(picture).decode()])


class Touch(Mouse):
    def press(self, what: Locator) -> None:
        what.tap()

    def give(self, picture: bytes) -> None:
        with self.page.expect_file_chooser() as choosing:
            self.press(self.page.get_by_label("Picture", exact=True))
        choosing.value.set_files({"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": picture})


class Keyboard(Touch):
    """By the keyboard alone, as somebody would who sees no page: with Tab from one thing to the next."""

    def press(self, what: Locator) -> None:
        self._reach(what)
        self.page.keyboard.press("Enter")

    def write(self, what: Locator, words: str) -> None:
        self._reach(what)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(words)

    def _reach(self, what: Locator) -> None:
        for _ in range(120):
            if what.evaluate("(element) => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {what}")


ASK = """
from django.db.models.functions import Now
from extender.operations.worker import follow
from extender.tasks.models import Task
task = Task.objects.filter(pk="{pk}")
task.filter(state__in=("pending", "processing")).update(due_at=Now())
follow()
print(task.get().has_clips)
"""


def finish(page: Page, directory: Path) -> None:
    """Has APIFRAME asked at once about the task of this page, and waits until its clips are copied and compared."""
    page.wait_for_url(re.compile(r"/tasks/[0-9a-f-]{36}/$"))
    code = ASK.format(pk=page.url.split("/")[-2])
    eventually(lambda: do(directory, code) == "True", seconds=180)
    page.reload()
    # Longer than the lease of a copier that died.
    expect(page.locator("#copies[hx-get]")).to_have_count(0, timeout=180_000)


@pytest.mark.parametrize("hand", [Mouse, Keyboard, Touch] if TORTURE else [Touch])
def test_a_picture_becomes_a_film_of_two_shots_that_is_taken_away(house, upstream, directory, open_page, hand):
    choose(upstream, tiny=True, seconds=0)
    size: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True} if hand is Touch else {}
    page = sign_in(open_page(**size), house)
    by = hand(page)

    def begin(words: str) -> None:
        by.write(page.get_by_label("What happens", exact=True), f"{words} [clips-1]")
        by.press(page.get_by_role("button", name="Make a video"))
        finish(page, directory)

    def extend(words: str) -> None:
        by.write(page.get_by_label("What happens next"), f"{words} [clips-1]")
        by.press(page.locator("#composer-send"))
        by.press(page.locator("[data-strip] .card > a"))
        expect(page.get_by_role("heading", name=f"{words} [clips-1]", level=1)).to_be_visible()
        finish(page, directory)

    by.press(page.get_by_role("link", name="New"))
    page.wait_for_url("**/new/")
    by.give(jpeg())
    expect(page.locator(".becomes")).to_contain_text("The video will be wide, about 1.2:1.")
    begin("The snow falls")
    extend("The snow melts")
    extend("The lake thaws")
    by.press(page.get_by_role("button", name="More for clip 1"))
    by.press(page.get_by_role("button", name="Start from this frame of clip 1"))
    expect(page.get_by_label("Go on with the film: this is its shot 2")).to_be_checked()
    # Of what has not played it is the last frame.
    expect(page.locator("[name=out_ms]")).to_have_value("")
    begin("A harbour")
    extend("A ship leaves it")
    expect(page.locator("#branch .shot-mark")).to_have_text("Shot 2")

    by.press(page.get_by_role("link", name="Play the film"))
    for name in ("Original", "Extension 1", "Extension 2", "Shot 2", "Shot 2, extension 1"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    by.press(page.get_by_role("button", name="Download the film"))
    with page.expect_download() as downloading:
        by.press(page.get_by_role("link", name="Download the film"))
    assert downloading.value.suggested_filename == "a-ship-leaves-it-clips-1-film.mp4"
    assert downloading.value.path().read_bytes()[4:8] == b"ftyp"


def test_a_picture_that_is_pasted_is_shown(house, open_page):
    page = sign_in(open_page(390, 844), house)
    page.get_by_role("link", name="New").click()
    page.wait_for_url("**/new/")  # until its scripts have run
    page.evaluate(HAND_IN, ["paste", b64encode(jpeg()).decode()])
    expect(page.locator(".becomes")).to_contain_text("The video will be wide")
    expect(page.locator("#announce")).to_contain_text("The video will be wide")
