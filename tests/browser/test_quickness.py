"""How light the pages are, that nothing on them jumps, and how soon they answer a press: measured in Chromium."""

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PROJECT, do, sign_in
from tests.browser.test_accessibility import start
from tests.sizes import TORTURE, measures

KILOBYTE = 1000
FIRST_LOAD = 60 * KILOBYTE
OUR_SCRIPTS = 24 * KILOBYTE
MOST_SHIFT = 0.02
MOST_DELAY = 100  # ms

# Collects what the browser itself measures: shifts that nobody caused, and from each press to the picture after it.
WATCH = """
  window.measured = { shift: 0, presses: [] };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.measured.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    const presses = list.getEntries().filter((entry) => entry.interactionId);
    window.measured.presses.push(...presses.map(({ name, duration }) => [name, duration]));
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
"""


SIZES = {"phone": (390, 844)} | ({"desktop": (1440, 900)} if TORTURE else {})


@pytest.fixture(scope="module")
def lamps(directory, house) -> str:
    return do(directory, "from tests.browser.scene import stage; print(stage(2, prompt='The lamps are lit').pk)")


def addresses(task: str) -> dict[str, str]:
    return {
        "sign-in": "/login/",
        "history": "/tasks/",
        "picked": "/tasks/?picked=yes",
        "begin": "/new/",
        "form": "/tasks/new/",
        "form with a clip": f"/tasks/new/?parent={task}&index=2",
        "task": f"/tasks/{task}/",
        "tree": f"/tasks/{task}/tree/",
        "film": f"/tasks/{task}/clips/2/film/",
        "events": f"/tasks/{task}/events/",
        "password": "/password/",
        "team": "/team/",
        "archive": "/team/archive/",
        "not there": "/nowhere/",
    }


@cache
def compressed(url: str) -> int:
    """How many bytes a browser behind https gets of a static file."""
    answer = requests.get(url, headers={"Accept-Encoding": "br, gzip"}, stream=True, timeout=120)
    assert answer.headers["Content-Encoding"] == "br"
    return int(answer.headers["Content-Length"])


@dataclass
class Visit:
    """A first visit to a page, by somebody who then presses all that there is."""

    body: bytes
    loaded: set[str]  # the addresses of all else
    logged: list[str]  # to the console
    shift: float  # that nobody caused
    slowest: float  # ms, the longest that a press waited for its picture


def visit(chromium: Browser, url: str, **options: object) -> Visit:
    """Visits a page with the options of Playwright's contexts."""
    context = chromium.new_context(**options)
    page, loaded, logged = context.new_page(), set(), []
    page.add_init_script(WATCH)
    page.on("response", lambda response: loaded.add(response.url))
    page.on("console", lambda message: logged.append(message.text))
    page.on("pageerror", lambda error: logged.append(str(error)))
    response = page.goto(url, wait_until="networkidle")
    # A press may ask for more, which nobody does on a first visit.
    body, first = response.body(), loaded - {response.url}
    press_around(page)
    seen = page.evaluate("() => new Promise((done) => setTimeout(() => done(window.measured), 200))")
    context.close()
    return Visit(body, first, logged, seen["shift"], max((delay for _, delay in seen["presses"]), default=0))


