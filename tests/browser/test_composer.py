"""The composer under the wall: extending without leaving it, by keyboard, mouse and finger, and without a script."""

import time

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import STILL, choose, do, sign_in
from tests.browser.test_picking import FORGET, MADE
from tests.sizes import TORTURE, size

# Nothing here is about the clips that come: one is copied in a quarter of the time.
CLIPS = "" if TORTURE else " [clips-1]"
EXTENSIONS = size(2, 5)


@pytest.fixture(scope="module")
def made(house, directory):
    """The address of a task that can be extended."""
    yield f"{house.url}/tasks/{do(directory, MADE)}/"
    do(directory, FORGET.format(prompt="The lantern sways"))


@pytest.fixture
def wall(house, upstream, open_page, made):
    """Opens the task's page, signed in; everything renders at once."""
    choose(upstream, tiny=True, seconds=0.2)

    def open_one(width: int = 1440, height: int = 900, **options: object) -> Page:
        return sign_in(open_page(width, height, **STILL, **options), house, at=made)

    return open_one


def submits(upstream: str) -> int:
    """How many extensions the sandbox has billed."""
    ledger = requests.get(f"{upstream}/_sandbox/ledger", timeout=120).json()
    return sum(request["path"] == "/imagine-video-extend" for request in ledger["requests"])


def cards(page: Page):
    return page.locator("[data-strip] .card")


def test_extensions_from_one_wall_without_leaving_it(wall, upstream, made, say):
    page, before = wall(), submits(upstream)
    words, began = page.get_by_label("What happens next"), time.monotonic()
    for number in range(1, EXTENSIONS + 1):
        page.keyboard.press("e")
        page.keyboard.type(f"The lantern sways, take {number}{CLIPS}")
        # Pressed twice, it is sent once.
        for _ in range(2):
            page.keyboard.press("Control+Enter")
        expect(cards(page)).to_have_count(number)
        # A region that comes with its words is read out by few.
        expect(page.locator("#announce")).to_have_text("1 request for clip 1 sent.")
        expect(words).to_be_focused()
        page.keyboard.press("Escape")
    say(f"{EXTENSIONS} extensions from one wall: {time.monotonic() - began:.1f} s")
    if TORTURE:
        assert time.monotonic() - began < 2 * EXTENSIONS
    assert page.url == made
    assert submits(upstream) == before + EXTENSIONS
    expect(page.locator("[data-strip] [data-state=finished]")).to_have_count(EXTENSIONS, timeout=60_000)
    expect(cards(page).first).to_contain_text(f"take {EXTENSIONS}")
    for key, card in (("]", 0), ("]", 1), ("[", 0)):
        page.keyboard.press(key)
        expect(cards(page).nth(card).locator("> a")).to_be_focused()


def test_from_the_history_with_new_words_in_two_presses(wall, house, upstream, made):
    page, before = wall(), submits(upstream)
    page.goto(f"{house.url}/tasks/")
    page.locator(f".go-on a[href^='{made.removeprefix(house.url)}']").click()
    expect(page.get_by_label("What happens next")).to_be_focused()
    page.wait_for_function("() => getSelection().toString()")
    page.keyboard.type(f"The lantern sways at once{CLIPS}")
    page.keyboard.press("Control+Enter")
    expect(cards(page).first.get_by_role("heading")).to_have_text(f"The lantern sways at once{CLIPS}")
    assert page.evaluate("() => scrollY") == 0, "nothing was scrolled"
    assert submits(upstream) == before + 1


