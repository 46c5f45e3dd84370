"""The tree in a browser: many nodes under a pointer, fingers and keys, and without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import do, sign_in
from tests.browser.test_accessibility import assert_clean
from tests.sizes import TORTURE

SIZE = 100 if TORTURE else 40
PLANT = f"from tests.browser.grove import plant; print(plant({SIZE}).pk)"
FELL = """
from extender.tasks.models import Clip, Task
staged = Task.objects.filter(prompt__startswith="Staged for a tree")
tree = Task.objects.tree_under("{root}")
gone = {{*staged.values_list("pk", flat=True), *tree.values_list("pk", flat=True)}}
Task.objects.filter(pk__in=gone).update(parent=None)
print(Task.objects.filter(pk__in=gone).delete()[0])
"""
FINISH = """
from extender.tasks.models import Clip, Task
from django.utils import timezone
task = Task.objects.get(pk="{task}")
Task.objects.filter(pk=task.pk).update(state="finished", version=task.version + 1, ended_at=timezone.now())
like = Clip.objects.stored().filter(task=task.parent).first()
for index in range(1, 5):
    like.pk, like.task, like.index = like._meta.pk.get_default(), task, index
    like._state.adding = True
    like.save()
above = Task.objects.get(pk="{above}")
more = {{"prompt": "Came meanwhile", "state": "queued", "due_at": None}}
Task.objects.create(owner=task.owner, parent=above, index=1, **more)
print("done")
"""
WITHDRAW = 'from extender.tasks.models import Task; print(Task.objects.filter(prompt="Came meanwhile").delete()[0])'
SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifted += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
}"""


@pytest.fixture(scope="module")
def root(house, directory) -> Iterator[str]:
    """The id of the original of a tree with many nodes."""
    root = do(directory, PLANT)
    yield root
    # Other tests look for the demo's tasks on the first page.
    do(directory, FELL.format(root=root))


@pytest.fixture
def tree(house, root, open_page):
    """Opens the tree, signed in, and goes to where one is."""

    def open_tree(*size: int, whole: bool = False, **options: object) -> Page:
        page = sign_in(open_page(*size, **options), house, "stage", f"{house.url}/tasks/{root}/tree/")
        expect(page.locator(".plate")).to_have_count(SIZE)
        if not whole:
            page.locator("[data-lens=here]").evaluate("(button) => button.click()")
            at_rest(page)
        return page

    return open_tree


