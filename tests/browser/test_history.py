"""The history in a real browser: one's place in it after Back, and the member's menu above it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import do, sign_in

PAGES = 5
MANY = f"""
from tests.browser.scene import member_called
from tests.helpers import make_task
from extender.tasks.models import Task
owner = member_called("archivist")
Task.objects.bulk_create(
    Task(owner=owner, prompt="Take " * (n % 9 + 1), state="failed", reason="No", due_at=None)
    for n in range(24 * {PAGES + 1})
)
print(owner.pk)
"""
PLACE = "() => [scrollY, [...document.querySelectorAll('.card')].map((card) => card.id)]"


@pytest.fixture(scope="module")
def archivist(directory, house) -> str:
    do(directory, MANY)
    return "archivist"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_back_finds_the_same_cards_at_the_same_pixel(house, open_page, archivist, scripts):
    page = sign_in(open_page(java_script_enabled=scripts), house, archivist)
    for pages in range(2, PAGES + 1):
        page.locator("#load-more").click()
        if scripts:
            expect(page.locator(".card")).to_have_count(24 * pages)
        else:
            page.wait_for_url(re.compile("before="))
    card = page.locator(".card > a").nth(-9)
    card.scroll_into_view_if_needed()
    before = page.evaluate(PLACE)
    assert before[0] > 0
    card.click()
    page.wait_for_url(re.compile(r"/tasks/[-0-9a-f]{36}/$"))
    page.go_back()
    page.wait_for_function("(y) => scrollY === y", arg=before[0])
    assert page.evaluate(PLACE) == before


def test_the_menu_closes_by_itself_and_a_theme_is_seen_at_once_and_stays(house, open_page, archivist):
    page = sign_in(open_page(color_scheme="dark"), house, archivist)
    name, menu = page.get_by_role("button", name=archivist), page.locator("#menu")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.get_by_role("heading", name="History").click()):
        name.click()
        expect(menu).to_be_visible()
        close()
        expect(menu).to_be_hidden()
    name.click()
    with page.expect_response("**/theme/"):
        page.get_by_label("Light").check()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light