@pytest.fixture(scope="module", params=SIZES)
def size(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def go(size, house, lamps, chromium) -> Callable[[str], Visit]:
    """Visits the page with this name."""
    page = sign_in(chromium.new_page(), house, "stage")
    known = page.context.storage_state()
    page.context.close()
    width, height = SIZES[size]
    options = {"viewport": {"width": width, "height": height}}

    def one(name: str) -> Visit:
        state = None if name == "sign-in" else known
        return visit(chromium, house.url + addresses(lamps)[name], storage_state=state, **options)

    return one


@pytest.fixture(scope="module")
def visits(go, lamps) -> dict[str, Visit]:
    """By the name of a page, a first visit to it."""
    return {name: go(name) for name in addresses(lamps)}


def weight(visit: Visit) -> int:
    """The bytes of a visit, as a proxy sends them: pages compressed, clips and pictures aside."""
    files = [url for url in visit.loaded if not re.search(r"\.(webp|mp4)$", url)]
    return len(gzip.compress(visit.body)) + sum(map(compressed, files))


def test_the_first_load_of_any_page_is_under_60_kilobytes_and_of_no_third_party(house, visits, say):
    hosts = {url.split("/")[2] for visit in visits.values() for url in visit.loaded if not url.endswith(".mp4")}
    assert hosts == {house.url.split("/")[2]}
    weights = {name: weight(visit) for name, visit in visits.items()}
    heaviest = max(weights, key=weights.__getitem__)
    say(
        f"first load, heaviest of {len(weights)} pages ({heaviest}): {weights[heaviest] / KILOBYTE:.1f} kB compressed"
    )
    assert weights[heaviest] < FIRST_LOAD, weights


def test_our_own_scripts_are_under_24_kilobytes(visits, say):
    loads = [visit.loaded for name, visit in visits.items() if name != "not there"]
    ours = {url for loaded in loads for url in loaded if "/static/js/" in url}
    made = list((PROJECT / "static" / "js").rglob("*.js"))
    assert len(ours) == len(made), "each is used somewhere, and loaded once"
    sizes = [compressed(url) for url in ours]
    say(f"our own scripts: {len(sizes)} modules, {sum(sizes) / KILOBYTE:.1f} kB compressed, over all pages together")
    assert sum(sizes) < OUR_SCRIPTS


def test_nothing_jumps(size, visits, say):
    shifts = {name: visit.shift for name, visit in visits.items()}
    say(f"{size}: shifts at most {max(shifts.values()):.4f}")
    assert {name: shift for name, shift in shifts.items() if shift >= MOST_SHIFT} == {}


def test_nothing_is_logged(visits):
    expected = ("404 (Not Found)", "net::ERR_NAME_NOT_RESOLVED")
    logged = {
        name: [line for line in visit.logged if not any(words in line for words in expected)]
        for name, visit in visits.items()
    }
    assert {name: lines for name, lines in logged.items() if lines} == {}


if TORTURE:

    @measures
    def test_every_press_answers_at_once(size, go, visits, say):
        delays = {name: visit.slowest for name, visit in visits.items()}
        # A machine that is busy just then is slow once; what is slow each time is ours.
        for name, delay in delays.items():
            if delay >= MOST_DELAY:
                delays[name] = min(go(name).slowest for _ in range(2))
        worst = max(delays, key=delays.__getitem__)
        say(f"{size}: slowest press {delays[worst]} ms ({worst})")
        assert {name: delay for name, delay in delays.items() if delay >= MOST_DELAY} == {}


def press_around(page: Page) -> None:
    """Whatever on the page can be pressed without leaving it, save what fills the screen."""
    for button in page.locator("main button[type=button]:not([data-full]):visible, main summary:visible").all()[:40]:
        # What was pressed before may have taken it away.
        if button.is_visible() and button.is_enabled():
            button.click()
            page.keyboard.press("Escape")
    for key in ("ArrowRight", "ArrowRight", "2", "Escape", "Space", "Space"):
        page.keyboard.press(key)
    expect(page.locator("main")).to_be_visible()


BOXES = """(which) => which.map((one) => JSON.stringify(document.querySelector(one).getBoundingClientRect()))"""


def test_the_wall_stays_where_it_is_when_the_clips_arrive(house, upstream, open_page):
    page = open_page(anew=True)
    page.add_init_script(WATCH)
    sign_in(page, house)
    start(page, "Everything stays where it is")
    page.wait_for_selector("#task progress.line")
    still = ["#wall", "#composer", "#composer-send", "#share"]
    # All in one moment: a swap may come between two looks.
    boxes = lambda: page.evaluate(BOXES, still)  # noqa: E731
    before = boxes()
    page.locator("#composer-send").hover(force=True)
    expect(page.locator("#task")).to_have_attribute("data-state", "finished", timeout=60_000)
    assert boxes() == before
    expect(page.locator("#copy-4")).to_contain_text("saved", timeout=60_000)
    assert boxes() == before
    assert page.evaluate("() => window.measured.shift") < MOST_SHIFT
