"""axe finds nothing on any page, in both themes; with less motion wanted, nothing moves by itself."""

import io
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import STILL, do, open_sent, sign_in
from tests.pictures import jpeg
from tests.sizes import TORTURE

# Nothing is loaded a second time: only the rules about sound and about turned screens would need that.
ALL_RULES = {"resultTypes": ["violations"], "preload": False}
# In another theme other colours are all that can be wrong.
COLOURS = ALL_RULES | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
LINE = "(one) => getComputedStyle(one).textDecorationLine"
# A colour on its way to that of another theme is neither.
ARRIVED = "() => !document.getAnimations().some((animation) => animation instanceof CSSTransition)"


def assert_clean(page, within: str = "html") -> None:
    """axe finds nothing in the element `within`, in either theme."""
    for theme, rules in (("dark", ALL_RULES), ("light", ALL_RULES if TORTURE else COLOURS)):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(ARRIVED)
        # To bring axe takes as long as to run it.
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(Axe().axe_script)
        violations = page.evaluate("(asked) => axe.run(...asked).then((found) => found.violations)", [within, rules])
        assert [(theme, v["id"], [node["html"][:160] for node in v["nodes"]]) for v in violations] == []


def start(page, prompt: str) -> None:
    page.locator(".card", has_text="Original").first.get_by_role("link").first.click()
    page.get_by_label("What happens next").fill(prompt)
    page.locator("[data-submit]").click()
    open_sent(page, prompt)


def test_axe_finds_nothing(house, upstream, open_page):
    page = open_page(expected=("404 (Not Found)",), **STILL)
    page.goto(house.url)
    assert_clean(page)
    sign_in(page, house)
    assert_clean(page)
    page.locator(".card", has_text="Original").first.get_by_role("link").first.click()
    page.get_by_role("button", name=re.compile("Make a")).click()
    page.get_by_text("Activity", exact=True).click()
    expect(page.locator(".timeline").first).to_be_visible()
    assert_clean(page)
    page.goto(house.url + "/new/")
    page.set_input_files("#video_file", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()})
    page.locator(".becomes").wait_for()
    page.get_by_text("Or one of yours").click()
    page.get_by_role("button", name="Make a video").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    assert_clean(page)
    page.goto(house.url + "/tasks/new/")
    assert_clean(page)
    page.locator("[data-submit]").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    assert_clean(page)
    page.goto(house.url + "/tasks/")
    for word, state in (("stuck", "processing"), ("fail", "failed"), ("500", "unconfirmed")):
        page.goto(house.url + "/tasks/")
        start(page, f"Quietly [{word}]")
        expect(page.locator("#task")).to_have_attribute("data-state", state, timeout=30_000)
        assert_clean(page)
    page.goto(house.url + "/tasks/")
    assert_clean(page)
    page.goto(house.url + "/nowhere/")
    assert_clean(page)


@pytest.mark.parametrize("width", [390, 1440] if TORTURE else [1440])
def test_axe_finds_nothing_in_any_view_of_what_is_finished(house, directory, open_page, width):
    task = do(directory, "from tests.browser.scene import stage; print(stage(4, prompt='A long way').pk)")
    page = sign_in(open_page(width, 900, **STILL), house, "stage", f"{house.url}/tasks/{task}/")
    expect(page.locator(".near-end")).to_be_visible()
    assert_clean(page)
    # The rest of the page is the same in each.
    for name in ("Cut", "Compare", "Slider"):
        page.get_by_role("button", name=name, exact=True).click()
        assert_clean(page, ".stage")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.keyboard.press("?")
    assert_clean(page, "#keys")
    page.keyboard.press("?")
    page.keyboard.press("p")
    expect(page.locator("[data-pick][aria-pressed=true]")).not_to_have_count(0)
    # It is past Midjourney's end, and so asked about.
    page.locator("#composer-send").click()
    expect(page.locator(".doubts")).to_be_visible()
    page.locator("#frame-2 [popovertarget=more-2]").click()
    assert_clean(page, ".stage")
    page.keyboard.press("Escape")
    page.goto(f"{house.url}/tasks/new/?parent={task}")
    expect(page.locator(".near-end")).to_be_visible()
    assert_clean(page)
    staff = ("/team/", "/team/archive/", "/team/members/", "/team/members/new/")
    for address in ("/tasks/?picked=yes", *staff, "/password/", f"/tasks/{task}/events/"):
        page.goto(house.url + address)
        assert_clean(page)
    page.goto(f"{house.url}/tasks/{task}/#share")
    page.get_by_role("button", name=re.compile("Make a")).click()
    link = page.get_by_label("Link 1").input_value()
    guest = open_page(width, 900, **STILL)
    guest.goto(link)
    guest.get_by_role("button", name="Play", exact=True).click()
    assert_clean(guest)


def test_less_motion_means_that_nothing_plays_by_itself(house, upstream, open_page):
    page = sign_in(open_page(reduced_motion="reduce"), house)
    page.locator(".card", has_text="Original").first.get_by_role("link").first.click()
    page.wait_for_function("() => document.querySelectorAll('#task .toggle:not([hidden])').length === 4")
    assert page.evaluate("() => [...document.querySelectorAll('video')].every((video) => video.paused)")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => !document.querySelectorAll('#task video')[1].paused")


def test_the_keyboard_alone_gets_to_a_submit(house, directory, open_page):
    # Of a member whose clips are four of each, whatever other tests have made.
    do(directory, "from tests.browser.scene import stage; print(stage(owner='keys', prompt='By keys').pk)")
    page = sign_in(open_page(), house, "keys")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.goto(house.url + "/tasks/new/")
    page.locator(".recent a", has_text="By keys").last.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#stage")
    page.locator("input[name=index]:checked").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("input[name=index][value='2']")).to_be_checked()
    page.keyboard.press("Tab")
    page.get_by_label("What happens next").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Quietly [clips-1]")
    page.locator("[data-submit]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#task")


def test_forced_colours_leave_the_moment_and_what_is_chosen_to_be_seen(house, directory, open_page):
    task = do(directory, "from tests.browser.scene import stage; print(stage().pk)")
    page = sign_in(open_page(forced_colors="active"), house, "stage", f"{house.url}/tasks/{task}/")
    assert page.get_by_role("button", name="All", exact=True).evaluate(LINE) == "underline"
    assert page.locator(".segment:has(:checked)").first.evaluate(LINE) == "underline"
    seen = Image.open(io.BytesIO(page.locator(".seekbar").screenshot(caret="initial"))).convert("L")
    dark = seen.point(lambda light: 255 * (light < 128)).getbbox()
    # The moment is higher than its track is.
    assert dark is not None
    assert 12 <= dark[3] - dark[1] <= 16


def test_a_finger_hits_the_way_back(house, directory, open_page):
    task = do(directory, "from tests.browser.scene import stage; print(stage().pk)")
    page = sign_in(open_page(390, 844), house, "stage")
    for address in ("team/archive", "team/members", f"tasks/{task}/tree", f"tasks/{task}/clips/1/film"):
        page.goto(f"{house.url}/{address}/")
        assert page.locator(".crumb a").first.bounding_box()["height"] >= 44, address
