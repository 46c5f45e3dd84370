"""Submits while everything is killed again and again: none is lost, none sent twice, none billed and hidden."""

import itertools
import queue
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from tests.faults.failpoints import POINTS
from tests.faults.installation import Installation, Process, Visitor, Web, until
from tests.faults.reconciliation import Reconciliation
from tests.faults.sizes import TORTURE, size
from tests.pictures import encoded

SUBMITS = size(20, 300)
CLIENTS = 8
WORKERS = 2 if TORTURE else 1
SEED = 3
# From one deadly passage of a named point to the next; and from one death at a random moment to the next.
PASSAGES_BETWEEN_DEATHS = 30 if TORTURE else 16
ANSWERS_BETWEEN_KILLS = 10
FAULTS = ("[500-billed]", "[hang-up-billed]", "[webhook-lost]", "[webhook-early]", "[webhook-double]", "[empty]")
# APIFRAME turns such a task away for ever, so it stays queued.
TURNED_AWAY = "[429]"


class RandomKills:
    """Kills a process of the site after every tenth answer that a client had, at a random moment.

    By the answers and not by the clock: a slow machine would otherwise do little else than start processes.
    """

    def __init__(self, site: Installation) -> None:
        self.count = 0
        self._site = site
        self._dice = random.Random(SEED)
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def an_answer_came(self) -> None:
        """Each is an occasion."""
        self._answers.put(True)

    def stop(self) -> None:
        """Ends it, once the last occasions have been taken."""
        self._answers.put(False)
        self._thread.join()

    def _run(self) -> None:
        for answer in itertools.count(1):
            if not self._answers.get():
                return
            if answer % ANSWERS_BETWEEN_KILLS == 0:
                time.sleep(self._dice.uniform(0, 0.3))  # the moment is to be a random one
                self._kill(self._dice.choice(self._site.processes))

    def _kill(self, victim: Process) -> None:
        if isinstance(victim, Web) and self._dice.random() < 0.8:
            victim.kill_a_child(self._dice.randrange(8))
        else:
            victim.kill()
        self.count += 1


def prompts() -> Iterator[str]:
    """What members ask for, without an end: half of it goes well, the rest meets one of the faults."""
    dice = random.Random(SEED)

    def words(number: int) -> str:
        if number % 100 == 20:
            return f"take {number} {TURNED_AWAY}"
        fault = dice.choice(FAULTS) if dice.random() < 0.5 else ""
        # Few webhooks for most: hundreds of lives of 17 posts each would measure nothing but patience.
        life = "" if number % 20 == 0 else "[seconds-0.05]"
        return f"take {number} {life} {fault}".rstrip()

    return map(words, itertools.count(1))


def asked_for(visitor: Visitor, prompt: str, number: int) -> dict[str, str]:
    """The form for one of them: of two in five a video from a picture of its own, of one four pictures."""
    match number % 5:
        case 1 | 3:
            colour = (13 * number % 256, 29 * number % 256, 7 * number % 256)
            return visitor.video_form(prompt, encoded(Image.new("RGB", (80, 80), colour), "PNG"))
        case 2:
            return visitor.pictures_form(prompt)
    return visitor.form(prompt)


def submit_once(web: Web, member: dict[str, str], prompt: str) -> tuple[dict[str, str], int]:
    """One form, filled in and pressed until there is an answer; every tenth one is double-clicked.

    Returns the form, and how often an answer broke off.
    """
    visitor, number = Visitor(web, member), int(prompt.split()[1])
    form = asked_for(visitor, prompt, number)
    if number % 10 == 5:
        with ThreadPoolExecutor(2) as fingers:
            addresses = set(fingers.map(visitor.press, [form, form]))
        assert len(addresses) == 1, "one form led to two tasks"
        address = addresses.pop()
    else:
        address = visitor.press(form)
    visitor.get(f"{address}status/")
    return form, visitor.broken


