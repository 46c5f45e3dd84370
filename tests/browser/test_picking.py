"""Picking in a browser: marking a clip and extending it with one press, by mouse, by keyboard and by finger."""

import re

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import do, sign_in
from tests.browser.test_accessibility import assert_clean

# Of a video that the sandbox made, so that it can be extended there.
MADE = """
from extender.tasks.models import Task
demo = Task.objects.filter(kind="original").earliest("created_at")
task = Task.objects.create(owner=demo.owner, prompt="The lantern sways [clips-1]", index=1, state="finished",
    due_at=None, remote_id=demo.remote_id)
for clip in demo.clips:
    task.clip_set.create(index=clip.index, source_url=clip.source_url)
print(task.pk)
"""
# Rendering, and nobody asks how it goes on.
RENDERING = """
from extender.team.models import Member
from extender.tasks.models import Task
print(Task.objects.create(owner=Member.objects.get(username="demo"), prompt="The fog lifts", index=1,
    state="processing", percentage=26, due_at="2100-01-01T00:00:00Z").pk)
"""
RENDERED = """
from django.db.models import F
from extender.tasks.models import Task
ours = Task.objects.filter(prompt="The fog lifts")
print(ours.update(percentage={percentage}, version=F("version") + 1))
"""
STAGED = "from tests.browser.scene import stage; print(stage(2, owner='demo').pk)"
# Other tests look for the demo's tasks on the first page. What is still at work is waited for.
FORGET = """
import time
from extender.tasks.models import Task
from extender.states import OPEN
ours = Task.objects.filter(prompt__startswith="{prompt}")
ends = time.monotonic() + 60
while ours.filter(state__in=OPEN).exists():
    assert time.monotonic() < ends, list(ours.values_list("prompt", "state"))
    time.sleep(0.1)
while found := ours.filter(extensions=None):
    found.delete()
print("done")
"""

TASK = "from extender.tasks.models import Task; "


@pytest.fixture(scope="module")
def made(house, directory):
    yield f"{house.url}/tasks/{do(directory, MADE)}/"
    do(directory, FORGET.format(prompt="The lantern sways"))


@pytest.fixture
def lantern(made, upstream) -> str:
    """The address of a task that can be extended."""
    return made


@pytest.fixture(scope="module")
def branch(house, directory):
    """The address of the end of a branch whose clips are here."""
    yield f"{house.url}/tasks/{do(directory, STAGED)}/"
    do(directory, FORGET.format(prompt="The ferry leaves"))


def submits(upstream: str) -> int:
    """How many extensions the sandbox has billed."""
    ledger = requests.get(f"{upstream}/_sandbox/ledger", timeout=5).json()
    return sum(request["path"] == "/imagine-video-extend" for request in ledger["requests"])


def made_from(page: Page, task: str) -> None:
    """The page is that of a task which continues `task`."""
    page.wait_for_url(lambda address: re.fullmatch(r".*/tasks/[0-9a-f-]{36}/", address) and address != task)
    expect(page.locator("#task")).to_have_attribute("data-state", re.compile("pending|processing|finished"))
    assert page.locator(".branch .source").last.get_attribute("href") in task