def test_the_same_again_is_asked_about_where_the_button_is(wall, upstream):
    page, before = wall(), submits(upstream)
    page.keyboard.press("3")
    page.get_by_label("Lively").check(force=True)
    page.get_by_label("Requests").select_option("2")
    button, label = page.locator("#composer-send"), page.locator("[data-label]")
    expect(label).to_have_text("Extend clip 3 · 2 requests")
    button.click()
    expect(page.get_by_text("2 requests for clip 3: see below.")).to_be_visible()
    expect(label).to_have_text("Extend clip 3 · 1 request")
    button.click()
    expect(page.get_by_role("alert").filter(has_text="exactly this")).to_be_visible()
    expect(label).to_have_text("Extend anyway · 1 request")
    expect(button).to_be_in_viewport(ratio=1)
    assert submits(upstream) == before + 2
    button.click()
    expect(page.get_by_text("1 request for clip 3: see below.")).to_be_visible()
    assert submits(upstream) == before + 3


def test_long_words_open_above_and_move_and_hide_nothing_for_good(wall):
    page = wall(1366, 768)
    button, words = page.locator("#composer-send"), page.get_by_label("What happens next")
    before = button.bounding_box()
    words.fill("The lantern sways, and all the shadows of the street sway with it. " * 3)
    page.wait_for_function("() => document.activeElement.clientHeight > 48")
    assert page.evaluate("() => document.activeElement.scrollHeight === document.activeElement.clientHeight")
    assert button.bounding_box() == before
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Loop").click(trial=True)
    assert button.bounding_box() == before


def test_on_a_phone_it_is_a_sheet_whose_button_does_not_move(wall, upstream):
    page, before = wall(390, 844, has_touch=True, is_mobile=True), submits(upstream)
    page.get_by_role("navigation", name="Clips").get_by_role("button", name="Clip 2").tap()
    button, words = page.locator("#composer-send"), page.get_by_label("What happens next")
    expect(page.locator("[data-label]")).to_have_text("Extend clip 2 · 1 request")
    expect(page.locator("#frame-2")).to_be_in_viewport(ratio=1)
    closed = button.bounding_box()
    expect(page.get_by_label("Requests")).to_be_hidden()
    words.tap()
    expect(page.get_by_label("Requests")).to_be_visible()
    assert button.bounding_box() == closed
    assert closed["y"] + closed["height"] <= 844
    assert closed["height"] >= 44
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    words.fill(f"The lantern sways on a phone{CLIPS}")
    button.tap()
    expect(cards(page).first).to_contain_text("on a phone")
    expect(page.get_by_label("Requests")).to_be_hidden()
    page.locator("#composer-send").tap()
    expect(page.get_by_text("exactly this today")).to_be_visible()
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    last, sheet = page.locator(".side > :last-child").bounding_box(), page.locator("#composer").bounding_box()
    assert last["y"] + last["height"] <= sheet["y"], "nothing stays under the sheet"
    assert submits(upstream) == before + 1
    for action in page.locator("#frame-2 .over").all():
        assert action.bounding_box()["height"] >= 44
    page.get_by_role("button", name="Pick clip 2").tap()
    page.get_by_role("button", name="Picked clip 2").tap()
    expect(page.get_by_role("button", name="Pick clip 2")).to_be_visible()


def test_without_a_script_it_sends_and_the_page_shows_what_was_sent(wall, upstream, made):
    page, before = wall(java_script_enabled=False), submits(upstream)
    page.get_by_label("What happens next").fill(f"The lantern sways without a script{CLIPS}")
    page.get_by_role("radio", name="Clip 4").check(force=True)
    page.get_by_role("button", name="Extend the chosen clip").click()
    assert page.url == f"{made}#continuations"
    expect(cards(page).first).to_contain_text("without a script")
    expect(cards(page).first).to_contain_text("from clip 4")
    assert submits(upstream) == before + 1


def test_what_was_sent_is_not_asked_for_again_by_going_back(wall, upstream, made):
    page, before = wall(), submits(upstream)
    page.get_by_label("What happens next").fill(f"The lantern sways and comes back{CLIPS}")
    page.locator("#composer-send").dblclick()
    expect(cards(page).first).to_contain_text("comes back")
    cards(page).first.locator("> a").click()
    page.wait_for_selector("h1:has-text('comes back')")
    page.go_back()
    expect(cards(page).first).to_contain_text("comes back")
    assert submits(upstream) == before + 1
