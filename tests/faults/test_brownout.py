"""APIFRAME stalls on every call, members go on submitting and polling, and every page still answers at once."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from tests.faults.installation import Installation, Visitor, Web, percentile, until
from tests.faults.sizes import PATIENCE, TORTURE, measures, size

# How many pages each watcher opens.
PAGES = size(20, 80)
STALL = 30
# A page that waits for APIFRAME is as late as that is.
LIMIT = STALL / 4
# What a page may take, in seconds, on a machine at rest; elsewhere half again as long as while APIFRAME answers.
QUICK, AGAIN = 0.1, 1.5
# A submit waits a moment for what comes of it, and then leaves it to the page that follows.
SUBMIT_LIMIT = 2 if TORTURE else LIMIT
WATCHERS = 8
SUBMITTERS = 6
# Between two requests of one watcher, in seconds: together they make some 40 requests a second.
PAUSE = 0.2
# Between two submits of one member, in seconds. Together they are three paid requests a second.
THINKING = 2


class Crowd:
    """Members at their browsers, each in a thread; remembers how long each page took."""

    def __init__(self) -> None:
        self.latencies: dict[str, list[float]] = defaultdict(list)
        self.submits: list[float] = []
        self._over = threading.Event()
        self._watchers: list[threading.Thread] = []
        self._submitters: list[threading.Thread] = []
        self._errors: list[Exception] = []

    def watch(self, visitor: Visitor, pages: Iterable[tuple[str, str]]) -> None:
        """Opens the pages in turn, each after a pause of some length: people keep no common time."""

        def routine() -> None:
            for kind, path in pages:
                time.sleep(PAUSE * random.uniform(0.5, 1.5))
                self._timed(visitor, kind, path)

        self._watchers.append(self._begin(routine))

    def submit(self, visitor: Visitor) -> None:
        """One form after the other; what a submit takes is noted apart from the pages."""

        def routine() -> None:
            while not self._over.wait(THINKING * random.uniform(0.5, 1.5)):
                began = time.monotonic()
                form = visitor.form("and then it snows [stuck]")
                self.latencies["form"].append(time.monotonic() - began)
                began = time.monotonic()
                visitor.press(form)
                self.submits.append(time.monotonic() - began)

        self._submitters.append(self._begin(routine))

    def _begin(self, routine: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                routine()
            except Exception as error:
                self._errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def _timed(self, visitor: Visitor, kind: str, path: str) -> None:
        """Opens one page and notes how long it took."""
        began = time.monotonic()
        answer = visitor.get(path)
        self.latencies[kind].append(time.monotonic() - began)
        assert answer.status_code in (200, 204, 286), f"{path}: {answer.status_code}"

    def await_watchers(self) -> None:
        """Returns once the watchers have opened their last page. The submitters begin no more forms then."""
        self._await(self._watchers)
        self._over.set()

    def await_submitters(self) -> None:
        """Returns once nobody waits for a submit any more."""
        self._await(self._submitters)

    def _await(self, threads: list[threading.Thread]) -> None:
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "somebody still waits for a page"
        assert self._errors == []

    @property
    def all(self) -> list[float]:
        return [latency for kind in self.latencies.values() for latency in kind]

    def __str__(self) -> str:
        kinds = [*sorted(self.latencies.items()), ("all", self.all)]
        return "; ".join(f"{kind} ({len(found)}) {_figures(found)}" for kind, found in kinds)


def _figures(latencies: list[float]) -> str:
    figures = (median(latencies), percentile(latencies, 0.99), max(latencies))
    return "median {:.0f}, p99 {:.0f}, worst {:.0f} ms".format(*(1000 * figure for figure in figures))


def running_tasks(site: Installation, web: Web) -> dict[str, list[str]]:
    """Three tasks of each member that render without end, by the member's name: their pages poll."""
    found = {}
    for member in site.members:
        visitor = Visitor(web, member)
        found[member["name"]] = [visitor.press(visitor.form("take [stuck]")) for _ in range(3)]
    open_tasks = "remote_id <> '' AND state = 'processing' AND percentage > 30"
    until(site, lambda: site.count(open_tasks) == 3 * len(site.members), "tasks to be rendering")
    return found


def crowd_of(site: Installation, web: Web, tasks: dict[str, list[str]], submitters: int = 0) -> Crowd:
    """A crowd that is at it: everybody opens all kinds of pages in turn, some submit beside that."""
    crowd = Crowd()
    for number in range(WATCHERS):
        member = site.members[number % len(site.members)]
        kinds = [("history", "/tasks/"), ("healthz", "/healthz")]
        for task in tasks[member["name"]]:
            kinds += [("task page", task), ("status", f"{task}status/?v=1"), ("status", f"{task}status/?v=1")]
        first = number * 3 % len(kinds)
        crowd.watch(Visitor(web, member), islice(cycle(kinds), first, first + PAGES))
    for number in range(submitters):
        crowd.submit(Visitor(web, site.members[number % len(site.members)]))
    return crowd


def stalled(site: Installation) -> int:
    """How many calls APIFRAME has let wait."""
    return sum(request["fault"] in ("stall", "fetch-stall") for request in site.sandbox.ledger()["requests"])


def page_limit(site: Installation, web: Web, tasks: dict[str, list[str]]) -> float:
    """What 99 of 100 pages must stay under, in seconds."""
    if not TORTURE:
        return LIMIT
    calm = crowd_of(site, web, tasks, SUBMITTERS)
    calm.await_watchers()
    calm.await_submitters()
    return max(QUICK, AGAIN * percentile(calm.all, 0.99))


@measures
def test_pages_do_not_wait_while_apiframe_stalls(tmp_path: Path, say):
    with Installation(tmp_path, f"sqlite:///{tmp_path / 'site.sqlite3'}", members=4, seconds=1, stall=STALL) as site:
        web = site.start_web()
        web.await_listening()
        tasks = running_tasks(site, web)
        limit = page_limit(site, web, tasks)
        site.sandbox.options(misbehave=["stall", "fetch-stall", "webhook-lost"])
        site.let_time_pass("processing")
        # Polls alone, and no worker; then a worker, and submits too.
        polls = crowd_of(site, web, tasks)
        until(site, lambda: stalled(site) > 0, "a call to stall")
        polls.await_watchers()
        site.start_worker()
        everything = crowd_of(site, web, tasks, SUBMITTERS)
        everything.await_watchers()
        calls = stalled(site)
        # Its death frees whoever still waits for it.
        site.sandbox.kill()
        everything.await_submitters()
    submits = _figures(everything.submits)
    say(f"brownout, {calls} calls stalled: {everything}; polls alone: {_figures(polls.all)}; submits: {submits}")
    say(f"brownout, p99 of a page: at most {1000 * limit:.0f} ms")
    assert percentile(polls.all, 0.99) < limit, str(polls)
    assert percentile(everything.all, 0.99) < limit, str(everything)
    assert percentile(everything.submits, 0.99) < SUBMIT_LIMIT, submits
