"""A fresh copy of the project, started as its README says, and a real Chromium in front of it."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.helpers import eventually
from tests.paths import PROJECT
from tests.ports import free_port
from tests.sizes import TORTURE

START_SECONDS = 180
PAINTING = () if TORTURE else ("--tiny",)
# How long a busy machine may take for what is awaited, in ms. Nothing waits for it to be over where all is well.
PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)
# For a page whose motion is not asked about: what moves is drawn sixty times a second as long as the page is open.
STILL = {} if TORTURE else {"reduced_motion": "reduce"}
OURS = ("APIFRAME_", "PUBLIC_URL", "DATABASE_URL", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "MEDIA_ROOT")


def fresh_copy(target: Path) -> Path:
    """What a clone would hold: the files that git knows or would take, and nothing that was made since."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (PROJECT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, target / name)
    _bring_bytecode(target)
    return target


def _bring_bytecode(target: Path) -> None:
    """Else the processes of each copy would compile it anew, for a second. Python takes none that is out of date."""
    for room in ("extender", "project"):
        for made in (PROJECT / room).rglob("__pycache__/*.pyc"):
            here = target / made.relative_to(PROJECT)
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(made, here)


def bring_static_files(target: Path) -> None:
    """What `collectstatic` has made for the tests, so that a copy of the project need not take seconds over it."""
    shutil.copytree(settings.STATIC_ROOT, target / "var" / "static", dirs_exist_ok=True)


class House:
    """`manage.py run` in a directory of its own. Once it is open, `url` is where it says that it is.

    Its sandbox paints nothing, unless this is a `make torture`: painting the demo takes half a minute of both cores.
    """

    def __init__(self, directory: Path, *arguments: str, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.log = directory / "run.log"
        with self.log.open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run", *PAINTING, *arguments],
                cwd=directory,
                env=clean | environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self.said = ""

    def await_open(self) -> None:
        """Returns once it says that it may be entered; AssertionError with its log if it never does."""
        self.url = self.await_words("Extender is at ").rpartition("Extender is at ")[2].strip()
        self.await_words("Ctrl-C ends everything.")

    def await_words(self, words: str) -> str:
        """The line with these words, once it was said."""
        ends = time.monotonic() + START_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while True:
                for line in self.said.splitlines():
                    if words in line:
                        return line
                assert selector.select(max(0.0, ends - time.monotonic())), f"{self.said}\n{self.log.read_text()}"
                chunk = os.read(self.process.stdout.fileno(), 4096)
                assert chunk, f"it ended: {self.said}\n{self.log.read_text()}"
                self.said += chunk.decode()

    def end(self) -> int:
        """One Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=120)
        self.said += rest.decode()
        return self.process.returncode


@pytest.fixture(scope="package")
def directory(tmp_path_factory, shared_directory) -> Iterator[Path]:
    directory = fresh_copy(tmp_path_factory.mktemp("clone"))
    bring_static_files(directory)
    with pytest.MonkeyPatch.context() as patch:
        # Scenes of all houses show the same films.
        patch.setenv("FILMS", str(shared_directory / "films"))
        yield directory
    if directory in SHELLS:
        SHELLS.pop(directory).end()


@pytest.fixture(scope="package")
def house(directory) -> Iterator[House]:
    house = House(directory, "--port", str(free_port()))
    house.await_open()
    yield house
    house.end()


@pytest.fixture
def upstream(house, directory) -> str:
    """The sandbox that this house started, made quick."""
    url = f"http://127.0.0.1:{(directory / 'var' / 'sandbox-port').read_text()}"
    choose(url, seconds=5, tiny=True)
    return url


def choose(upstream: str, **options: object) -> None:
    """Changes options of the sandbox."""
    requests.post(f"{upstream}/_sandbox/options", json=options, timeout=120).raise_for_status()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    # Not for longer than this room's tests: while Playwright runs, Django takes its thread for an asynchronous one.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


class Contexts:
    """Contexts without cookies, for tests to take in turn.

    In a new one all is loaded anew, by a new process; these have a page open each, which keeps their process alive.
    """

    def __init__(self, chromium: Browser, idle: str) -> None:
        self._chromium, self._idle = chromium, idle
        self._free: dict[str, list[BrowserContext]] = defaultdict(list)

    @contextmanager
    def lend(self, **options: object) -> Iterator[BrowserContext]:
        free = self._free[repr(options)]
        if not free:
            free.append(self._chromium.new_context(**options))
            free[-1].new_page().goto(self._idle)
        context = free.pop()
        yield context
        for page in context.pages[1:]:
            page.close()
        context.clear_cookies()
        free.append(context)


@pytest.fixture(scope="package")
def contexts(chromium, house) -> Contexts:
    return Contexts(chromium, f"{house.url}/healthz")


@pytest.fixture
def open_page(chromium, contexts):
    """Makes pages, each with cookies of its own, and fails the test if anything at all is logged to a console.

    Only one that is opened `anew` has loaded nothing yet.
    """
    logged = []
    with ExitStack() as open_contexts:

        def open_one(
            width: int = 1440,
            height: int = 900,
            expected: tuple[str, ...] = (),
            anew: bool = False,
            **options: object,
        ) -> Page:
            lent = chromium.new_context(**options) if anew else contexts.lend(**options)
            page = open_contexts.enter_context(lent).new_page()
            page.set_viewport_size({"width": width, "height": height})
            page.set_default_timeout(PATIENCE)
            page.on(
                "console",
                lambda message: any(words in message.text for words in expected) or logged.append(message.text),
            )
            page.on("pageerror", lambda error: logged.append(str(error)))
            return page

        yield open_one
    assert logged == []


class Shell:
    """A process inside the app of `directory` that runs code: starting one each time costs more than the code."""

    PROGRAM = """
import contextlib, io, json, sys, traceback
import django
django.setup()
from django.db import connections
for line in sys.stdin:
    printed, failure = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {})
    except BaseException:
        failure = traceback.format_exc()
    connections.close_all()
    print(json.dumps([printed.getvalue(), failure]), flush=True)