def test_a_picked_clip_is_marked_at_once_and_found_again(house, open_page, lantern):
    page = sign_in(open_page(), house)
    page.goto(lantern)
    held: list[Route] = []
    page.route("**/pick/", lambda route: held.append(route))
    with page.expect_request("**/pick/"):
        page.get_by_role("button", name="Pick clip 2").click()
    # The server has said nothing yet.
    expect(page.locator(".pick").nth(1).get_by_text("★ Picked")).to_be_visible()
    expect(page.locator(".pick").nth(1).get_by_text("☆ Pick")).to_be_hidden()
    held.pop().continue_()
    expect(page.get_by_role("button", name="Picked clip 2")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{house.url}/tasks/?picked=yes")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".card")).to_contain_text("clip 2 picked")
    page.locator(".card a").first.click()
    page.unroute("**/pick/")
    page.get_by_role("button", name="Picked clip 2").click()
    expect(page.get_by_role("button", name="Pick clip 2")).to_be_visible()
    page.goto(f"{house.url}/tasks/?picked=yes")
    expect(page.get_by_role("heading", name="Nothing picked yet")).to_be_visible()


def test_what_could_not_be_picked_is_not_shown_as_picked(house, open_page, lantern):
    page = sign_in(open_page(expected=("500",)), house)
    page.goto(lantern)
    page.route("**/pick/", lambda route: route.fulfill(status=500))
    with page.expect_response("**/pick/"):
        page.get_by_role("button", name="Pick clip 1").click()
    expect(page.locator(".pick").first.get_by_text("☆ Pick")).to_be_visible()


def test_the_keyboard_picks_and_stays_where_it_is(house, open_page, lantern):
    page = sign_in(open_page(), house)
    page.goto(lantern)
    page.get_by_role("button", name="Pick clip 3").focus()
    for words in ("Picked clip 3", "Pick clip 3"):
        page.keyboard.press("Enter" if words.startswith("Picked") else "Space")
        expect(page.get_by_role("button", name=words)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Extend, calm: clip 3")).to_be_focused()


def test_a_double_click_extends_once_and_so_does_coming_back(house, open_page, lantern, upstream):
    page = sign_in(open_page(), house)
    page.goto(lantern)
    before = submits(upstream)
    page.get_by_role("button", name="Extend, calm: clip 2").dblclick()
    made_from(page, lantern)
    made = page.url
    assert submits(upstream) == before + 1
    page.go_back()
    button = page.get_by_role("button", name="Extend, calm: clip 2")
    expect(button).to_have_text("Extend, calm")
    button.click()
    made_from(page, lantern)
    assert page.url == made
    assert submits(upstream) == before + 1


def test_the_pressed_button_says_so_at_once_and_a_second_press_sends_nothing(house, open_page, lantern):
    page = sign_in(open_page(), house)
    page.goto(lantern)
    # All in the page: from outside, a page that is about to be left cannot be looked at.
    press = """(button) => {
      const refused = [];
      addEventListener("submit", (event) => refused.push(event.defaultPrevented));
      const width = button.offsetWidth;
      button.click();
      const now = [button.textContent, document.getElementById("announce").textContent, button.offsetWidth - width];
      button.click();
      return [...now, ...refused];
    }"""
    pressed = page.get_by_role("button", name="Extend, lively: clip 1").evaluate(press)
    assert pressed == ["Sending…", "Sending…", 0, False, True]
    made_from(page, lantern)
    expect(page.locator(".facts")).to_contain_text("Lively")


def test_the_keyboard_alone_extends(house, open_page, lantern, upstream):
    page = sign_in(open_page(), house)
    page.goto(lantern)
    before = submits(upstream)
    page.get_by_role("button", name="Extend, calm: clip 4").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    made_from(page, lantern)
    assert submits(upstream) == before + 1


def test_fingers_pick_and_extend_on_a_phone_without_overflow(house, open_page, lantern, upstream):
    page = sign_in(open_page(390, 844, has_touch=True, is_mobile=True), house)
    page.goto(lantern)
    before = submits(upstream)
    # What can be done belongs to the clip in view.
    page.get_by_role("navigation", name="Clips").get_by_role("button", name="Clip 2").tap()
    page.get_by_role("button", name="Pick clip 2").tap()
    expect(page.get_by_role("button", name="Picked clip 2")).to_be_visible()
    for button in page.locator(".actions .button:visible").all():
        assert button.bounding_box()["height"] >= 44
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Picked clip 2").tap()
    expect(page.get_by_role("button", name="Pick clip 2")).to_be_visible()
    page.get_by_role("button", name="Extend, calm: clip 2").tap()
    made_from(page, lantern)
    assert submits(upstream) == before + 1


def test_without_a_script_one_press_picks_and_one_extends(house, open_page, lantern, upstream):
    page = sign_in(open_page(java_script_enabled=False), house)
    page.goto(lantern)
    page.get_by_role("button", name="Pick clip 2").click()
    assert page.url == f"{lantern}#clip-2"
    page.get_by_role("button", name="Picked clip 2").click()
    before = submits(upstream)
    page.get_by_role("button", name="Extend, calm: clip 3").click()
    made_from(page, lantern)
    assert submits(upstream) == before + 1


@pytest.mark.parametrize("width", [220, 300, 514])
def test_the_panel_fits_wherever_it_stands(house, open_page, lantern, width):
    page = sign_in(open_page(), house)
    page.goto(lantern)
    page.locator(".actions").first.evaluate("(panel, width) => { panel.style.width = `${width}px`; }", width)
    sticks_out = """(panel) => [...panel.querySelectorAll(".button")].filter((button) =>
      button.scrollWidth > button.clientWidth ||
      button.getBoundingClientRect().right > panel.getBoundingClientRect().right + 0.5
    ).map((button) => button.textContent)"""
    assert page.locator(".actions").first.evaluate(sticks_out) == []


def test_the_branch_tells_where_it_began_to_fall_apart(house, open_page, branch):
    page = sign_in(open_page(), house)
    page.goto(branch)
    expect(page.locator(".steps .step")).to_have_count(3)
    lengths = page.locator(".steps progress").evaluate_all("(bars) => bars.map((bar) => bar.value)")
    assert len(lengths) == 1 + 4
    assert lengths == sorted(lengths)
    boxes = [bar.bounding_box() for bar in page.locator(".steps progress").all()]
    shapes = {(box["x"], box["width"], box["height"]) for box in boxes}
    assert len(shapes) == 1, "bars are compared by their ends alone where they begin at one line"
    assert shapes.pop()[2] < 10
    assert_clean(page)


def test_progress_is_said_once_a_quarter(house, open_page, directory):
    page = sign_in(open_page(), house)
    page.goto(f"{house.url}/tasks/{do(directory, RENDERING)}/")
    page.evaluate("""() => {
      window.said = [];
      new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) =>
        window.said.push(node.textContent)))).observe(document.getElementById("announce"), { childList: true });
    }""")
    for percentage in (30, 34, 60):
        do(directory, RENDERED.format(percentage=percentage))
        expect(page.locator("#task .state")).to_contain_text(f"{percentage} %")
    assert page.evaluate("() => window.said") == ["Rendering, 25 percent", "Rendering, 50 percent"]
    page.close()  # it would go on asking how the task is that is deleted next
    forget = "Task.objects.filter(prompt='The fog lifts').delete()"
    do(directory, f"from extender.tasks.models import Task; print({forget})")
