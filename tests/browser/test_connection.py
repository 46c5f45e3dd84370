"""What a page does while its polls bring nothing, or what is not ours."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import STILL, do, sign_in

POLL = re.compile(r"/status/\?v=")
MADE = """
import uuid
from tests.browser.scene import member_called
from tests.helpers import make_task
member = member_called("stage")
print(make_task(member, state="processing", remote_id=str(uuid.uuid4()), prompt="It waits", due_at=None).pk)
"""


@pytest.fixture
def task(directory, house) -> str:
    return do(directory, MADE)


@pytest.fixture
def page(house, task, open_page) -> Page:
    # A clock that is set belongs to the whole context.
    page = open_page(
        expected=("Failed to load resource", "Response Status Error", "htmx:", "Connecting to"), anew=True, **STILL
    )
    return sign_in(page, house, "stage", f"{house.url}/tasks/{task}/")


# By the page's own clock, for word of it may come late: when the page asks about its task, and when there is an
# answer, or none, before its scripts hear of that.
LISTEN = """() => {
  window.heard = [];
  for (const name of ["htmx:beforeSend", "htmx:beforeOnLoad", "htmx:sendError"]) {
    const hear = ({ target }) => target.id === "task" && heard.push([name, Date.now() / 1000]);
    document.addEventListener(name, hear, true);
  }
}"""


def test_a_server_that_is_away_is_said_and_asked_more_and_more_rarely(page):
    asked, loads = [], []
    page.on("load", lambda _: loads.append(page.url))
    page.evaluate(LISTEN)

    def away(route):
        asked.append(route)
        # The proxy in front of it says so, in several words, or nobody says anything.
        statuses = {1: 404, 3: 429}
        status = statuses.get(len(asked), 502)
        route.abort() if len(asked) == 2 else route.fulfill(status=status, body="<h1>Bad gateway</h1>")

    page.route(POLL, away)
    expect(page.locator("#connection")).to_be_visible()
    while len(asked) < 3:
        page.wait_for_timeout(100)
    page.unroute(POLL)
    heard = page.evaluate("heard")
    sent = [number for number, (name, _) in enumerate(heard) if name == "htmx:beforeSend"]
    # Every two seconds as long as it is there.
    for number, pause in zip(sent[-2:], (4, 8), strict=True):
        (missed, then), (_, again) = heard[number - 1 : number + 1]
        assert missed != "htmx:beforeSend"
        assert again - then >= pause
    assert "gateway" not in page.content()
    assert loads == []
    expect(page.locator("#task")).to_have_attribute("data-state", "processing")


def test_a_page_that_is_not_ours_is_never_swapped_in_and_the_page_reloads_once(page):
    loads = []
    page.on("load", lambda _: loads.append(page.url))
    page.route(POLL, lambda route: route.fulfill(status=200, body="<h1>Who are you?</h1>"))
    expect(page.locator("#connection")).to_be_visible(timeout=30_000)
    assert len(loads) == 1
    assert "Who are you" not in page.content()
    page.unroute(POLL)
    expect(page.locator("#connection")).to_be_hidden(timeout=60_000)
    # An access proxy may ask at another host, which to a script is no answer.
    away = {"status": 302, "headers": {"Location": "https://sign-in.example/"}}
    with page.expect_event("load", timeout=60_000):
        page.route("**", lambda route: route.fulfill(**away) if is_asked_by_a_script(route) else route.continue_())


def is_asked_by_a_script(route: Route) -> bool:
    return route.request.resource_type in ("xhr", "fetch")


def test_no_poll_loads_the_page_anew_under_somebody_who_writes(page):
    words = page.get_by_label("What happens next")
    was = words.input_value()
    words.fill("Half a sentence")
    # Signed out elsewhere, say: polls are told to load the page again, which would lead to the sign-in.
    page.context.clear_cookies(name="sessionid")
    for _ in range(2):
        page.wait_for_event("response", lambda response: POLL.search(response.url))
    page.wait_for_timeout(500)
    assert words.input_value() == "Half a sentence"
    words.fill(was)
    page.get_by_label("Password").wait_for()


def test_a_page_that_asks_nothing_finds_out_that_the_server_is_back(page, house, directory):
    # Of a member who has nothing running, which the bar would ask about.
    task = do(directory, "from tests.browser.scene import stage; print(stage(0, owner='idle').pk)")
    page.context.clear_cookies()
    sign_in(page, house, "idle", f"{house.url}/tasks/{task}/")
    expect(page.locator("[hx-trigger*=every]")).to_have_count(0)
    page.route("**", lambda route: route.abort() if is_asked_by_a_script(route) else route.continue_())
    page.locator("#pick-1").press("Enter")
    expect(page.locator("#connection")).to_be_visible()
    page.unroute("**")
    expect(page.locator("#connection")).to_be_hidden(timeout=20_000)


def test_a_press_whose_token_is_gone_loads_the_page_anew(page, house, directory):
    task = do(directory, "from tests.browser.scene import stage; print(stage(1, owner='idle').pk)")
    page.context.clear_cookies()
    sign_in(page, house, "idle", f"{house.url}/tasks/{task}/")
    # As by a sign-in in another tab.
    page.context.clear_cookies(name="csrftoken")
    pick = page.get_by_role("button", name="Pick clip 1")
    with page.expect_event("load"):
        pick.press("Enter")
    pick.press("Enter")
    expect(page.get_by_role("button", name="Picked clip 1")).to_be_visible()


def test_a_task_that_is_there_no_more_ends_its_page(page, task, directory):
    do(directory, f"from extender.tasks.models import Task; Task.objects.filter(pk='{task}').delete(); print(1)")
    expect(page.locator("h1")).to_contain_text("does not exist", timeout=20_000)
    expect(page.locator("[hx-trigger*=every][hx-get]")).to_have_count(0)


SEE = """(isHidden) => {
  Object.defineProperty(document, "hidden", { get: () => isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


COUNT = """() => {
  Math.random = () => 0.9;
  window.asked = 0;
  document.addEventListener("htmx:beforeSend", () => window.asked++);
}"""


def test_after_a_sleep_the_clock_is_right_and_a_page_asks_when_it_is_seen_and_not_at_once(page):
    page.clock.install()
    page.reload()
    now = page.evaluate("() => Date.now() / 1000")
    page.clock.pause_at(now + 5)
    page.evaluate(COUNT)
    page.evaluate(SEE, True)
    # The machine sleeps: the date goes on, and no other clock does.
    page.clock.set_system_time(now + 605)
    page.clock.run_for(10_000)
    expect(page.locator("[data-clock]")).to_have_text(re.compile(r"^10:\d\d$"))
    assert page.evaluate("() => window.asked") == 0
    page.evaluate(SEE, False)
    page.clock.run_for(3500)
    assert page.evaluate("() => window.asked") == 0
    page.clock.run_for(3000)
    assert page.evaluate("() => window.asked") >= 1


def test_a_press_that_is_refused_says_so(page, directory, house):
    task = do(directory, "from tests.browser.scene import stage; print(stage().pk)")
    page.goto(f"{house.url}/tasks/{task}/")
    do(directory, f"from extender.tasks.models import Task; print(Task.objects.filter(pk='{task}').delete())")
    page.locator("[data-pick]").first.click()
    expect(page.locator("#announce.toast")).to_have_text("Nothing was done. Try again, or reload this page.")
    expect(page.locator("[data-pick][aria-pressed=true]")).to_have_count(0)
