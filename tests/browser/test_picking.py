"""Picking in a browser, by mouse and by keyboard; and what a page says of progress and of the branch."""

import pytest
from playwright.sync_api import Route, expect

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


@pytest.fixture(scope="module")
def branch(house, directory):
    """The address of the end of a branch whose clips are here."""
    yield f"{house.url}/tasks/{do(directory, STAGED)}/"
    do(directory, FORGET.format(prompt="The ferry leaves"))


def test_a_picked_clip_is_marked_at_once_and_found_again(house, open_page, made):
    page = sign_in(open_page(), house, at=made)
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


def test_what_could_not_be_picked_is_not_shown_as_picked(house, open_page, made):
    page = sign_in(open_page(expected=("500",)), house, at=made)
    page.route("**/pick/", lambda route: route.fulfill(status=500))
    with page.expect_response("**/pick/"):
        page.get_by_role("button", name="Pick clip 1").click()
    expect(page.locator(".pick").first.get_by_text("☆ Pick")).to_be_visible()


def test_what_else_can_be_done_opens_at_its_button(house, open_page, made):
    page = sign_in(open_page(), house, at=made)
    button = page.get_by_role("button", name="More…")
    button.click()
    dialog = page.get_by_role("dialog", name="More for this task")
    expect(dialog).to_be_visible()
    at, opened = button.bounding_box(), dialog.bounding_box()
    assert opened["y"] == pytest.approx(at["y"] + at["height"], abs=2)
    assert opened["x"] + opened["width"] == pytest.approx(at["x"] + at["width"], abs=2)


def test_the_keyboard_picks_and_stays_where_it_is(house, open_page, made):
    page = sign_in(open_page(), house, at=made)
    page.get_by_role("button", name="Pick clip 3").focus()
    for words in ("Picked clip 3", "Pick clip 3"):
        page.keyboard.press("Enter" if words.startswith("Picked") else "Space")
        expect(page.get_by_role("button", name=words)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Download clip 3")).to_be_focused()


def test_the_branch_tells_where_it_began_to_fall_apart(house, open_page, branch):
    page = sign_in(open_page(), house, at=branch)
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
    page = sign_in(open_page(), house, at=f"{house.url}/tasks/{do(directory, RENDERING)}/")
    page.evaluate("""() => {
      window.said = [];
      new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) =>
        window.said.push(node.textContent)))).observe(document.getElementById("announce"), { childList: true });
    }""")
    page.keyboard.press("3")
    page.keyboard.press("e")
    page.keyboard.type("Then it comes back")
    expect(page.locator("#composer [name=index]:checked")).to_have_value("3")
    expect(page.get_by_label("What happens next")).to_have_value("Then it comes back")
    for percentage in (30, 34, 60):
        do(directory, RENDERED.format(percentage=percentage))
        expect(page.locator("#task .state")).to_contain_text(f"{percentage} %")
    assert page.evaluate("() => window.said") == ["Rendering, 25 percent", "Rendering, 50 percent"]
    page.close()  # it would go on asking how the task is that is deleted next
    forget = "Task.objects.filter(prompt='The fog lifts').delete()"
    do(directory, f"from extender.tasks.models import Task; print({forget})")
