"""APIFRAME stalls on every call, members go on submitting and polling, and every page still answers at once."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from statistics import median

import pytest

from tests.faults.house import House, Visitor, Web, percentile, until

SECONDS = 15
CALM_SECONDS = 4
STALL = 30
LIMIT = 0.1
WATCHERS = 8
SUBMITTERS = 6
# Between two requests of one watcher: together they make some 40 requests a second.
PAUSE = 0.2


class Crowd:
    """Members at their browsers, each in a thread, for some seconds; remembers how long each page took."""

    def __init__(self) -> None:
        self.latencies: dict[str, list[float]] = defaultdict(list)
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._errors: list[Exception] = []

    def join_in(self, routine: Callable[[], None]) -> None:
        """Begins to repeat `routine`."""
        self._threads.append(threading.Thread(target=self._repeat, args=[routine], daemon=True))
        self._threads[-1].start()

    def _repeat(self, routine: Callable[[], None]) -> None:
        while not self._over.is_set():
            try:
                routine()
            except Exception as error:
                self._errors.append(error)
                return

    def timed(self, visitor: Visitor, kind: str, path: str) -> None:
        """Opens one page and notes how long it took."""
        began = time.monotonic()
        answer = visitor.get(path)
        self.latencies[kind].append(time.monotonic() - began)
        assert answer.status_code in (200, 204, 286), f"{path}: {answer.status_code}"

    def watch(self, visitor: Visitor, pages: list[tuple[str, str]]) -> Callable[[], None]:
        """A routine: opens the pages in turn, each after a pause of some length: people keep no common time."""
        turn = cycle(pages)

        def routine() -> None:
            if not self._over.wait(PAUSE * random.uniform(0.5, 1.5)):
                self.timed(visitor, *next(turn))

        return routine

    def submit(self, visitor: Visitor) -> Callable[[], None]:
        """A routine: one form after the other. How long a submit takes is not measured, opening its form is."""

        def routine() -> None:
            began = time.monotonic()
            form = visitor.form("and then it snows")
            self.latencies["form"].append(time.monotonic() - began)
            visitor.press(form)
            self._over.wait(PAUSE)

        return routine

    def last(self, seconds: float, release: Callable[[], int] = lambda: 0) -> int:
        """Lets it go on for so long. `release` frees whoever still waits then; returns what it says."""
        self._over.wait(seconds)
        self._over.set()
        said = release()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "somebody still waits for a page"
        assert self._errors == []
        return said

    @property
    def all(self) -> list[float]:
        return [latency for kind in self.latencies.values() for latency in kind]

    def __str__(self) -> str:
        kinds = [*sorted(self.latencies.items()), ("all", self.all)]
        return "; ".join(f"{kind} ({len(found)}) {_figures(found)}" for kind, found in kinds)


def _figures(latencies: list[float]) -> str:
    figures = (median(latencies), percentile(latencies, 0.99), max(latencies))
    return "median {:.0f}, p99 {:.0f}, worst {:.0f} ms".format(*(1000 * figure for figure in figures))


def running_tasks(house: House, web: Web) -> dict[str, list[str]]:
    """Three tasks of each member that render without end, by the member's name: their pages poll."""
    found = {}
    for member in house.members:
        visitor = Visitor(web, member)
        found[member["name"]] = [visitor.press(visitor.form("take [stuck]")) for _ in range(3)]
    open_tasks = "remote_id <> '' AND state = 'processing' AND percentage > 30"
    until(house, lambda: house.count(open_tasks) == 3 * len(house.members), 30, "tasks to be rendering")
    return found


def crowd_of(house: House, web: Web, tasks: dict[str, list[str]], submitters: int = 0) -> Crowd:
    """A crowd that is at it: everybody opens all kinds of pages in turn, some submit beside that."""
    crowd = Crowd()
    for number in range(WATCHERS):
        member = house.members[number % len(house.members)]
        pages = [("history", "/tasks/"), ("healthz", "/healthz")]
        for task in tasks[member["name"]]:
            pages += [("task page", task), ("status", f"{task}status/?v=1"), ("status", f"{task}status/?v=1")]
        first = number * 3 % len(pages)
        crowd.join_in(crowd.watch(Visitor(web, member), pages[first:] + pages[:first]))
    for number in range(submitters):
        crowd.join_in(crowd.submit(Visitor(web, house.members[number % len(house.members)])))
    return crowd


def end_of_stalls(house: House) -> int:
    """Frees whoever still waits for APIFRAME, by its death; returns how many calls it had let wait."""
    requests = house.sandbox.ledger()["requests"]
    house.sandbox.kill()
    return sum(request["fault"] in ("stall", "fetch-stall") for request in requests)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("workers", "submitters"),
    [pytest.param(1, SUBMITTERS, id="submits and polls"), pytest.param(0, 0, id="polls alone, and no worker")],
)
def test_pages_answer_within_100_ms_while_apiframe_stalls(tmp_path: Path, say, workers: int, submitters: int):
    with House(tmp_path, f"sqlite:///{tmp_path / 'house.sqlite3'}", members=4, seconds=1, stall=STALL) as house:
        web = house.open_web()
        web.await_open_door()
        for _ in range(workers):
            house.hire_worker()
        tasks = running_tasks(house, web)
        calm = crowd_of(house, web, tasks)
        calm.last(CALM_SECONDS)
        house.sandbox.options(misbehave=["stall", "fetch-stall", "webhook-lost"])
        brownout = crowd_of(house, web, tasks, submitters)
        stalled = brownout.last(SECONDS, lambda: end_of_stalls(house))
    said = f"{workers} workers, {submitters} submitters, {stalled} calls stalled"
    say(f"brownout, {said}: {brownout}; calm before it: {_figures(calm.all)}")
    assert percentile(brownout.all, 0.99) < LIMIT, str(brownout)
    assert len(brownout.all) >= 400
    assert stalled > 0
