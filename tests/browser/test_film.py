"""A branch as one film, in a browser: read picture by picture from the screen, and led by pointer, keys and touch."""

import re
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SAVES_POWER, do, sign_in
from tests.browser.scene import BLOCKS, RATE, START_SECONDS, STEP_SECONDS, WIDTH
from tests.browser.test_accessibility import assert_clean
from tests.films import read
from tests.helpers import eventually
from tests.sizes import TORTURE, measures

PICTURE_MS = 1000 / RATE
# The code of the picture on the screen.
READ = f"""() => {{
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [{WIDTH}, 1];
  const context = canvas.getContext("2d", {{ willReadFrequently: true }});
  window.codeNow = () => {{
    const seen = document.querySelectorAll("video[data-seen]");
    if (seen.length !== 1) return null;
    context.clearRect(0, 0, {WIDTH}, 1);
    context.drawImage(seen[0], 0, seen[0].videoHeight - 6, {WIDTH}, 1, 0, 0, {WIDTH}, 1);
    const {{ data }} = context.getImageData(0, 0, {WIDTH}, 1);
    if (!data[3]) return -1;
    let code = 0;
    for (let block = 0; block < {BLOCKS}; block += 1) {{
      code = (code << 1) | (data[4 * Math.floor(((block + 0.5) * {WIDTH}) / {BLOCKS})] > 127);
    }}
    return code;
  }};
}}"""
# Each new picture on the screen: when, and its code. Read as often as the screen is drawn, which costs.
RECORD = f"""() => {{
  ({READ})();
  window.pictures = [];
  const look = () => {{
    const code = codeNow();
    if (code !== null && code !== window.pictures.at(-1)?.[1]) window.pictures.push([performance.now(), code]);
    requestAnimationFrame(look);
  }};
  look();
}}"""
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; resolve(sum); })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 200);
})"""
# How far what has the focus stands below the film's upper edge.
BELOW = """() => {
  const [focused, film] = [document.activeElement, document.querySelector(".cinema")];
  return focused.getBoundingClientRect().y - film.getBoundingClientRect().y;
}"""


@pytest.fixture(scope="module")
def films(house, directory) -> dict[str, str]:
    """Where a film of new parts alone is, and one whose clips begin with all that came before."""
    code = "from tests.browser.scene import stage; print(stage({}).pk)"
    made = {"parts": "3, contains=False", "contains": "2, contains=True"}
    return {name: f"{house.url}/tasks/{do(directory, code.format(how))}/clips/2/film/" for name, how in made.items()}


@pytest.fixture
def open_film(house, open_page, films):
    """Opens one of the films, and reads what is on its screen, or records it."""

    def open_one(name: str = "parts", records: bool = False, **options: object) -> Page:
        page = sign_in(open_page(**options), house, "stage", films[name])
        page.evaluate(RECORD if records else READ)
        return page

    return open_one


def await_end(page: Page) -> None:
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=30_000)


def picture(page: Page) -> tuple[int, int, int]:
    """Step, take and number of the picture on the screen."""
    return parts(page.evaluate("() => window.codeNow()"))


def parts(code: int) -> tuple[int, int, int]:
    return code >> 11, code >> 8 & 7, code & 255


def code_in(picture: np.ndarray) -> int:
    """The code of a picture in a file, uint8 (height, width, 3)."""
    lower_edge = picture[-6, :, 0]
    blocks = [lower_edge[int((block + 0.5) * len(lower_edge) / BLOCKS)] > 127 for block in range(BLOCKS)]
    return int("".join(str(int(block)) for block in blocks), 2)


def await_picture(page: Page, step: int, take: int, number: int | None = None) -> None:
    """Waits until this picture, or any of this take, is on the screen."""
    page.wait_for_function(
        "([wanted, shift]) => window.codeNow() >> shift === wanted >> shift",
        arg=[step << 11 | take << 8 | (number or 0), 8 if number is None else 0],
    )


def seen(page: Page) -> list[tuple[float, tuple[int, int, int]]]:
    """Each picture that was on the screen: when in ms, and which."""
    pictures = page.evaluate("() => window.pictures")
    assert all(code >= 0 for _, code in pictures), "the screen was black"
    return [(at, parts(code)) for at, code in pictures]


def turns(pictures) -> list[tuple[float, tuple[int, int, int], tuple[int, int, int]]]:
    """Each turn from one step to another: how long the last picture stood, which it was, and which came."""
    return [(after - before, old, new) for (before, old), (after, new) in pairwise(pictures) if old[0] != new[0]]


def last_of(step: int) -> int:
    return round((STEP_SECONDS if step else START_SECONDS) * RATE) - 1


def left_out(turn: tuple[float, tuple[int, int, int], tuple[int, int, int]]) -> int:
    """How many pictures at a turn were never on the screen."""
    _, old, new = turn
    return last_of(old[0]) - old[2] + new[2]


def leapt(turn: tuple[float, tuple[int, int, int], tuple[int, int, int]], speed: float = 1) -> float:
    """How many pictures the film went on at a turn beyond what the clock allows.

    A machine that is busy leaves pictures out anywhere, and then time passes as well.
    """
    return left_out(turn) + 1 - turn[0] * speed / PICTURE_MS


@measures
@pytest.mark.parametrize(("name", "steps"), [("contains", 2), ("parts", 3)] if TORTURE else [("contains", 2)])
def test_a_film_plays_through_without_a_gap_and_shows_nothing_twice(open_film, say, name, steps):
    page = open_film(name, records=True, anew=True)
    # What is only asked for when its turn has come would be late.
    slow = {"offline": False, "latency": 600, "downloadThroughput": -1, "uploadThroughput": -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    page.get_by_role("button", name="Play", exact=True).click()
    await_end(page)
    pictures = seen(page)
    made = turns(pictures)
    numbers = [which for _, which in pictures]
    assert numbers == sorted(set(numbers)), "a picture came twice, or out of its turn"
    assert {take for _, take, _ in numbers} == {2}
    assert [(old[0], new[0]) for _, old, new in made] == [(step, step + 1) for step in range(steps)]
    stood, lacks = ", ".join(f"{gap:.0f} ms" for gap, _, _ in made), sum(map(left_out, made))
    say(f"film ({name}): before a turn the last picture stood {stood} (as any: {PICTURE_MS:.0f}), {lacks} left out")
    if TORTURE:
        assert max(map(leapt, made)) <= 2, "the end of a segment was cut, or the beginning of the next"
        # Other work on the machine also costs time: it is a frozen screen or a load that is looked for.
        assert max(gap for gap, _, _ in made) < 400
    length = START_SECONDS + steps * STEP_SECONDS
    assert f"{length:.1f} / {length:.1f} s" in page.locator(".transport").inner_text()


def test_ticks_jump_to_their_steps_and_the_timeline_says_where_it_is(open_film):
    page = open_film("contains")
    track = page.get_by_role("slider", name="Film")
    for step, number in ((2, 0), (0, 0), (1, 0)):
        page.locator(".ticks button").nth(step).click()
        await_picture(page, step, 2, number)
        start = START_SECONDS + (step - 1) * STEP_SECONDS if step else 0
        where = f"extension {step}" if step else "original"
        expect(track).to_have_attribute("aria-valuetext", f"{start:.1f} of 7.0 seconds, {where}")
    track.fill("6.5")
    await_picture(page, 2, 2, round(1.5 * RATE))
    page.get_by_role("button", name="To the end of extension 1").click()
    await_picture(page, 1, 2, last_of(1))


def test_the_keyboard_alone_leads_through_the_film(open_film):
    page = open_film()
    press = page.keyboard.press
    press("]")
    await_picture(page, 1, 2, 0)
    for _ in range(3):
        press("ArrowRight")
    await_picture(page, 1, 2, 3)
    for _ in range(4):
        press("ArrowLeft")
    await_picture(page, 0, 2, last_of(0))
    press("Shift+ArrowRight")
    await_picture(page, 1, 2, RATE - 1)
    press("End")
    await_picture(page, 3, 2, last_of(3))
    press("[")
    await_picture(page, 3, 2, 0)
    press("[")
    await_picture(page, 2, 2, 0)
    press("Home")
    await_picture(page, 0, 2, 0)
    press(".")
    expect(page.get_by_label("Speed")).to_have_value("1.5")
    press(",")
    press(",")
    expect(page.get_by_label("Speed")).to_have_value("0.5")
    press("l")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    press("k")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    # Who speaks to their machine turns off what a spoken word would press.
    page.locator(".keys summary").click()
    page.get_by_label("Single-key shortcuts").uncheck()
    assert {"name": "single_keys", "value": "off"}.items() <= page.context.cookies()[-1].items()
    press("k")
    press("l")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.get_by_label("Single-key shortcuts").check()
    # What has the focus keeps its own keys: Space presses the button, and does not play.
    page.get_by_role("button", name="Loop").focus()
    press("Space")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.get_by_label("Speed").focus()
    press("ArrowDown")
    expect(page.get_by_label("Speed")).to_have_value("1")
    page.locator("input[name=take-1]:checked").focus()
    press("ArrowRight")
    await_picture(page, 1, 3)


def test_what_a_pointer_has_chosen_leaves_the_keys_to_the_film(open_film):
    page = open_film("contains")
    press = page.keyboard.press
    press("l")
    take = page.get_by_role("group", name="Takes of extension 1").get_by_label("Clip 3")
    take.check(force=True)
    await_picture(page, 1, 3)
    press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.locator(".ticks button").nth(1).click()
    await_picture(page, 1, 3, 0)
    press("ArrowRight")
    await_picture(page, 1, 3, 1)
    # Chosen once more it changes nothing, and keeps no key either.
    take.click(force=True)
    press("ArrowRight")
    await_picture(page, 1, 3, 2)
    expect(take).to_be_checked()
    speed = page.get_by_label("Speed")
    speed.hover()
    page.mouse.down()
    page.mouse.up()
    expect(speed).to_be_focused()
    speed.select_option("0.5")
    expect(speed).not_to_be_focused()
    page.get_by_role("button", name="To the end of extension 1").click()
    await_picture(page, 1, 3, last_of(1))
    press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    press("k")
    # Who came to a take by the keyboard chooses by it, and Space plays what is chosen.
    take.focus()
    press("ArrowRight")
    await_picture(page, 1, 4)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    press("ArrowLeft")
    await_picture(page, 1, 3)


def test_the_film_stays_in_sight_while_takes_are_tried(open_film):
    page = open_film()
    cinema, takes = page.locator(".cinema"), page.get_by_role("group", name="Takes of extension 1")
    for width, height in ((1366, 680), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        takes.evaluate("(takes) => takes.scrollIntoView({ block: 'end' })")
        film, below = cinema.bounding_box(), takes.bounding_box()
        assert film["y"] >= 0
        assert film["y"] + film["height"] <= below["y"], "the takes lie under the film"
        expect(page.locator(".screen")).to_be_in_viewport(ratio=1)
        page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
        page.locator(".keys summary").focus()
        # Three in each step, and the button that extends.
        for _ in range(3 * 4 + 1):
            page.keyboard.press("Shift+Tab")
            assert page.evaluate(BELOW) >= film["height"], "what has the focus is covered"
        strip = page.locator(".strip").bounding_box()
        assert strip["width"] > page.locator(".screen").bounding_box()["width"] or width == 390
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
    page.set_viewport_size({"width": 1366, "height": 680})
    assert page.locator(".ends").evaluate("(ends) => ends.scrollWidth - ends.clientWidth") == 0
    for width, height in ((1440, 900), (1366, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        takes.get_by_label("Clip 3").check(force=True)
        for name in ("Extend this take", "Use this take"):
            expect(page.get_by_role("link", name=name)).to_be_in_viewport(ratio=1)
        page.get_by_role("button", name="Back", exact=True).click()
        expect(takes.get_by_label("Clip 2")).to_be_checked()
        parts = (".crumb", ".task-title", ".screen", ".strip", ".end", ".take .frame", ".for-editors", ".keys")
        assert len({page.locator(part).first.bounding_box()["x"] for part in parts}) == 1, "one left edge"
        save, transport = (page.locator(which).bounding_box() for which in ("[data-save]", ".transport"))
        assert save["y"] < transport["y"] + transport["height"] + 4, "the frame that is seen is kept by its transport"
    # Where it would leave no room for anything else, it scrolls away.
    page.set_viewport_size({"width": 844, "height": 390})
    takes.scroll_into_view_if_needed()
    expect(page.locator(".screen")).not_to_be_in_viewport(ratio=1)


def test_another_take_plays_in_place_and_the_chosen_one_brings_the_branch_back(open_film):
    page = open_film("contains", records=True)
    takes = page.get_by_role("group", name="Takes of extension 1")
    colour, softness = (page.locator(f".growth .{name}") for name in ("colour", "softness"))
    drawn = [colour.get_attribute("points"), softness.get_attribute("points")]
    takes.get_by_label("Clip 3").check(force=True)
    await_picture(page, 1, 3)
    await_end(page)
    expect(colour).to_have_attribute("points", "50,100 150,80")
    expect(softness).to_have_attribute("points", "50,100 150,87")
    # A busy machine draws it a moment after the film has ended.
    eventually(lambda: picture(page) == (1, 3, last_of(1)))
    assert {take for _, (step, take, _) in seen(page)} == {3}, "the parent's footage was shown again"
    expect(page.locator(".ticks button")).to_have_count(2)
    expect(page.locator("[data-length]")).to_have_text("5.0")
    expect(page.locator("[data-step='2'] .aside")).to_have_text("continues clip 2")
    expect(page.locator("[data-step='1'] .step-name")).to_contain_text("clip 3")
    expect(page.locator("[data-step='1'] .drift")).to_contain_text("ΔE 2.0")
    film, extend = (page.get_by_role("link", name=name).get_attribute("href") for name in ("Use this", "Extend this"))
    assert film.endswith("/clips/3/film/")
    assert extend == f"/tasks/{film.split('/')[2]}/?clip=3#composer_prompt"
    expect(page.get_by_role("link", name="Extend clip 2")).to_be_hidden()

    takes.get_by_label("Clip 2").check(force=True)
    await_picture(page, 1, 2)
    expect(page.locator(".ticks button")).to_have_count(3)
    expect(page.locator(".aside:visible")).to_have_count(0)
    assert [colour.get_attribute("points"), softness.get_attribute("points")] == drawn
    expect(page.get_by_role("link", name="Extend clip 2")).to_be_visible()
    await_picture(page, 2, 2)
    page.get_by_role("button", name="Pause").click()
    page.goto(page.url.split("/tasks/")[0] + film)
    expect(page.locator(".ticks button")).to_have_count(2)


def test_the_film_is_exported_at_a_press_and_saved_with_each_picture_once(open_film, tmp_path):
    page = open_film("contains")
    with page.expect_response(lambda response: response.url.endswith("/film/export/")) as asked:
        page.get_by_role("button", name="Download the film").click()
    assert "<progress" in asked.value.text()
    link = page.get_by_role("link", name="Download the film")
    expect(link).to_be_visible(timeout=60_000)
    expect(link).to_be_focused()
    expect(page.locator("#announce")).to_contain_text("Download of the film: ready.")
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename == "the-ferry-leaves-part-3-film.mp4"
    saved.value.save_as(tmp_path / "film.mp4")
    assert [parts(code_in(picture)) for picture in read(tmp_path / "film.mp4")] == [
        (step, 2, number) for step in range(3) for number in range(last_of(step) + 1)
    ]


@measures
def test_it_loops_without_a_gap_at_double_speed(open_film, say):
    page = open_film("contains", records=True)
    page.get_by_label("Speed").select_option("2")
    page.get_by_role("button", name="Loop").click()
    page.locator(".ticks button").nth(2).click()
    await_picture(page, 2, 2, 0)
    page.get_by_role("button", name="Play", exact=True).click()
    await_picture(page, 0, 2)
    await_picture(page, 1, 2)
    pictures = seen(page)
    page.get_by_role("button", name="Pause").click()
    turn = next(turn for turn in turns(pictures) if turn[2][0] == 0)
    say(f"film (loop, 2 ×): the last picture stood {turn[0]:.0f} ms (as any: {PICTURE_MS / 2:.0f})")
    first, last = (next(at for at, which in pictures if which[0] == step) for step in (0, 1))
    assert (last - first) / 1000 > 0.7 * START_SECONDS / 2
    if TORTURE:
        assert leapt(turn, speed=2) <= 2
        assert turn[0] < 400
        assert (last - first) / 1000 < 1.5 * START_SECONDS / 2


def test_nothing_is_loaded_and_nothing_plays_before_somebody_wants_to_see_it(house, open_page, films):
    page = open_page(reduced_motion="reduce")
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    sign_in(page, house, "stage", films["parts"])
    page.wait_for_load_state("networkidle")
    assert [url for url in requested if url.endswith(".mp4")] == []
    expect(page.locator(".screen img")).to_be_visible()
    assert page.locator("video[data-seen]").count() == 0


def test_where_nothing_plays_before_a_tap_it_says_so_and_one_tap_plays_every_segment(house, open_page, films):
    page = open_page()
    page.add_init_script(SAVES_POWER)
    sign_in(page, house, "stage", films["contains"])
    page.evaluate(READ)
    play = page.get_by_role("button", name="Play", exact=True)
    play.evaluate("(button) => button.click()")
    tap = page.get_by_role("button", name="Tap to play")
    expect(tap).to_be_visible()
    expect(play).to_be_visible()
    page.get_by_label("Speed").select_option("2")
    tap.click()
    expect(tap).to_be_hidden()
    await_picture(page, 1, 2)


def test_it_goes_on_without_a_segment_that_cannot_be_loaded(house, open_page, films):
    page = sign_in(open_page(expected=("404 (Not Found)",)), house, "stage", films["parts"])
    missing = page.locator("input[name=take-1]:checked").get_attribute("data-src")
    page.route(f"**{missing}", lambda route: route.fulfill(status=404))
    page.evaluate(RECORD)
    page.locator(".ticks button").nth(0).click()
    expect(page.locator("[data-trouble]")).to_have_text(
        "Clip 2 of extension 1 cannot be loaded now. The film skips it."
    )
    expect(page.locator(".ticks button")).to_have_count(3)
    page.get_by_label("Speed").select_option("2")
    page.get_by_role("button", name="Play", exact=True).click()
    await_end(page)
    assert {step for _, (step, _, _) in seen(page)} == {0, 2, 3}

    # What lay before the picture that is seen is not there any more, and the picture is the same.
    page.emulate_media(reduced_motion="reduce")
    missing = page.locator("input[name=take-0]:checked").get_attribute("data-src")
    page.unroute_all()
    page.route(f"**{missing}", lambda route: route.fulfill(status=404))
    page.reload()
    page.evaluate(READ)
    page.locator(".ticks button").last.click()
    await_picture(page, 3, 2, 0)
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    await_picture(page, 3, 2, 6)
    page.keyboard.press("l")
    expect(page.locator(".ticks button")).to_have_count(3)
    expect(page.locator("[data-length]")).to_have_text("6.0")
    expect(page.locator("[data-time]")).to_have_text("4.3")
    await_picture(page, 3, 2, 6)


def test_a_clip_that_is_only_at_apiframe_plays_from_there_and_is_measured_by_the_browser(
    house, open_page, directory, films
):
    page = sign_in(open_page(), house, "stage", films["parts"])
    source = page.locator("input[name=take-3]:checked").get_attribute("data-src")
    body = page.request.get(house.url + source).body()

    def give(route) -> None:
        first = int(route.request.headers.get("range", "bytes=0-")[6:].partition("-")[0])
        size = {"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}", "Accept-Ranges": "bytes"}
        route.fulfill(status=206, headers={"Content-Type": "video/mp4", **size}, body=body[first:])

    page.route("https://clips.example/2.mp4", give)
    become = f"""
