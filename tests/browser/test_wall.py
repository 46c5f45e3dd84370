"""The wall: four clips on one playhead, and the views of them, with the mouse, the keyboard and a finger."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SAVES_POWER, STILL, do, sign_in
from tests.helpers import eventually

SIZES = pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)], ids=["desktop", "phone"])
STAGE = "from tests.browser.scene import stage; print(stage({}, prompt={!r}).pk)"
# The number of the picture that each frame shows, read from the code along its lower edge (tests/browser/scene.py).
READ = """(video) => {
  const [blocks, canvas] = [14, document.createElement("canvas")];
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  let code = 0;
  for (let block = 0; block < blocks; block++) {
    const x = Math.floor((block + 0.5) * canvas.width / blocks);
    code = code * 2 + (context.getImageData(x, canvas.height - 6, 1, 1).data[0] > 127 ? 1 : 0);
  }
  return { step: code >> 11, take: (code >> 8) & 7, picture: code & 255 };
}"""
TIMES = "() => [...document.querySelectorAll('.wall video:not(.lead)')].map((video) => video.currentTime)"
SETTLED = (
    """() => [...document.querySelectorAll('.wall video:not(.lead)')].every((v) => v.readyState > 1 && !v.seeking)"""
)


@pytest.fixture(scope="module")
def joined(directory, house) -> str:
    """A task whose clips hold the new footage alone, each 2 s."""
    return do(directory, STAGE.format(1, "The ferry leaves"))


@pytest.fixture(scope="module")
def grown(directory, house) -> str:
    """A task whose clips begin with the 3 s of their parent."""
    return do(directory, STAGE.format("1, contains=True", "The tide comes in"))


@pytest.fixture
def open_wall(house, open_page):
    """Opens the wall of a task, signed in."""

    def open_one(task: str, width: int = 1440, height: int = 900, **options: object) -> Page:
        page = sign_in(open_page(width, height, **options), house, "stage", f"{house.url}/tasks/{task}/")
        page.wait_for_function("() => document.querySelector('.toggle:not([hidden])')")
        return page

    return open_one


def play(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    await_moment(page, 0.2)


def await_moment(page: Page, moment: float, end: float = 9) -> None:
    """Every clip has got that far."""
    page.wait_for_function(f"() => ({TIMES})().every((time) => time > {moment} && time < {end})")


def shown(page: Page) -> list[dict[str, int]]:
    """What each frame shows, in the order of the clips, once nothing seeks any more."""
    page.wait_for_function(SETTLED)
    return [video.evaluate(READ) for video in page.locator(".wall video:not(.lead)").all()]


def pictures(page: Page) -> list[int]:
    return [one["picture"] for one in shown(page)]


def seen(page: Page) -> list[str]:
    """The clips that are visible, in the order in which they are placed."""
    frames = page.locator(".wall .frame:visible").all()
    return [f.get_attribute("data-clip") for f in sorted(frames, key=lambda f: f.get_attribute("data-place"))]


@SIZES
def test_four_play_and_pause_and_scrub_as_one(open_wall, joined, width, height):
    page = open_wall(joined, width, height)
    play(page)
    page.get_by_role("button", name="Pause", exact=True).click()
    # Each goes to the common moment by itself, and shows it when it has decoded it.
    eventually(lambda: len(set(pictures(page))) == 1)
    moment = page.get_by_label("Position")
    box = moment.bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_function(f"() => ({TIMES})().every((time) => time > 1.3)")
    eventually(lambda: len(set(pictures(page))) == 1 and pictures(page)[0] == pytest.approx(36, abs=2))
    expect(moment).to_have_attribute("aria-valuetext", re.compile(r"^1\.\d of 2\.0 seconds$"))


def test_where_nothing_plays_before_a_tap_one_tap_starts_all_four(house, open_page, joined):
    page = open_page(390, 844, has_touch=True, is_mobile=True)
    page.add_init_script(SAVES_POWER)
    sign_in(page, house, "stage", f"{house.url}/tasks/{joined}/")
    tap = page.get_by_role("button", name="Tap to play")
    expect(tap).to_be_hidden()
    page.get_by_role("button", name="Play", exact=True).evaluate("(button) => button.click()")
    expect(tap).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    tap.tap()
    await_moment(page, 0.2)
    expect(tap).to_be_hidden()


def test_dragging_along_the_timeline_shows_storyboards_at_once_and_then_the_picture(open_wall, joined):
    page = open_wall(joined)
    box = page.get_by_label("Position").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2)
    expect(page.locator(".wall canvas.sheet")).to_have_count(4)
    assert {f.get_attribute("data-tile") for f in page.locator(".wall .frame").all()} == {"12"}
    page.mouse.move(0, 0)
    expect(page.locator(".wall canvas.sheet")).to_have_count(0)
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.mouse.move(0, 0)
    expect(page.locator(".wall canvas.sheet")).to_have_count(0)
    assert pictures(page)[0] == pytest.approx(24, abs=1)


def test_a_click_on_what_is_scrubbed_plays_and_takes_the_storyboards_away(open_wall, joined):
    page = open_wall(joined)
    box = page.locator("#frame-2").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    expect(page.locator(".wall canvas.sheet")).to_have_count(4)
    page.mouse.down()
    page.mouse.up()
    await_moment(page, 0.2)
    expect(page.locator(".wall canvas.sheet")).to_have_count(0)


def test_the_keyboard_alone_does_everything(open_wall, joined):
    page = open_wall(joined)
    press = page.keyboard.press
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("Shift+ArrowRight", 25)):
        press(key)
        page.wait_for_function(f"() => ({TIMES})().every((time) => Math.floor(24 * time) === {expected})")
        assert pictures(page) == [expected] * 4
    for key, expected in (("End", 48), ("ArrowLeft", 46)):
        press(key)
        page.wait_for_function(f"() => ({TIMES})().every((time) => Math.floor(24 * time) === {expected})")
    press("Home")
    page.wait_for_function(f"() => ({TIMES})().every((time) => time === 0)")
    press("Space")
    await_moment(page, 0.2)
    press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    press("l")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "false")
    press(",")
    expect(page.get_by_label("Speed")).to_have_value("0.5")
    press(".")
    press(".")
    expect(page.get_by_label("Speed")).to_have_value("1.5")
    press("2")
    assert seen(page) == ["1", "2", "3", "4"], "it is chosen first"
    press("2")
    press("3")
    assert seen(page) == ["3"]
    expect(page.locator("#frame-2 .place")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Clip 3 alone")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="All", exact=True)).to_have_attribute("aria-pressed", "false")
    press("Escape")
    expect(page.get_by_role("button", name="All", exact=True)).to_have_attribute("aria-pressed", "true")
    assert seen(page) == ["1", "2", "3", "4"]
    press("j")
    expect(page.locator(".wall")).to_have_attribute("data-view", "cut")
    press("c")
    expect(page.locator(".wall")).to_have_attribute("data-view", "side")
    press("Escape")
    press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    press("2")
    with page.expect_download() as downloading:
        press("d")
    assert downloading.value.suggested_filename.endswith("-2.mp4")
    press("p")
    expect(page.locator("#frame-2 [data-pick]")).to_have_attribute("aria-pressed", "true")
    press("p")
    expect(page.locator("#frame-2 [data-pick]")).to_have_attribute("aria-pressed", "false")
    press("e")
    expect(page.get_by_label("What happens next")).to_be_focused()
    press("3")
    expect(page.get_by_label("What happens next")).to_have_value("3")
    expect(page.locator("[data-label]")).to_have_text("Extend clip 2 · 1 request")
    press("Escape")
    press("3")
    expect(page.locator("[data-label]")).to_have_text("Extend clip 3 · 1 request")


def test_a_button_commands_what_the_wall_offers_and_nothing_else(open_wall, joined):
    page = open_wall(joined)
    button = page.get_by_role("button", name="Play", exact=True)
    for name in ("press", "constructor", "renew", "see", "nothing"):
        button.evaluate("(button, name) => { button.dataset.do = name; button.dataset.to = '[data-pick]'; }", name)
        button.click()
    expect(page.locator(".wall")).to_have_attribute("data-view", "all")
    expect(page.locator("[data-screen]")).not_to_have_attribute("data-playing", "")
    expect(page.locator("#announce")).to_have_text("")


def test_keys_do_nothing_while_somebody_types(open_wall, joined):
    page = open_wall(joined)
    page.get_by_role("button", name=re.compile("Make a")).click()
    page.get_by_label("Link 1").focus()
    page.keyboard.press("3")
    assert seen(page) == ["1", "2", "3", "4"]


def test_keys_of_one_character_can_be_turned_off_for_good(open_wall, joined):
    page = open_wall(joined)
    page.get_by_role("button", name="Keys").click()
    switch = page.get_by_label("Single-key shortcuts")
    switch.uncheck()
    page.keyboard.press("Escape")
    for again in (False, True):
        if again:
            page.reload()
        for key in "3lj":
            page.keyboard.press(key)
        assert seen(page) == ["1", "2", "3", "4"]
        expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_hidden()
        page.keyboard.press("ArrowRight")
        eventually(lambda: pictures(page) == [1] * 4)
    page.get_by_role("button", name="Keys").click()
    expect(switch).not_to_be_checked()
    switch.check()
    page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("3")
    assert seen(page) == ["3"]


def test_a_clip_that_is_picked_says_so_and_wears_a_star(open_wall, joined):
    page = open_wall(joined)
    star = page.locator("#frame-3 .star")
    expect(star).to_be_hidden()
    page.keyboard.press("3")
    page.keyboard.press("p")
    expect(star).to_be_visible()
    expect(page.locator("#announce")).to_have_text("Clip 3 picked.")
    expect(page.locator("#frame-1 .star")).to_be_hidden()
    page.keyboard.press("c")
    expect(star).to_be_visible()
    page.keyboard.press("p")
    expect(page.locator("#announce")).to_have_text("Clip 3 not picked any more.")
    expect(star).to_be_hidden()


def test_a_click_chooses_and_does_not_stop_what_plays(open_wall, joined):
    page = open_wall(joined)
    page.locator("#frame-2 .toggle").click()
    await_moment(page, 0.2)
    page.locator("#frame-3 .toggle").click()
    expect(page.locator("[data-label]")).to_have_text("Extend clip 3 · 1 request")
    expect(page.locator("[data-screen]")).to_have_attribute("data-playing", "")
    page.locator("#frame-3 .toggle").click()
    expect(page.locator("[data-screen]")).not_to_have_attribute("data-playing", "")


def test_what_can_be_done_stays_with_the_clip_alone_when_the_window_becomes_narrow(open_wall, joined):
    page = open_wall(joined)
    for _ in range(2):
        page.keyboard.press("3")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#wall")).to_have_attribute("data-view", "all")
    expect(page.locator("#clip-3")).to_be_visible()
    expect(page.locator("#clip-1")).to_be_hidden()
    expect(page.locator("#frame-3")).to_be_in_viewport(ratio=0.9)
    pager = page.get_by_role("navigation", name="Clips")
    expect(pager.get_by_role("button", name="Clip 3")).to_have_attribute("aria-current", "true")
    pager.get_by_role("button", name="Clip 1").click()
    expect(page.locator("#frame-1")).to_be_in_viewport(ratio=0.9)
    expect(page.locator("#clip-1")).to_be_visible()
    expect(page.locator("[data-label]")).to_have_text("Extend clip 1 · 1 request")


def test_the_second_click_of_two_presses_nothing_that_another_view_has_put_there(open_wall, joined):
    page = open_wall(joined, 390, 844)
    page.evaluate("""() => {
      window.sent = 0;
      addEventListener("submit", (event) => { event.preventDefault(); window.sent += 1; });
    }""")
    page.get_by_role("button", name="Compare").click()
    extend = page.locator("#composer-send").bounding_box()
    page.mouse.move(extend["x"] + 20, extend["y"] + 20)
    for clicks, sent in ((2, 0), (1, 1)):
        page.mouse.down(click_count=clicks)
        page.mouse.up(click_count=clicks)
        assert page.evaluate("() => window.sent") == sent


def test_the_wall_and_its_transport_stand_in_the_window_together(open_wall, joined):
    page = open_wall(joined)
    box = lambda which: page.locator(which).bounding_box()  # noqa: E731
    for width, height in ((1920, 940), (1440, 900), (1366, 768), (1366, 680), (844, 390), (720, 450), (820, 1180)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator("#wall").evaluate("(wall, low) => low ? wall.scrollIntoView() : scrollTo(0, 0)", height < 600)
        wall, transport = box("#wall"), box(".transport")
        assert wall["y"] >= 0
        assert wall["y"] + wall["height"] <= transport["y"] + 1, f"at {width} × {height}"
        assert transport["y"] + transport["height"] <= height + 1
        if width > 1300 and height > 760:
            composer, title = box("#composer"), box(".task-title")
            kept = page.locator(".task-title").evaluate("(title) => parseFloat(getComputedStyle(title).paddingRight)")
            assert title["x"] + title["width"] - kept <= box(".status")["x"], "no word lies under another"
            assert composer["y"] + composer["height"] <= height, f"the composer too at {width} × {height}"
        assert box(".moment")["width"] >= 130
        before = box("#frame-3")["width"]
        page.keyboard.press("c")
        assert box("#frame-3")["width"] == pytest.approx(before, abs=1)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("Escape")
    assert transport["height"] < 60, "in one line still at 820"
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".status").evaluate("(status) => { status.after(document.createElement('p')); }")
    page.locator(".status + p").evaluate("(note) => Object.assign(note, { className: 'quiet', textContent: 'Note' })")
    assert box("#composer")["y"] + box("#composer")["height"] <= 900, "with a note of fewer clips, too"
    page.locator(".status + p").evaluate("(note) => { note.style.height = '200px'; }")
    page.locator("#composer_prompt").fill("It snows, and the lighthouse goes on. " * 40)
    assert box("#composer")["y"] + box("#composer")["height"] <= 900, "under a notice and with long words, too"
    eventually(lambda: box("#composer_prompt")["height"] >= 100, 20)
    page.locator(".screen").evaluate("(screen) => { screen.dataset.shape = 'tall'; }")
    boxes = [frame.bounding_box() for frame in page.locator(".wall .frame").all()]
    assert len({box["y"] for box in boxes}) == 1, "upright clips stand in a row"
    assert [box["x"] for box in boxes] == sorted({box["x"] for box in boxes})


def test_nothing_moves_when_the_view_changes_and_two_have_the_facts_of_two(open_wall, joined):
    page = open_wall(joined, **STILL)
    expect(page.locator(".choices > li")).to_have_count(4)
    beneath = ("#wall", ".screen > .transport", "#composer", ".side")
    wide = [(1440, 900, "wide"), (1366, 768, "wide"), (820, 1180, "wide"), (390, 844, "wide")]
    for width, height, shape in [*wide, (1440, 900, "tall")]:
        page.set_viewport_size({"width": width, "height": height})
        page.locator(".screen").evaluate("(screen, shape) => { screen.dataset.shape = shape; }", shape)
        before = [page.locator(which).bounding_box() for which in beneath]
        views = page.get_by_role("group", name="View")
        for name, view in (("Compare", "side|slider"), ("Slider", "side|slider"), ("Cut", "cut"), ("All", "all")):
            (page if name == "Slider" else views).get_by_role("button", name=name, exact=True).click()
            expect(page.locator("#wall")).to_have_attribute("data-view", re.compile(view))
            assert [page.locator(which).bounding_box() for which in beneath] == before, f"{name} at {width}"
            if "side" in view:
                told = page.locator(".choices > li:visible")
                assert sorted(one.get_attribute("data-clip") for one in told.all()) == sorted(seen(page))
        page.locator("#frame-2 .place").click()
        expect(page.locator("#wall")).to_have_attribute("data-view", "solo" if width > 600 else "all")
        assert [page.locator(which).bounding_box() for which in beneath] == before, f"one alone at {width}"
        page.keyboard.press("Escape")


def test_a_guest_has_no_keys_for_what_a_guest_cannot_do(house, open_page, joined, directory):
    share = "from extender.sharing.models import Share; "
    link = f"{share}print(Share.objects.create(task_id='{joined}').get_absolute_url())"
    page = open_page()
    page.goto(house.url + do(directory, link))
    page.wait_for_selector(".toggle:not([hidden])")
    for key in "jsed":
        page.keyboard.press(key)
    expect(page.locator("#announce")).to_have_text("")
    page.keyboard.press("c")
    assert sorted(seen(page)) == ["1", "2"], "cuts are not told"
    expect(page.locator(".star")).to_have_count(0)


def test_one_clip_has_its_cut_and_the_keys_that_it_needs(open_wall, directory):
    task = do(directory, STAGE.format(1, "The gull lands"))
    rest = f"Clip.objects.filter(task='{task}', index__gt=1)"
    do(directory, f"from extender.tasks.models import Clip; print({rest}.delete())")
    page = open_wall(task)
    page.keyboard.press("j")
    views = page.get_by_role("group", name="View").get_by_role("button")
    expect(views).to_have_text(["All", "Cut"])
    expect(views.nth(1)).to_have_attribute("aria-pressed", "true")
    for key in "1c":
        page.keyboard.press(key)
        expect(page.locator("#wall")).to_have_attribute("data-view", "cut")
    views.first.click()
    expect(page.locator("#wall")).to_have_attribute("data-view", "all")
    page.mouse.move(0, 0)
    page.keyboard.press("p")
    expect(page.locator("#frame-1 .star")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#keys")).not_to_contain_text("compare")
    expect(page.locator("#keys")).not_to_contain_text("alone")
    expect(page.locator("#keys")).to_contain_text("the cuts")


def test_what_is_chosen_by_pointer_gives_the_keys_back(open_wall, joined):
    page = open_wall(joined)
    speed = page.get_by_label("Speed")
    speed.click()
    # The list itself belongs to the system, where no test can click.
    choose = '(select) => { select.value = "1.5"; select.dispatchEvent(new Event("change", { bubbles: true })); }'
    speed.evaluate(choose)
    expect(speed).not_to_be_focused()
    page.keyboard.press("c")
    expect(page.locator("#wall")).to_have_attribute("data-view", "side")
    page.get_by_role("group", name="Right").get_by_role("radio", name="4").click()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function(f"() => ({TIMES})().every((time) => time >= 1)")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    # By keyboard one goes on choosing.
    page.get_by_role("group", name="Left").get_by_role("radio", name="3").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("group", name="Left").get_by_role("radio", name="4")).to_be_focused()


def test_a_storyboard_that_did_not_come_is_asked_for_again(open_wall, joined):
    page = open_wall(joined, expected=("net::ERR",))
    page.route("**/*.storyboard.webp", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.locator("#frame-1 .toggle").hover()
    page.unroute("**/*.storyboard.webp")
    page.mouse.move(0, 0)
    page.locator("#frame-1 .toggle").hover()
    expect(page.locator(".wall canvas.sheet")).to_have_count(4)


def test_speed_and_the_end_without_a_loop(open_wall, joined):
    page = open_wall(joined)
    page.get_by_role("button", name="Loop").click()
    page.get_by_label("Speed").select_option("2")
    page.get_by_role("button", name="Play", exact=True).click()
    await_moment(page, 0.1)
    rates = page.evaluate("() => [...document.querySelectorAll('.wall video')].map((video) => video.playbackRate)")
    assert all(1.5 < rate < 2.5 for rate in rates)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert pictures(page) == [47] * 4
    page.get_by_role("button", name="Play", exact=True).click()
    await_moment(page, 0.01, 1.5)


def test_one_alone_and_back_leaves_the_others_in_step(open_wall, joined):
    page = open_wall(joined)
    play(page)
    page.get_by_role("button", name="Clip 2 alone").click()
    assert seen(page) == ["2"]
    frame, wall = (page.locator(which).bounding_box() for which in ("#frame-2", "#wall"))
    assert frame["width"] == pytest.approx(wall["width"], abs=1)
    assert frame["height"] == pytest.approx(wall["height"], abs=3), "the gap between four"
    page.get_by_role("button", name="Clip 2 alone").click()
    assert seen(page) == ["1", "2", "3", "4"]
    page.get_by_role("button", name="Pause", exact=True).click()
    assert len(set(pictures(page))) == 1


@SIZES
def test_the_cut_of_separate_films_plays_the_parents_end_and_then_each_beginning(open_wall, joined, width, height):
    page = open_wall(joined, width, height)
    page.get_by_role("button", name="Cut", exact=True).click()
    leads = page.locator(".wall video.lead")
    expect(leads).to_have_count(4)
    # Before the cut: the parent's last second in each frame.
    page.wait_for_function("() => document.querySelector('.wall').hasAttribute('data-leading')")
    # Clip 2 of the original. A browser takes its time to paint what a phone shows only after a swipe.
    eventually(lambda: all((one := lead.evaluate(READ))["step"] == 0 and one["take"] == 2 for lead in leads.all()))
    page.wait_for_function("() => !document.querySelector('.wall').hasAttribute('data-leading')")
    assert [(one["step"], one["take"]) for one in shown(page)] == [(1, 1), (1, 2), (1, 3), (1, 4)]
    # Over and over, and never past the first second.
    page.wait_for_function("() => document.querySelector('.wall').hasAttribute('data-leading')")
    page.keyboard.press("Space")
    assert max(page.evaluate(TIMES)) <= 1.05
    assert page.locator("[data-length]").inner_text() == "2.0"
    # The smoothest first, and marked, which a phone shows first.
    expect(page.locator("#frame-3")).to_be_in_viewport(ratio=0.9)
    expect(page.locator("#clip-3")).to_be_visible()
    assert [page.locator(f"[data-place='{n}']").get_attribute("data-clip") for n in range(1, 5)] == [
        "3",
        "2",
        "1",
        "4",
    ]
    expect(page.locator("#cut-3")).to_have_text("smoothest · cut 0.6")
    expect(page.locator("#cut-1")).to_have_text("cut 4.2")
    if width < 600:
        boxes = {one.inner_text(): one.bounding_box()["x"] for one in page.locator(".pager button").all()}
        assert sorted(boxes, key=boxes.get) == ["3", "2", "1", "4"], "the pager stands as the clips do"
    page.get_by_role("button", name="All", exact=True).click()
    assert [page.locator(f"[data-place='{n}']").get_attribute("data-clip") for n in range(1, 5)] == [
        "1",
        "2",
        "3",
        "4",
    ]


def test_the_cut_of_results_with_their_parents_footage_is_the_same_moment_inside_them(open_wall, grown):
    page = open_wall(grown, reduced_motion="reduce")
    page.get_by_role("button", name="Cut", exact=True).click()
    expect(page.locator("[data-length]")).to_have_text("2.0")
    assert page.locator("video.lead").count() == 0
    # With less motion wanted it waits for Play.
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    for by, expected in ((24, {(1, 0)}), (-1, {(0, 71)})):
        for _ in range(abs(by)):
            page.keyboard.press("ArrowRight" if by > 0 else "ArrowLeft")
        eventually(lambda wanted=expected: {(one["step"], one["picture"]) for one in shown(page)} == wanted)


def test_an_original_has_no_cut_to_show(house, open_page):
    page = sign_in(open_page(), house)
    page.locator(".card", has=page.get_by_text("Original", exact=True)).first.get_by_role("link").first.click()
    expect(page.get_by_role("button", name="Cut", exact=True)).to_be_disabled()


@SIZES
def test_two_are_compared_side_by_side_and_under_a_slider(open_wall, joined, width, height):
    page = open_wall(joined, width, height)
    page.get_by_role("button", name="Compare").click()
    assert sorted(seen(page)) == ["2", "3"], "those with the smoothest cuts"
    page.get_by_role("group", name="Right").get_by_role("radio", name="1").check()
    assert sorted(seen(page)) == ["1", "3"]
    for look in ("All", "Compare", "Compare"):
        page.get_by_role("button", name=look, exact=True).click()
    assert sorted(seen(page)) == ["1", "3"], "the two that were chosen"
    if width < 600:
        assert page.locator("#clip-3").bounding_box()["x"] < page.locator("#clip-1").bounding_box()["x"], "left first"
    page.get_by_role("group", name="Right").get_by_role("radio", name="4").check()
    assert sorted(seen(page)) == ["3", "4"]
    slider = page.get_by_role("button", name="Slider")
    if slider.get_attribute("aria-pressed") == "true":
        slider.click()
    left, right = (page.locator(which).bounding_box() for which in ("#frame-3", "#frame-4"))
    assert left["x"] + left["width"] <= right["x"] + 4
    slider.click()
    left, right = (page.locator(which).bounding_box() for which in ("#frame-3", "#frame-4"))
    assert left == right
    cut = page.get_by_label("Split between the left clip")
    cut.focus()
    page.keyboard.press("Home")
    assert page.locator("#wall").evaluate("(wall) => wall.style.getPropertyValue('--split')") == "0"
    box = cut.bounding_box()
    for share in (0.1, 0.3, 0.9):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 20)
        line = page.locator("#frame-4").evaluate("(frame) => parseFloat(getComputedStyle(frame, '::before').left)")
        assert line == pytest.approx(share * box["width"], abs=0.02 * box["width"]), "the line is where one clicks"
    page.keyboard.press("1")
    assert sorted(seen(page)) == ["1", "4"], "a number takes the place of the one that was chosen first"
    if width > 600:
        slider.click()
        page.get_by_role("button", name="Clip 4 alone").click()
        assert seen(page) == ["4"]


def test_the_same_clip_on_both_sides_changes_places(open_wall, joined):
    page = open_wall(joined)
    page.keyboard.press("c")
    left, right = (page.get_by_role("group", name=side) for side in ("Left", "Right"))
    first, second = (side.locator(":checked").get_attribute("value") for side in (left, right))
    right.get_by_role("radio", name=first).check()
    assert left.locator(":checked").get_attribute("value") == second
    assert sorted(seen(page)) == sorted([first, second])


def test_beside_a_lost_clip_each_keeps_its_own_place_and_panel(open_wall, joined, directory):
    copies = "from extender.tasks.models import Clip; "
    lost = f"{copies}print(Clip.objects.filter(task='{joined}', index=1).update(state='%s'))"
    do(directory, lost % "lost")
    try:
        page = open_wall(joined, 390, 844, has_touch=True, is_mobile=True)
        meant = page.locator("#composer-clips :checked").get_attribute("value")
        expect(page.locator("[data-screen]")).to_have_attribute("data-current", meant)
        pager = page.get_by_role("navigation", name="Clips")
        for number in (3, 1, 2):
            pager.get_by_role("button", name=f"Clip {number}").tap()
            expect(page.locator("[data-screen]")).to_have_attribute("data-current", str(number))
            expect(page.locator(f"#clip-{number}")).to_be_visible()
            expect(pager.get_by_role("button", name=f"Clip {number}")).to_have_attribute("aria-current", "true")
        page.get_by_role("button", name="Compare").tap()
        expect(page.locator("#clip-1")).to_be_hidden()
        assert len(page.locator(".choices > li:visible").all()) == 2, "what is done belongs to the two that one sees"
        page.keyboard.press("1")
        expect(page.locator("#announce")).to_have_text("Clip 1 cannot be extended.")
    finally:
        do(directory, lost % "stored")


def test_a_picked_clip_is_compared_first(open_wall, joined):
    page = open_wall(joined)
    page.locator("#frame-4 [data-pick]").click()
    expect(page.locator("#frame-4 [data-pick]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("c")
    assert "4" in seen(page)
    page.keyboard.press("Escape")
    page.locator("#frame-4 [data-pick]").click()
    expect(page.locator("#frame-4 [data-pick]")).to_have_attribute("aria-pressed", "false")


def test_on_a_phone_a_swipe_goes_from_clip_to_clip_and_a_tap_plays(open_wall, joined):
    page = open_wall(joined, 390, 844, has_touch=True, is_mobile=True)
    expect(page.locator("#clip-1")).to_be_visible()
    expect(page.locator("#clip-2")).to_be_hidden()
    box = page.locator("#wall").bounding_box()
    swipe(page, box["x"] + 300, box["x"] + 60, box["y"] + 100)
    expect(page.locator("[data-screen]")).to_have_attribute("data-current", "2")
    expect(page.locator("#clip-2")).to_be_visible()
    expect(page.locator("#clip-1")).to_be_hidden()
    page.touchscreen.tap(box["x"] + 200, box["y"] + 100)
    await_moment(page, 0.2)
    page.touchscreen.tap(box["x"] + 200, box["y"] + 100)
    assert len(set(pictures(page))) == 1
    page.get_by_role("button", name="Clip 4", exact=True).tap()
    expect(page.locator("[data-screen]")).to_have_attribute("data-current", "4")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_without_a_script_each_clip_has_controls_of_its_own(house, joined, open_page):
    page = open_page(java_script_enabled=False)
    page.goto(house.url)
    page.get_by_label("Name").fill("stage")
    page.get_by_label("Password").fill("stage")
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{house.url}/tasks/{joined}/")
    expect(page.locator(".wall video[controls]")).to_have_count(4)
    expect(page.locator(".transport")).to_be_hidden()
    expect(page.locator("#clip-4")).to_be_visible()


def swipe(page: Page, start: float, end: float, y: float) -> None:
    """A finger that goes across the screen, frame by frame."""
    session = page.context.new_cdp_session(page)
    touch = lambda kind, *points: session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})  # noqa: E731
    touch("touchStart", {"x": start, "y": y})
    for step in range(1, 13):
        touch("touchMove", {"x": start + (end - start) * step / 12, "y": y})
        page.evaluate("() => new Promise(requestAnimationFrame)")
    touch("touchEnd")