def view(page: Page) -> tuple[float, float, float]:
    """How far the plane is moved, in pixels, and its scale."""
    style = page.locator("[data-plane]").evaluate("(plane) => plane.style.transform")
    return tuple(float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", style))


def middle(page: Page) -> tuple[float, float]:
    box = page.locator("[data-canvas]").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def under(page: Page, x: float, y: float) -> tuple[float, float]:
    """Which point of the plane stands at a point of the page."""
    box = page.locator("[data-canvas]").bounding_box()
    left, top, zoom = view(page)
    return (x - box["x"] - 1 - left) / zoom, (y - box["y"] - 1 - top) / zoom


def at_rest(page: Page) -> None:
    """What was to glide has arrived."""
    page.wait_for_function("() => !document.querySelector('[data-plane]').getAnimations().length")


def focused(page: Page) -> str:
    return page.evaluate("() => document.activeElement.id")


def parent_of(page: Page, node: str) -> str:
    return page.evaluate("(id) => document.getElementById(id).closest('.extensions').previousElementSibling.id", node)


def is_in_sight(page: Page) -> bool:
    at_rest(page)
    inner, outer = page.locator(":focus").bounding_box(), page.locator("[data-canvas]").bounding_box()
    return all(
        outer[start] <= inner[start] and inner[start] + inner[size] <= outer[start] + outer[size]
        for start, size in (("x", "width"), ("y", "height"))
    )


# Where a line leaves a clip: in the middle of its right edge.
LEAVES = """() => {
  const plane = document.querySelector("[data-plane]").getBoundingClientRect();
  const scale = plane.width / document.querySelector("[data-plane]").offsetWidth;
  const dots = [...document.querySelector(".dots").getAttribute("d").matchAll(/M([\\d.]+) ([\\d.]+)/g)];
  return [...document.querySelectorAll(".extensions > ul > .node > .edge")].every((edge) => {
    const frames = edge.closest(".extensions").previousElementSibling.querySelectorAll(".frame");
    const { right, top, height } = frames[edge.dataset.clip - 1].getBoundingClientRect();
    const [x, y] = [(right - plane.left) / scale, (top + height / 2 - plane.top) / scale];
    return dots.some(([, left, down]) => Math.hypot(left - x, down - y) < 1);
  });
}"""


@pytest.mark.parametrize("width", [390, 1440])
def test_it_begins_whole_and_each_line_leaves_its_clip(tree, width):
    page = tree(width, whole=True, reduced_motion="reduce")
    plane, canvas = (page.locator(name).bounding_box() for name in ("[data-plane]", "[data-canvas]"))
    for start, size in (("x", "width"), ("y", "height")):
        assert canvas[start] <= plane[start]
        assert plane[start] + plane[size] <= canvas[start] + canvas[size]
    expect(page.locator("[data-partly]")).to_be_hidden()
    assert page.evaluate(LEAVES)
    page.get_by_role("button", name="Here").click()
    assert page.evaluate(LEAVES), "near, where the clips lie otherwise"
    # Higher than can be read at all it begins with where one is, and says so.
    page.reload()
    page.locator("[data-plane]").evaluate("(plane) => { plane.style.height = '40000px'; }")
    page.set_viewport_size({"width": width, "height": 880})
    expect(page.locator("[data-partly]")).to_be_visible()
    expect(page.locator("[aria-current=true]")).to_be_in_viewport()


def test_failures_are_a_number_that_opens(tree):
    page = tree(reduced_motion="reduce")
    failed, number = page.locator(".plate[data-state=failed]").first, page.locator("summary").first
    expect(failed).to_be_hidden()
    number.focus()
    page.keyboard.press("Enter")
    expect(failed).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(failed).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(number).not_to_be_focused()


def test_dragging_pans_and_opens_nothing_and_a_click_opens(tree, root):
    page = tree()
    before = view(page)
    box = page.locator(".plate").first.bounding_box()
    x, y = box["x"] + 60, box["y"] + 60
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y + 30)
    page.mouse.move(x + 200, y + 100)
    page.mouse.up()
    left, top, zoom = view(page)
    assert (left - before[0], top - before[1], zoom) == pytest.approx((200, 100, before[2]), abs=0.5)
    assert page.url.endswith("/tree/")
    page.mouse.move(x + 200, y + 100)
    page.mouse.down()
    page.mouse.move(x + 202, y + 101)
    page.mouse.up()
    page.wait_for_url(f"**/tasks/{root}/")


def test_the_wheel_pans_and_with_ctrl_zooms_about_the_pointer(tree):
    page = tree()
    x, y = middle(page)[0] + 150, middle(page)[1] - 80
    page.mouse.move(x, y)
    before = view(page)
    page.evaluate("() => { window.wheeled = new Promise((done) => addEventListener('wheel', () => done(true))); }")
    page.mouse.wheel(40, 60)
    page.evaluate("() => window.wheeled")
    assert view(page) == pytest.approx((before[0] - 40, before[1] - 60, before[2]), abs=0.5)
    point, moved = under(page, x, y), view(page)
    page.keyboard.down("Control")
    for _ in range(3):
        page.mouse.wheel(0, 100)
    page.keyboard.up("Control")
    page.wait_for_function("() => document.querySelector('[data-canvas]').hasAttribute('data-far')")
    assert view(page)[2] < 0.6 < moved[2]
    assert under(page, x, y) == pytest.approx(point, abs=1)