from extender.tasks.models import Clip
print(Clip.objects.filter(pk="{source[7:-4]}").update(state="{{}}"))
"""
    do(directory, become.format("blocked"))
    try:
        page.reload()
        expect(page.get_by_text("Clip 2 of extension 3 plays in full")).to_be_visible()
        expect(page.locator("[data-length]")).to_have_text("9.0")
        page.locator(".ticks button").last.click()
        expect(page.locator("video[data-seen]")).to_have_attribute("src", "https://clips.example/2.mp4")
        page.get_by_role("button", name="Play", exact=True).click()
        await_end(page)
        expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "9.0 of 9.0 seconds, extension 3")
        # The picture of the step is that of the take that is named there.
        end = page.locator("[data-step='3'] .end")
        takes = page.get_by_role("group", name="Takes of extension 3")
        for clip, shown, hidden in (("Clip 3", "img", "video"), ("Clip 2", "video", "img")):
            takes.get_by_label(clip).check(force=True)
            expect(end.locator(shown)).to_be_visible()
            expect(end.locator(hidden)).to_be_hidden()
    finally:
        do(directory, become.format("stored"))


def test_without_javascript_each_segment_plays_by_itself_and_takes_are_links(house, open_page, films):
    page = open_page(java_script_enabled=False)
    page.goto(house.url)
    page.get_by_label("Name").fill("stage")
    page.get_by_label("Password").fill("stage")
    page.get_by_role("button", name="Sign in").click()
    page.goto(films["contains"])
    videos = page.locator(".strip video")
    expect(videos).to_have_count(3)
    assert [video.is_visible() for video in videos.all()] == [True] * 3
    assert all(video.get_attribute("controls") is not None for video in videos.all())
    ends = page.locator(".ends").bounding_box()
    for video in videos.all():
        box = video.bounding_box()
        assert 250 < box["width"] < 450
        assert box["width"] / box["height"] == pytest.approx(16 / 9, rel=0.01)
    for words in page.get_by_text("Films of its takes").all():
        box = words.bounding_box()
        assert box["y"] + box["height"] <= ends["y"] + ends["height"]
    for hidden in (".transport", ".screen", ".takes", ".end"):
        assert not any(found.is_visible() for found in page.locator(hidden).all())
    page.locator("[data-step='0']").get_by_role("link", name="clip 3").click()
    expect(page.locator(".strip video")).to_have_count(1)
    expect(page.get_by_role("link", name="Extend clip 3")).to_be_visible()


def test_a_finger_on_a_narrow_screen_plays_jumps_and_tries(open_film):
    page = open_film(width=390, height=844, has_touch=True, is_mobile=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    page.locator(".screen").tap()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Pause").tap()
    page.locator(".ticks button").nth(2).tap()
    await_picture(page, 2, 2, 0)
    page.locator("[data-step='1'] .take").nth(3).tap()
    await_picture(page, 1, 4)
    small = page.locator(".film-room").locator("button:visible, select:visible, .take:visible, .button:visible")
    boxes = [found.bounding_box() for found in small.all()]
    assert len(boxes) > 20
    assert [box for box in boxes if box["width"] < 44 or box["height"] < 44] == []
    take = page.locator("[data-step='1'] .take").first
    frame, number = take.locator(".frame").bounding_box(), take.locator(".place").bounding_box()
    assert number["width"] * number["height"] < 0.1 * frame["width"] * frame["height"]


def test_axe_finds_nothing_and_nothing_shifts(open_film):
    page = open_film()
    assert page.evaluate(SHIFTS) < 0.02
    page.get_by_label("Speed").select_option("2")
    page.get_by_role("group", name="Takes of extension 1").get_by_label("Clip 3").check(force=True)
    await_end(page)
    page.locator(".export summary").click()
    page.locator(".keys summary").click()
    assert_clean(page)
    # A press excuses a shift for half a second, and what has played by itself since does not.
    assert page.evaluate(SHIFTS) < 0.02


def test_a_frame_of_the_film_is_saved_or_begins_a_shot(open_film):
    page = open_film()
    page.get_by_role("button", name=re.compile("^Extension 1, clip 2")).click()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-time]")).not_to_have_text("0.0")
    with page.expect_download() as saving:
        page.keyboard.press("s")
    assert re.fullmatch(r"the-ferry-leaves-part-2-2-at-0\.\d*[1-9]\d*s\.png", saving.value.suggested_filename)
    page.keyboard.press("n")
    expect(page.get_by_label("Go on with the film: this is its shot 2")).to_be_checked()
    expect(page.locator("[name=out_ms]")).not_to_have_value("")
