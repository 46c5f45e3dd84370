"""Two presses where one was meant; and a keyboard that leaves what it has opened."""

import re
import uuid

from playwright.sync_api import expect

from tests.browser.conftest import do, sign_in

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