def test_the_buttons_zoom_fit_and_lead_back(tree):
    page = tree()
    page.emulate_media(reduced_motion="reduce")
    press = lambda name: page.get_by_role("button", name=name, exact=True).click()  # noqa: E731
    for button in page.locator("[data-lenses] button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 44
    press("Zoom in")
    assert view(page)[2] == pytest.approx(1.25)
    press("Zoom out")
    assert view(page)[2] == pytest.approx(1)
    for _ in range(8):
        press("Zoom in")
    assert view(page)[2] == 2
    page.locator("summary").evaluate_all("(all) => all.forEach((summary) => summary.click())")
    press("Fit")
    assert view(page)[2] < 0.6
    plane, canvas = (page.locator(name).bounding_box() for name in ("[data-plane]", "[data-canvas]"))
    assert canvas["x"] < plane["x"]
    assert canvas["y"] < plane["y"]
    assert plane["x"] + plane["width"] < canvas["x"] + canvas["width"]
    assert plane["y"] + plane["height"] < canvas["y"] + canvas["height"]
    # As shapes they are still told apart, each with its state.
    failed = page.locator(".plate[data-state=failed]").first
    assert failed.locator(".sign").evaluate("(sign) => sign.getBoundingClientRect().height") >= 8
    assert (
        page.locator(".plate")
        .first.locator(".still")
        .first.evaluate("(still) => still.getBoundingClientRect().width")
        > 12
    )
    press("Here")
    here = page.locator("[aria-current=true]").bounding_box()
    assert here["x"] + here["width"] / 2 == pytest.approx(middle(page)[0], abs=2)
    # Its mark lies on itself: above it another plate may stand close.
    corner = "(plate) => ['top', 'right'].map((side) => getComputedStyle(plate, '::before')[side])"
    mark = page.locator("[aria-current=true]").evaluate(corner)
    assert mark == ["0px", "0px"]
    assert view(page)[2] == 1


def test_the_keyboard_alone_walks_the_tree_and_opens_a_task(tree):
    page = tree()
    page.locator("#main a").first.focus()
    page.keyboard.press("Tab")
    first = focused(page)
    assert page.locator(f"#{first}").get_attribute("aria-current") == "true"
    expect(page.locator("#tree-keys")).to_be_visible()
    page.keyboard.press("ArrowRight")
    child = focused(page)
    assert parent_of(page, child) == first
    page.keyboard.press("ArrowDown")
    sibling = focused(page)
    assert sibling != child
    assert parent_of(page, sibling) == first
    assert is_in_sight(page)
    page.keyboard.press("ArrowUp")
    assert focused(page) == child
    page.keyboard.press("ArrowRight")
    grandchild = focused(page)
    assert parent_of(page, grandchild) == child
    seen = {grandchild}
    for _ in range(30 if TORTURE else 12):
        page.keyboard.press("ArrowDown")
        seen.add(focused(page))
        assert is_in_sight(page)
    assert len({parent_of(page, node) for node in seen}) > 2, "after the siblings come the cousins"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    assert focused(page) == first
    for key, zooms in (("+", 1.25), ("-", 1), ("0", None)):
        page.keyboard.press(key)
        at_rest(page)
        assert view(page)[2] == pytest.approx(zooms) if zooms else view(page)[2] < 0.6
    before = view(page)
    page.keyboard.press("Shift+ArrowDown")
    assert view(page)[1] == pytest.approx(before[1] - 80)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tasks/{child.removeprefix('node-')}/")


def test_leaves_that_stand_side_by_side_are_walked_as_one_sees_them(tree):
    page = tree(reduced_motion="reduce")
    block = page.locator(".extensions > .block:has(> :nth-child(3))").first
    plates = block.locator(".plate")
    plates.nth(0).focus()
    page.keyboard.press("ArrowRight")
    expect(plates.nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert focused(page) == parent_of(page, plates.nth(0).get_attribute("id"))


def test_whoever_looks_at_a_node_sees_which_clip_it_continues(tree):
    page = tree()
    child = page.locator(".rows > .node > .plate").first
    clip = int(child.locator("xpath=preceding-sibling::*").get_attribute("data-clip"))
    outlined = (
        """(plate) => [...plate.querySelectorAll(".frame")].map((frame) => getComputedStyle(frame).outlineStyle)"""
    )
    parent = page.locator(".plate").first
    assert parent.evaluate(outlined) == ["none"] * 4
    child.hover()
    assert [number for number, kind in enumerate(parent.evaluate(outlined), 1) if kind == "solid"] == [clip]


def test_fingers_pan_and_pinch(tree):
    page = tree(390, 844, has_touch=True, is_mobile=True)
    touches = page.context.new_cdp_session(page)
    x, y = middle(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    before = view(page)
    touch("touchStart", (x, y))
    for step in range(1, 6):
        touch("touchMove", (x - 12 * step, y - 8 * step))
    touch("touchEnd")
    left, top, zoom = view(page)
    assert (left - before[0], top - before[1], zoom) == pytest.approx((-60, -40, before[2]), abs=1)
    assert page.url.endswith("/tree/")
    point = under(page, x, y)
    touch("touchStart", (x - 80, y))
    touch("touchStart", (x - 80, y), (x + 80, y))
    for step in range(1, 6):
        touch("touchMove", (x - 80 + 8 * step, y), (x + 80 - 8 * step, y))
    touch("touchEnd")
    assert view(page)[2] == pytest.approx(zoom / 2, rel=0.02)
    assert under(page, x, y) == pytest.approx(point, abs=2)
    assert page.evaluate("() => [visualViewport.scale, scrollX, scrollY]") == [1, 0, 0]
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [390, 1440] if TORTURE else [390])
def test_without_javascript_nested_lists_are_there_and_lead_on(house, root, open_page, width):
    page = open_page(width, java_script_enabled=False)
    sign_in(page, house, "stage", f"{house.url}/tasks/{root}/tree/")
    expect(page.locator("ul li ul li ul li a.plate").first).to_be_visible()
    expect(page.locator("[data-lenses]")).to_be_hidden()
    leaf = page.locator(".plate").last
    leaf.scroll_into_view_if_needed()
    expect(leaf).to_be_in_viewport()
    node = leaf.get_attribute("id").removeprefix("node-")
    leaf.click()
    page.wait_for_url(f"**/tasks/{node}/")


def test_axe_finds_nothing_near_and_far(tree):
    page = tree(reduced_motion="reduce")
    assert_clean(page)
    page.get_by_role("button", name="Fit").click()
    assert_clean(page)


@pytest.mark.parametrize("width", [390, 1440] if TORTURE else [1440])
def test_nothing_shifts_while_it_opens(house, root, tree, open_page, width, say):
    page = sign_in(open_page(width, anew=True), house, "stage")
    page.add_init_script(f"({SHIFTS})()")
    page.goto(f"{house.url}/tasks/{root}/tree/")
    page.wait_for_load_state("networkidle")
    shifted = page.evaluate("() => window.shifted")
    say(f"the tree at {width} px: layout shift {shifted:.4f}")
    assert shifted < 0.02


def test_a_node_finishes_in_the_open_page_and_view_focus_and_pictures_stay(tree, directory):
    page = tree(reduced_motion="reduce")
    running = page.locator(".plate[data-state=processing]").first
    expect(running).to_contain_text("Rendering 40 %")
    expect(page.locator(".plate[data-state=failed]").first).to_contain_text("Failed")
    node = running.get_attribute("id")
    page.locator("summary").first.evaluate("(summary) => summary.click()")
    running.focus()
    page.keyboard.press("-")
    for _ in range(12):
        page.keyboard.press("Shift+ArrowDown")
    assert not is_in_sight(page), "what one has looked away from does not call one back"
    before, where = view(page), running.bounding_box()
    page.evaluate(
        "() => { window.old = document.querySelector('.still'); window.list = document.getElementById('tree'); }"
    )
    # A leaf above it grows on as well: it gets a row of its own, and moves all that is below.
    above = page.locator(".block .plate[data-state=finished]").first.get_attribute("id")
    do(directory, FINISH.format(task=node.removeprefix("node-"), above=above.removeprefix("node-")))
    plate = page.locator(f"#{node}")
    expect(plate).to_have_attribute("data-state", "finished", timeout=20_000)
    expect(plate.locator(".still")).to_have_count(4)
    assert page.evaluate("() => !window.list.isConnected && window.old.isConnected")
    assert focused(page) == node
    assert page.locator("details[open]").count() == 1, "what was opened stays open"
    assert view(page) != before
    assert view(page)[2] == before[2]
    assert plate.bounding_box() == pytest.approx(where, abs=1)
    expect(page.locator("#tally")).to_contain_text(f"{SIZE + 1} videos, 2 running, 3 failed")
    do(directory, WITHDRAW)