def settle(site: Installation) -> Web:
    """No more kills: what the last ones left in the middle of a send has its lease run out, and one worker runs."""
    web = next(process for process in site.processes if isinstance(process, Web))
    for process in site.processes:
        process.end()
    site.let_time_pass("sending")
    web = site.restart_web(web)
    web.await_listening()
    site.start_worker()
    unsettled = f"state NOT IN ('finished', 'failed', 'unconfirmed') AND prompt NOT LIKE '%{TURNED_AWAY}%'"
    until(site, lambda: site.count(f"{unsettled} OR state = 'sending'") == 0, "tasks to settle")
    return web


def go_back_and_press_again(site: Installation, web: Web, forms: list[dict[str, str]]) -> None:
    """Much later, somebody goes back to the forms of what stands as unconfirmed, and presses their buttons again."""
    site.let_time_pass("unconfirmed")
    rows = site.rows("SELECT form_nonce FROM tasks_task WHERE state = 'unconfirmed'")
    unconfirmed = {uuid.UUID(str(nonce)) for (nonce,) in rows}
    visitor = Visitor(web, site.members[0])
    for form in forms:
        if uuid.UUID(form["nonce"]) in unconfirmed:
            visitor.press(form)


def test_whatever_is_killed_no_paid_request_is_lost_repeated_or_hidden(
    tmp_path: Path, database_url: str, say
) -> None:
    began = time.monotonic()
    deaths = tmp_path / "deaths"
    deadly = {
        "EXTENDER_KILL_EVERY": str(PASSAGES_BETWEEN_DEATHS),
        "EXTENDER_KILL_LOG": str(deaths),
    }
    with Installation(tmp_path, database_url, seconds=1) as site:
        web = site.start_web(failpoints=True, **deadly)
        for _ in range(WORKERS):
            site.start_worker(failpoints=True, **deadly)
        for process in site.processes:
            process.keep_alive()
        web.await_listening()
        kills = RandomKills(site)

        def client(prompt: str) -> tuple[dict[str, str], int]:
            done = submit_once(web, site.members[0], prompt)
            kills.an_answer_came()
            return done

        asks = prompts()
        with ThreadPoolExecutor(CLIENTS) as clients:
            submitted = list(clients.map(client, itertools.islice(asks, SUBMITS)))
        # How many die with the one that was to die is luck; what dies before a point does not pass it.
        while set(POINTS) - set(deaths.read_text().split()) and len(submitted) < 2 * SUBMITS:
            submitted.append(client(next(asks)))
        kills.stop()
        killing = time.monotonic() - began
        web = settle(site)
        go_back_and_press_again(site, web, [form for form, _ in submitted])
        reconciliation = Reconciliation.of(site)
        complaints = site.complaints()

    forms = {uuid.UUID(form["nonce"]) for form, _ in submitted}
    killed_at = Counter(deaths.read_text().split())
    lost = reconciliation.forms_without_a_row(forms) | reconciliation.submits_without_a_row()
    say(
        f"{database_url.partition(':')[0]}: {reconciliation}; {kills.count} kills at random,"
        f" {killed_at.total()} at named points, {sum(broken for _, broken in submitted)} broken answers;"
        f" {len(lost)} lost, {len(reconciliation.sent_twice())} sent twice, {len(reconciliation.hidden())} hidden;"
        f" {time.monotonic() - began:.0f} s, {killing:.0f} of them until the last click"
    )
    assert lost == set(), complaints
    assert reconciliation.forms_with_more_rows() == set()
    assert len(reconciliation.rows) == len(forms) == len(submitted)
    assert reconciliation.sent_twice() == set()
    assert reconciliation.hidden() == []
    assert reconciliation.unconfirmed_against_better_knowledge() == []
    assert set(killed_at) == set(POINTS), "every named point must have seen a death"
    assert kills.count == len(submitted) // ANSWERS_BETWEEN_KILLS
