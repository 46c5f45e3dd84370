"""That the four clips of a wall stay within a picture of each other: for a minute, after a stall, after a pause."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import do, sign_in
from tests.sizes import TORTURE, measures, size

SECONDS = size(0, 60)
PICTURE = 1 / 24
# The largest distance between two clips at any moment of so many seconds, how many moments were looked at, how often
# they began anew, and for how long in all they stood to do so.
WATCH = """(seconds) => new Promise((resolve) => {
  const videos = [...document.querySelectorAll(".wall video:not(.lead)")];
  const seen = { spread: 0, moments: 0, rounds: 0, stood: 0 };
  const began = performance.now();
  let [last, then] = [0, began];
  const look = (now) => {
    const times = videos.map((video) => video.currentTime);
    seen.spread = Math.max(seen.spread, Math.max(...times) - Math.min(...times));
    seen.moments += 1;
    if (times[0] < last - 0.5) seen.rounds += 1;
    if (videos.some((video) => video.paused)) seen.stood += (now - then) / 1000;
    [last, then] = [times[0], now];
    now - began < 1000 * seconds ? requestAnimationFrame(look) : resolve(seen);
  };
  requestAnimationFrame(look);
})"""
PLAYING = (
    "() => [...document.querySelectorAll('.wall video')].every((v) => !v.paused && !v.seeking && v.readyState > 2)"
)
IN_STEP = f"""() => {{
  const times = [...document.querySelectorAll(".wall video")].map((video) => video.currentTime);
  return ({PLAYING})() && Math.max(...times) - Math.min(...times) < {PICTURE};
}}"""
LATER_THAN = "(time) => document.querySelector('.wall video').currentTime > time"
# No machine can be made slow at will, so the videos begin to move, and say so, 0.4, 0.8, 1.2 and 1.6 s after play().
SLOW_TO_START = """() => {
  const { play, pause } = HTMLMediaElement.prototype;
  const begins = new Map();
  HTMLMediaElement.prototype.play = function () {
    if (begins.has(this)) return Promise.resolve();
    const late = 400 * this.closest("[data-clip]").dataset.clip;
    return new Promise((resolve) => {
      begins.set(this, setTimeout(() => resolve(play.call(this)), late));
    });
  };
  HTMLMediaElement.prototype.pause = function () {
    clearTimeout(begins.get(this));
    begins.delete(this);
    pause.call(this);
  };
}"""
STANDING = "() => [...document.querySelectorAll('.wall video')].every((video) => video.paused)"


@pytest.fixture(scope="module")
def kites(directory, house) -> str:
    return do(directory, "from tests.browser.scene import stage; print(stage(0, prompt='Four kites').pk)")


@pytest.fixture(scope="module")
def sequel(directory, house) -> str:
    return do(directory, "from tests.browser.scene import stage; print(stage(1, prompt='Five kites').pk)")


@pytest.fixture
def wall(house, kites, open_page) -> Page:
    return sign_in(open_page(), house, "stage", f"{house.url}/tasks/{kites}/")


def play(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(PLAYING)


def spread(page: Page) -> float:
    """How far apart the clips are now, in seconds."""
    times = page.evaluate("() => [...document.querySelectorAll('.wall video')].map((video) => video.currentTime)")
    return max(times) - min(times)


@measures
def test_looping_they_stay_within_one_picture(wall, say):
    play(wall)
    # From its last second it goes on to the first.
    wall.wait_for_function(LATER_THAN, arg=2)
    wall.wait_for_function(f"() => !({LATER_THAN})(2)")
    wall.wait_for_function(IN_STEP)
    if not TORTURE:
        return
    seen = wall.evaluate(WATCH, SECONDS)
    say(
        f"four clips looping for {SECONDS} s: at most {1000 * seen['spread']:.0f} ms apart "
        f"at {seen['moments']} moments, "
        f"{seen['rounds']} rounds, {seen['stood']:.1f} s of which they stood to begin anew"
    )
    assert seen["rounds"] >= SECONDS / 4
    assert seen["moments"] > 10 * SECONDS
    assert seen["spread"] < PICTURE
    assert seen["stood"] < SECONDS / 10


@measures
@pytest.mark.parametrize("rate", ["0.25", "2"])
def test_at_other_speeds_as_well(wall, rate):
    wall.get_by_label("Speed").select_option(rate)
    play(wall)
    wall.wait_for_function(LATER_THAN, arg=0.5)
    wall.wait_for_function(IN_STEP)
    if TORTURE:
        assert wall.evaluate(WATCH, 4)["spread"] < PICTURE


def test_where_videos_start_slowly_each_at_its_time_they_play_in_step(wall):
    wall.evaluate(SLOW_TO_START)
    wall.get_by_role("button", name="Play", exact=True).click()
    together = wall.wait_for_function(f"() => ({IN_STEP})() && document.querySelector('.wall video').currentTime")
    assert together.json_value() < 1, "the first would be 1.2 s ahead if it did not wait"
    wall.wait_for_function(LATER_THAN, arg=1)


def test_what_starts_slowly_at_the_cut_is_not_jumped_over(house, sequel, open_page):
    page = sign_in(open_page(reduced_motion="reduce"), house, "stage", f"{house.url}/tasks/{sequel}/")
    page.evaluate(SLOW_TO_START)
    page.evaluate(
        """() => {
          window.jumps = [];
          document.addEventListener("seeking", ({ target }) => {
            const { currentTime, played } = target;
            if (!target.matches(".lead") && !played.length && currentTime > 0.1) jumps.push(currentTime);
          }, true);
        }"""
    )
    page.get_by_role("button", name="Cut", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.wall video:not(.lead)')].every(({ currentTime }) => currentTime > 0.5)"
    )
    assert page.evaluate("jumps") == []


def test_one_that_stalls_holds_the_others_and_they_go_on_together(wall):
    held = []
    play(wall)
    # The second file is fetched anew, as when our copy takes the place of APIFRAME's, and does not come.
    wall.route(re.compile(r"\.mp4\?anew"), lambda route: held.append(route))
    wall.locator("#frame-2 video").evaluate("(video) => { video.src += '?anew'; }")
    wall.wait_for_function("() => [1, 3, 4].every((n) => document.querySelector(`#frame-${n} video`).paused)")
    expect(wall.locator("#frame-2")).to_have_attribute("data-waiting", "")
    stood = [wall.locator(f"#frame-{n} video").evaluate("(video) => video.currentTime") for n in (1, 3, 4)]
    assert max(stood) - min(stood) < PICTURE
    expect(wall.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    while held:
        held.pop().continue_()
    wall.unroute(re.compile(r"\.mp4\?anew"))
    wall.wait_for_function(IN_STEP)


def test_one_that_cannot_be_played_says_so_and_the_others_play(wall):
    wall.locator("#copy-2").evaluate("(line) => { line.dataset.codec = 'HEVC'; }")
    wall.route(re.compile(r"\.mp4\?broken"), lambda route: route.fulfill(status=200, body="no video"))
    wall.locator("#frame-2 video").evaluate("(video) => { video.src += '?broken'; }")
    wall.get_by_role("button", name="Play", exact=True).click()
    expect(wall.locator("#frame-2")).to_have_attribute("data-broken", "")
    # Chosen or not.
    for chosen in ("2", "1"):
        wall.locator(f"#choose-{chosen}").evaluate("(radio) => radio.click()")
        said = wall.locator("#frame-2").evaluate("(frame) => getComputedStyle(frame, '::before').content")
        assert "HEVC" in said
        line = wall.locator(f"#frame-{chosen}").evaluate("(frame) => getComputedStyle(frame, '::after').borderWidth")
        assert line == "2px"
    wall.get_by_role("button", name="Pause", exact=True).click()
    wall.keyboard.press("Home")
    wall.wait_for_function(
        "() => [...document.querySelectorAll('.wall video')].every((one) => one.currentTime < 0.1)"
    )
    wall.evaluate(SLOW_TO_START)
    wall.locator("#frame-2").evaluate(
        """(frame) => {
          const look = () => { window.isAwaited ||= frame.hasAttribute("data-waiting"); };
          new MutationObserver(look).observe(frame, { attributes: true });
        }"""
    )
    wall.get_by_role("button", name="Play", exact=True).click()
    wall.wait_for_function(
        "() => [1, 3, 4].every((n) => document.querySelector(`#frame-${n} video`).currentTime > 0.3)"
    )
    assert not wall.evaluate("window.isAwaited")
    wall.locator("#frame-2 video").evaluate("(video) => { video.src = video.src.replace('?broken', ''); }")
    expect(wall.locator("#frame-2")).not_to_have_attribute("data-broken", "")
    wall.wait_for_function(
        "() => [1, 3, 4].every((n) => document.querySelector(`#frame-${n} video`).currentTime > 0.3)"
    )


def test_out_of_sight_nothing_plays_and_back_in_sight_they_are_in_step(wall):
    play(wall)
    wall.set_viewport_size({"width": 390, "height": 500})
    wall.mouse.move(200, 250)
    wall.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
    wall.wait_for_function(STANDING)
    assert spread(wall) < PICTURE
    wall.evaluate("() => scrollTo(0, 0)")
    wall.wait_for_function(IN_STEP)


def test_a_tab_that_is_left_stands_and_goes_on_in_step(wall):
    play(wall)
    # A headless browser shows every tab for ever, so that the tab itself has to say that it is hidden.
    leave = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); %s }"
    leave %= "document.dispatchEvent(new Event('visibilitychange'));"
    wall.evaluate(leave, True)
    wall.wait_for_function(STANDING)
    assert spread(wall) < PICTURE
    wall.evaluate(leave, False)
    wall.wait_for_function(IN_STEP)