"""

    def __init__(self, directory: Path) -> None:
        with (directory / "shell.log").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", self.PROGRAM],
                cwd=directory,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "project.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def run(self, code: str) -> str:
        """What `code` prints; AssertionError with its traceback if it fails."""
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        printed, failure = json.loads(self.process.stdout.readline())
        assert not failure, failure
        return printed

    def end(self) -> None:
        self.process.communicate()


SHELLS: dict[Path, Shell] = {}


def do(directory: Path, code: str) -> str:
    """The last word that `code` prints, inside the app."""
    if directory not in SHELLS:
        SHELLS[directory] = Shell(directory)
    return SHELLS[directory].run(code).split()[-1]


COPY_ALL = """
from django.core.management import CommandError, call_command
from extender.tasks.models import Clip
try:
    call_command("archive", "--missing")
except CommandError as error:
    assert error.returncode == 1, error
print(Clip.objects.missing().count())
"""


def await_copies(directory: Path) -> None:
    """Everything that has finished is copied: what is not is copied here, beside the worker."""
    # What the worker was at just then was left to it.
    eventually(lambda: do(directory, COPY_ALL) == "0", seconds=90)


SESSIONS: dict[tuple[str, str], list] = {}


def sign_in(page: Page, house: House, name: str = "demo", at: str = "") -> Page:
    """Signs a member in whose password is their name; the page with the address `at` is open then, or the history.

    By the form the first time, and with the cookie that it gave ever after.
    """
    known = (house.url, name)
    page.context.add_cookies(SESSIONS.get(known, []))
    # Not until all has loaded: what other tests left in the history may come from a host that dawdles.
    page.goto(at or house.url, wait_until="domcontentloaded")
    if "/login/" in page.url:
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(name)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("[data-member]")
        # All of them: pictures vary by cookies, so that with another the browser would load them again.
        SESSIONS[known] = page.context.cookies()
    page.wait_for_selector("[data-member]")
    return page


# A phone that saves power: only that video plays whose play() was once called right under a tap. A script's is none.
# No flag of Chromium asks that of a video without sound.
SAVES_POWER = """
const [play, blessed] = [HTMLMediaElement.prototype.play, new WeakSet()];
HTMLMediaElement.prototype.play = function () {
  if (window.event?.type === "click" && window.event.isTrusted) blessed.add(this);
  return blessed.has(this) ? play.call(this) : Promise.reject(new DOMException("Tap first.", "NotAllowedError"));
};
"""


def open_sent(page: Page, prompt: str) -> None:
    """Goes from a wall to what was sent there; by its address, for the strip is drawn anew under a press."""
    link = page.locator("[data-strip] [id^=open]", has_text=prompt)
    page.goto(urljoin(page.url, link.get_attribute("href")))
    page.wait_for_selector(f"h1:has-text('{prompt}')")


# "", or how each video of the page stands in the end.
# It may stand for a moment, where a wall of clips begins anew together, or waits for one of them.
PLAYS = """async (video, patience) => {
  const ends = performance.now() + patience;
  const at = () => new Promise((resolve) => {
    video.addEventListener("timeupdate", resolve, { once: true });
    setTimeout(resolve, 1_000);
  });
  while (performance.now() < ends) {
    const from = video.currentTime;
    await at();
    if (video.readyState >= 2 && !video.error && !video.paused && video.currentTime > from) return "";
  }
  return [...document.querySelectorAll("video")].map((one) =>
    [one === video ? "this" : "another", one.currentSrc, one.error?.message, one.paused ? "paused" : "plays",
      one.seeking ? "seeks" : "is", "at", one.currentTime, "of", one.duration, one.readyState,
      one.networkState].join(" ")
  ).join("\\n");
}"""


def assert_plays(page: Page, selector: str, count: int) -> None:
    """Each of the `count` videos under `selector` is seen to advance."""
    videos = page.locator(selector)
    expect(videos).to_have_count(count)
    for index in range(count):
        videos.nth(index).scroll_into_view_if_needed()
        # A wall waits for all of its videos, so each is to be told of.
        assert videos.nth(index).evaluate(PLAYS, PATIENCE) == "", f"video {index + 1} does not play"
