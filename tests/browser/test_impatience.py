"""Two presses where one was meant; and a keyboard that leaves what it has opened."""

import re
import uuid

from playwright.sync_api import expect

from tests.browser.conftest import do, sign_in
from tests.sizes import TORTURE

SMALL = [(720, 450), (320, 568)] + [(390, 844)] * bool(TORTURE)
STAGED = "from tests.browser.scene import stage; print(stage(1, owner='hasty').pk)"


def test_an_account_is_made_once_and_its_password_is_seen(house, directory, open_page):
    do(directory, STAGED)
    page = sign_in(open_page(), house, "hasty", f"{house.url}/team/members/new/")
    page.get_by_label("Name to sign in with").fill(f"new-{uuid.uuid4().hex[:8]}")
    page.get_by_role("button", name="Make the account").dblclick()
    expect(page.get_by_text(re.compile(r"^\w{5}-\w{5}-\w{5}-\w{5}$"))).to_be_visible()


def test_a_link_is_made_once_by_two_presses(house, directory, open_page):
    task = do(directory, STAGED)
    page = sign_in(open_page(), house, "hasty", f"{house.url}/tasks/{task}/")
    sent = []
    page.on("request", lambda request: request.url.endswith("/share/") and sent.append(request.url))
    # Both while the first is on its way.
    page.evaluate("() => { for (const _ of [1, 2]) document.getElementById('make-link').click() }")
    expect(page.get_by_label("Link 1")).to_be_visible()
    page.wait_for_timeout(500)
    assert len(sent) == 1
    # Nor is another form sent beside it: each answer takes the place of both.
    sent.clear()
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.evaluate(
        "() => { for (const id of ['make-link', 'revoke-']) document.querySelector(`[id^=${id}]`).click() }"
    )
    expect(page.get_by_label("Link 2")).to_be_visible()
    assert len({*sent}) == 1


def test_what_was_opened_closes_when_the_keyboard_goes_on(house, directory, open_page):
    task = do(directory, STAGED)
    page = sign_in(open_page(), house, "hasty", f"{house.url}/tasks/{task}/")
    page.wait_for_selector("#frame-2 .toggle:not([hidden])", state="attached")
    for name in ("more-2", "more", "menu"):
        opener, opened = page.locator(f"[popovertarget={name}]").first, page.locator(f"#{name}")
        opener.press("Enter")
        page.keyboard.press("Tab")
        expect(opened.locator(":focus")).to_have_count(1)
        page.keyboard.press("Shift+Tab")
        expect(opener).to_be_focused()
        expect(opened).to_be_visible()
        page.keyboard.press("Shift+Tab")
        expect(opened).to_be_hidden()
        expect(opener).not_to_be_focused()


def test_the_list_of_keys_is_within_reach_in_a_low_window(house, directory, open_page):
    task = do(directory, STAGED)
    page = sign_in(open_page(1366, 480), house, "hasty", f"{house.url}/tasks/{task}/")
    page.wait_for_selector("#frame-2 .toggle:not([hidden])", state="attached")
    page.keyboard.press("?")
    close = page.get_by_role("button", name="Close", exact=True)
    expect(close).to_be_in_viewport(ratio=1)
    close.click()
    page.goto(f"{house.url}/tasks/{task}/clips/1/film/")
    page.keyboard.press("?")
    expect(page.get_by_text("the clip before, the next")).to_be_in_viewport()
    page.keyboard.press("?")
    expect(page.get_by_text("the clip before, the next")).to_be_hidden()


# What covers the middle of what has the focus; false where nothing has it any more.
COVERED = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return false;
  const { x, y, width, height } = focused.getBoundingClientRect();
  const at = document.elementFromPoint(x + width / 2, y + height / 2);
  const label = focused.labels?.[0];
  const isSeen = !at || [focused, label].some((one) => one && (one.contains(at) || at.contains(one)));
  return isSeen ? null : `${focused.ariaLabel ?? focused.textContent.trim()} under ${at.outerHTML.slice(0, 80)}`;
}"""


def test_what_has_the_focus_is_under_nothing(house, directory, open_page):
    task = do(directory, STAGED)
    for width, height in SMALL:
        page = open_page(width, height)
        for address in ("", "clips/1/film/"):
            sign_in(page, house, "hasty", f"{house.url}/tasks/{task}/{address}")
            page.wait_for_load_state()
            for key in ("Tab", "Shift+Tab"):
                covered = []
                for _ in range(60):
                    page.keyboard.press(key)
                    covered.append(page.evaluate(COVERED))
                    if covered[-1] is False:
                        break
                assert [one for one in covered if one] == [], (width, height, address, key)
                page.evaluate("() => scrollTo(0, 1e6)")


def test_at_400_percent_the_composer_is_whole_and_nothing_covers_the_picture(house, directory, open_page):
    task = do(directory, STAGED)
    page = sign_in(open_page(320, 192), house, "hasty", f"{house.url}/tasks/{task}/")
    page.wait_for_selector("#frame-2 .toggle:not([hidden])", state="attached")
    box = page.locator("#frame-1").bounding_box()
    transport = page.locator(".transport").bounding_box()
    assert transport["y"] >= box["y"] + box["height"]
    page.get_by_label("What happens next").focus()
    send = page.locator("#composer-send").bounding_box()
    assert send["x"] + send["width"] <= 320
    assert page.locator("#composer").bounding_box()["y"] >= 0
    page.get_by_label("What happens next").scroll_into_view_if_needed()
    expect(page.get_by_label("What happens next")).to_be_in_viewport(ratio=1)
