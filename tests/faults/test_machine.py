"""20,000 steps (at full size) through one member's tasks: a model, the database and the pages agree after each.

The model below is written from docs/design.md, its states and ways: it knows what APIFRAME was asked and said, and
says where each row must stand, how often it may have been sent, and what its page must say. It knows nothing of our
code.

This is the one place where patching is right: a real HTTP exchange for each of 20,000 steps would take an hour, so
`Apiframe`, an APIFRAME in memory, stands where `apiframe.client` calls `exchange`. What real sockets do is shown in
`test_exchange.py`, and with real processes by the other tests of this room. Time is moved by SQL alone: between steps
the clocks of all rows stand still, so that a slow machine changes nothing.

Its seeds make each run of the same tests the same run. (Of this file alone it is another one: Hypothesis also draws
on the constants in whatever modules are loaded.) To explore elsewhere: give `run()` other seeds, or
`make torture SIZE=10`.
A failure prints the steps that lead to it, made as few as possible.
"""

import json
import logging
import math
import re
import uuid
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest
from django.db import connection
from django.utils.html import escape
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from extender.apiframe.errors import NotSent, Unknown
from extender.apiframe.exchange import Answer
from extender.operations import worker
from extender.tasks.models import Task
from extender.tasks.sending import send, webhook_secret
from tests.faults.rolled_back import RolledBack
from tests.faults.sizes import size
from tests.helpers import form_of

PUBLIC_URL = "https://extender.example"
PARENT = "29f1a0c4-8f6e-4d55-9c02-6d2f9a4b7e13"
STEPS = 50
MOST_BATCHES = 20
FINAL = {"finished", "failed", "cancelled"}
FOLLOWED = {"pending", "processing"}
CARD = re.compile(r'id="card-([-0-9a-f]+)" data-state="(\w+)"')


class Killed(BaseException):
    """The process dies here: nothing after it runs, whatever it catches."""


# --- what APIFRAME says


@dataclass(frozen=True)
class News:
    """One thing that APIFRAME says about a task, and what it means."""

    means: str
    body: str
    percentage: int | None = None
    clips: int = 0
    words: str = ""

    def about(self, remote_id: str) -> dict:
        return {"task_id": remote_id, **json.loads(self.body)}


def _progress(percentage: int, spelling: str, word: str) -> News:
    return News("processing", json.dumps({"status": word, "percentage": spelling % percentage}), percentage)


def _finished(clips: int, word: str) -> News:
    urls = [f"https://cdn.example/{index}.mp4" for index in range(1, clips + 1)]
    return News("finished", json.dumps({**({"status": word} if word else {}), "video_urls": urls}), 100, clips)


WORDS_OF_FAILURE = ["Banned prompt detected", "Internal <error> & more"]
NEWS = st.one_of(
    st.sampled_from(
        [
            News("pending", '{"status": "pending"}'),
            News("pending", '{"status": "staged", "message": "You are 3rd in the queue"}'),
            News("pending", '{"status": "pending", "percentage": 30}', 30),
            News("pending", '{"status": "staged", "percentage": "90"}', 90),
            News("retried", '{"status": "retry"}'),
            News("retried", '{"status": "retrying", "message": "Upstream hiccup"}'),
            News("processing", '{"status": "starting"}'),
            News("processing", '{"status": "upscaling", "percentage": "NaN"}'),
            News("processing", '{"status": "processing", "percentage": []}'),
            *(
                News("failed", json.dumps({"status": status, key: value}), words=words)
                for words in WORDS_OF_FAILURE
                for status, key, value in [
                    ("failed", "message", words),
                    ("error", "errors", [{"msg": words}]),
                    ("failed", "error", {"message": words}),
                    ("failed", "error_messages", [words]),
                ]
            ),
        ]
    ),
    st.builds(
        _progress,
        st.integers(0, 100),
        st.sampled_from(["%d", "%d%%", " %d "]),
        st.sampled_from(["processing", "starting"]),
    ),
    st.builds(_finished, st.sampled_from([4, 4, 4, 1, 2, 3]), st.sampled_from(["", "finished"])),
)

# What may happen to a submit: its name, whether it is billed then, and where the row stands after it.
UNSURE = {
    "500": Answer(500, {}, b"{}"),
    "502 in HTML": Answer(502, {}, b"<h1>Bad Gateway</h1>"),
    "408": Answer(408, {}, b"{}"),
    "no task id": Answer(200, {}, b'{"ok": true}'),
    "empty": Answer(200, {}, b""),
    "a redirect": Answer(302, {"Location": "/"}, b""),
    "hang-up": Unknown("The connection to APIFRAME was lost before its answer was complete."),
}
REFUSED = {
    "400": Answer(400, {}, b'{"errors": [{"msg": "Prompt is too rude"}]}'),
    "422": Answer(422, {}, b'{"errors": [{"msg": "The request was refused"}]}'),
}
FATES = st.sampled_from(
    ["accepted"] * 12
    + ["accepted, a webhook first"] * 2
    + [*UNSURE, *REFUSED, *["429"] * 3, *["402"] * 2, *["401"] * 2, *["unreachable"] * 4]
    + ["killed before", "killed on the way", "killed on the way, a webhook first"]
)
POLLS = st.sampled_from(
    ["told"] * 12 + ["left out", "about another", "500", "hang-up", "html", "404", "unreachable", "429", "401"]
)
# One of several may have spoilt such an answer, so that each is asked about alone.
SPOILT = {"500", "html", "404", "left out", "about another"}
# After so many submits in a row without a usable answer the gate closes, and the account cannot open it.
MOST_UNANSWERED = 3


# --- the model


@dataclass
class Row:
    """What must be true of one task."""

    form: dict[str, str]
    pk: str = ""
    nonce: str = ""
    state: str = "queued"
    percentage: int = 0
    clips: int = 0
    words: str = ""
    # Which task of APIFRAME it is, as far as Extender can know; and whether there is one, as only APIFRAME knows.
    remote_id: str = ""
    billed: bool = False
    # Requests of which a byte left, those aside to which APIFRAME said "no, nothing was done" (401, 402, 429).
    sent: int = 0
    # Whether its next look has come; None where nobody looks any more.
    due: bool | None = True
    due_since: int = 0
    # Whether it changed within the last day.
    fresh: bool = True
    heard: list[News] = field(default_factory=list)
    # Whether APIFRAME has told of it since it ended here unsent or refused.
    is_made_all_the_same: bool = False

    @property
    def true_id(self) -> str:
        """Its id at APIFRAME."""
        return str(uuid.uuid5(uuid.UUID(PARENT), self.form["nonce"]))

    def become(self, state: str, words: str = "") -> None:
        self.state, self.words, self.fresh = state, words, True
        self.due = None if state in FINAL or state == "unconfirmed" else False

    def hear(self, news: News, remote_id: str) -> None:
        """By the table of states in docs/design.md: what news means for a row that stands where this one does."""
        if self.state in ("failed", "cancelled") and not self.remote_id and news.means != "failed":
            self.is_made_all_the_same = True
        if self.state in FINAL or self.remote_id not in ("", remote_id):
            return
        state, grown = self.state, news.percentage is not None and news.percentage > self.percentage
        if news.means == "pending" and state in FOLLOWED:
            return
        if news.means == "retried" and state == "pending":
            return
        if news.means == "processing" and state == "processing" and not grown:
            return
        self.remote_id = remote_id
        if news.means == "retried":
            self.percentage = 0
        elif news.percentage is not None:
            self.percentage = max(self.percentage, news.percentage)
        self.clips = news.clips
        self.become("pending" if news.means == "retried" else news.means, news.words)


class Apiframe:
    """APIFRAME in memory: it stands where `apiframe.client` calls `exchange`."""

    def __init__(self, machine: "OneMembersTasks") -> None:
        self.machine = machine
        self.key_works = True
        self.account_answers = True
        self.fate = "accepted"
        self.poll = "told"
        self.news = News("pending", '{"status": "pending"}')
        self.asked: list[str] = []

    def __call__(self, method, url, headers, body, seconds, files=None) -> Answer:
        path = url.rpartition("/")[2]
        if self.fate == "unreachable" and not path.startswith("fetch"):
            raise NotSent("APIFRAME could not be reached.")
        if path == "account":
            return self._account()
        if not self.key_works:
            return Answer(401, {}, b"{}")
        return self._submit(body) if path == "imagine-video-extend" else self._fetch(path, body)

    def _account(self) -> Answer:
        if not self.account_answers:
            raise Unknown("APIFRAME did not answer in time.")
        return Answer(200, {}, b'{"credits": 400}') if self.key_works else Answer(401, {}, b"{}")

    def _submit(self, body: dict) -> Answer:
        row = self.machine.by_address(body["webhook_url"])
        fate = self.fate
        if fate == "killed before":
            raise Killed
        if fate == "429":
            return Answer(429, {"Retry-After": "7"}, b"{}")
        if fate == "402":
            return Answer(402, {}, b'{"message": "Not enough credits"}')
        if fate == "401":
            self.key_works = False
            return Answer(401, {}, b"{}")
        row.sent += 1
        assert row.sent == 1, "sent twice"
        row.billed = fate not in REFUSED
        if fate in REFUSED:
            return REFUSED[fate]
        if "webhook first" in fate:
            self.machine.call_back(row, self.news, row.true_id)
        if fate.startswith("killed"):
            raise Killed
        if fate in UNSURE:
            answer = UNSURE[fate]
            if isinstance(answer, Exception):
                raise answer
            return answer
        return Answer(200, {}, json.dumps({"task_id": row.true_id}).encode())

    def _fetch(self, path: str, body: dict) -> Answer:
        ids = body["task_ids"] if path == "fetch-many" else [body["task_id"]]
        assert 2 <= len(ids) <= 20 or path == "fetch"
        self.asked += ids
        match self.poll:
            case "500" | "404" | "429" | "401":
                if self.poll == "401":
                    self.key_works = False
                return Answer(int(self.poll), {}, b"{}")
            case "hang-up":
                raise Unknown("The connection to APIFRAME was lost before its answer was complete.")
            case "unreachable":
                raise NotSent("APIFRAME could not be reached.")
            case "html":
                return Answer(200, {}, b"<h1>Maintenance</h1>")
        told = [] if self.poll == "left out" else [self.news.about(self.named(id_)) for id_ in reversed(ids)]
        if path == "fetch-many":
            return Answer(200, {}, json.dumps({"tasks": told}).encode())
        return Answer(200, {}, json.dumps(told[0] if told else {}).encode())

    def named(self, remote_id: str) -> str:
        """The task that an answer names when it was asked about `remote_id`."""
        return str(uuid.uuid5(uuid.UUID(PARENT), remote_id)) if self.poll == "about another" else remote_id


# --- the machine

PASSED, FAR = "2020-01-01 00:00:00", "2099-01-01 00:00:00"
# More than a day before every look that has passed: what the app compares are these two.
LONG_AGO = "2019-12-01 00:00:00"
# Fresh rows wait since now, others since one of these seconds.
NOW = 10**9
MOST_ROWS = 8
PLACES = st.integers(0, 63)


class OneMembersTasks(RuleBasedStateMachine):
    """One member, some tasks, and everything that can befall them."""

    web = None
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.gone: list[str] = []
        self.gate, self.gate_passed = "", False
        self.unanswered = 0
        self.seconds = 0
        self.apiframe = Apiframe(self)
        # The version of each row at its last change, and whether there was one since the history was read.
        self.seen: dict[str, int] = {}
        self.news = True
        self.transaction = RolledBack()
        self.transaction.__enter__()
        self.network = patch("extender.apiframe.client.exchange", self.apiframe)
        self.network.start()

    def teardown(self) -> None:
        self.network.stop()
        self.transaction.__exit__(None, None, None)

    # what the model says about sends and looks

    def may_send(self, row: Row) -> bool:
        return row.state == "queued" and row.due is True and self.gate_is_open

    @property
    def gate_is_open(self) -> bool:
        return self.gate == "" or (self.gate == "busy" and self.gate_passed)

    def close_gate(self, cause: str) -> None:
        if self.gate in ("", "busy") or cause != "busy":
            self.gate, self.gate_passed = cause, False

    def sending(self, row: Row, fate: str, act) -> None:
        """Does `act`, in which `row` is sent if it may be, and meets `fate`."""
        claimed, key_worked = self.may_send(row), self.apiframe.key_works
        if claimed:
            row.become("sending")
        self.apiframe.fate = fate
        try:
            act()
        except Killed:
            assert claimed
        self.apiframe.fate = "accepted"
        if claimed:
            self.outcome(row, fate, key_worked)

    def outcome(self, row: Row, fate: str, key_worked: bool) -> None:
        if fate == "unreachable":
            self.close_gate("unreached")
            row.become("queued")
        elif fate == "401" or not key_worked:
            self.close_gate("key")
            row.become("queued")
        elif fate in ("402", "429"):
            self.close_gate("credits" if fate == "402" else "busy")
            row.become("queued")
        elif fate in REFUSED:
            self.unanswered = 0
            row.become("failed", {"400": "Prompt is too rude"}.get(fate, "refused"))
        elif fate in UNSURE:
            self.unanswered += 1
            if self.unanswered >= MOST_UNANSWERED or not self.apiframe.account_answers:
                self.close_gate("silent")
            row.become("unconfirmed")
        elif fate.startswith("accepted"):
            self.unanswered = 0
            row.hear(News("pending", "{}"), row.true_id)

    def given_up(self) -> None:
        for row in self.rows:
            if row.state == "sending" and row.due:
                row.become("unconfirmed", "stopped while it was sending")

    def probed(self, fate: str = "accepted") -> None:
        """Where that is due the account is asked for, which opens the gate if it is told, or gives another cause."""
        if self.gate not in ("", "busy") and self.gate_passed:
            self.gate_passed = False
            if fate == "unreachable":
                self.gate = "unreached"
            elif self.apiframe.account_answers:
                self.gate = self.by_the_account() if self.apiframe.key_works else "key"

    def by_the_account(self) -> str:
        """What keeps the gate closed where the account answers."""
        return "silent" if self.unanswered >= MOST_UNANSWERED else ""

    def asked(self, rows: list[Row], key_worked: bool) -> None:
        """What follows from one call to APIFRAME about `rows`."""
        if not rows:
            return
        for row in rows:
            row.due = False if row.fresh else None
        poll = self.apiframe.poll
        if poll == "401" or not key_worked:
            self.close_gate("key")
        elif poll == "unreachable":
            self.close_gate("unreached")
        elif poll == "429":
            self.close_gate("busy")
        elif poll in ("told", "about another"):
            for row in rows:
                row.hear(self.apiframe.news, self.apiframe.named(row.remote_id))

    def followed(self) -> list[Row]:
        return [row for row in self.rows if row.state in FOLLOWED and row.due]

    # what is done

    @initialize(fate=FATES, news=NEWS)
    def begin(self, fate, news) -> None:
        """Hypothesis leaves some rules out of each example: no example stays without a task for that."""
        self.submit_a_form("accepted", news)
        self.submit_a_form(fate, news)

    @precondition(lambda self: len(self.rows) < MOST_ROWS)
    @rule(fate=FATES, news=NEWS)
    def submit(self, fate, news) -> None:
        self.submit_a_form(fate, news)

    def submit_a_form(self, fate, news) -> None:
        number = len(self.rows) + len(self.gone)
        form = {
            "nonce": str(uuid.uuid5(uuid.UUID(PARENT), str(number))),
            "parent_task_id": PARENT,
            "index": "2",
            "prompt": f"and then it snows <{number}>",
            "motion": "low",
            "image_url": "",
        }
        self.new(form, fate, news)

    def new(self, form: dict[str, str], fate: str, news: News) -> None:
        row = Row(form, due_since=NOW + len(self.rows))
        self.rows.append(row)
        self.apiframe.news = news
        self.sending(row, fate, lambda: self.post(row))
        task = Task.objects.get(form_nonce=form["nonce"])
        row.pk, row.nonce = str(task.pk), task.webhook_nonce

    def post(self, row: Row) -> None:
        answer = self.web.post("/tasks/new/", row.form)
        assert answer.status_code == 302
        assert row.pk in answer["Location"]

    @precondition(lambda self: self.rows)
    @rule(place=PLACES, fate=FATES, news=NEWS)
    def post_the_same_form_again(self, place, fate, news) -> None:
        row = self.row(place)
        self.apiframe.news = news
        self.sending(row, fate, lambda: self.post(row))

    @precondition(lambda self: self.rows and self.news)
    @rule(place=PLACES)
    def post_an_old_form_with_other_words(self, place) -> None:
        self.news, row = False, self.row(place)
        page = self.web.post("/tasks/new/", row.form | {"prompt": "something else"})
        assert page.status_code == 200
        assert f'href="/tasks/{row.pk}/">this task</a>' in page.content.decode()

    @precondition(lambda self: self.rows and len(self.rows) < MOST_ROWS)
    @rule(place=PLACES, fate=FATES, news=NEWS)
    def run_again(self, place, fate, news) -> None:
        row = self.row(place)
        page = self.web.get(f"/tasks/new/?again={row.pk}")
        warned = "may already be running and billed" in page.content.decode()
        assert warned == (row.state in ("sending", "unconfirmed"))
        form = form_of(page)
        assert form["nonce"] != row.form["nonce"]
        assert form["prompt"] == row.form["prompt"]
        self.new(form, fate, news)

    @precondition(lambda self: any(row.state == "queued" for row in self.rows))
    @rule(place=PLACES)
    def cancel(self, place) -> None:
        row = self.row(place)
        page = self.web.post(f"/tasks/{row.pk}/cancel/", follow=True).content.decode()
        if row.state == "queued":
            row.become("cancelled")
        assert ("Nothing was billed" in page) == (row.state == "cancelled" and not row.is_made_all_the_same)

    @precondition(lambda self: self.rows)
    @rule(place=PLACES, news=NEWS, times=st.sampled_from([1, 1, 2]))
    def be_called_back(self, place, news, times) -> None:
        row = self.row(place)
        row.heard.append(news)
        for _ in range(times):
            self.call_back(row, news, row.true_id)

    @precondition(lambda self: any(row.heard for row in self.rows))
    @rule(place=PLACES, which=PLACES)
    def be_called_back_late(self, place, which) -> None:
        heard = [row for row in self.rows if row.heard]
        row = heard[place % len(heard)]
        self.call_back(row, row.heard[which % len(row.heard)], row.true_id)

    @precondition(lambda self: len(self.rows) > 1)
    @rule(place=PLACES, other=PLACES, news=NEWS)
    def be_called_back_about_another_task(self, place, other, news) -> None:
        row, other = self.row(place), self.row(other)
        # The secret is genuine: a row that knows no id yet has no reason to doubt the one it is told.
        if row.remote_id:
            self.call_back(row, news, other.true_id)

    @precondition(lambda self: self.rows)
    @rule(place=PLACES, news=NEWS, secret=st.sampled_from(["", "wrong", "wröng"]))
    def be_called_back_by_a_forger(self, place, news, secret) -> None:
        row = self.row(place)
        assert self.webhook(row.nonce, news.about(row.true_id), secret) == 401

    @precondition(lambda self: self.gone)
    @rule(place=PLACES, news=NEWS)
    def be_called_back_about_a_deleted_task(self, place, news) -> None:
        nonce = self.gone[place % len(self.gone)]
        assert self.webhook(nonce, news.about(PARENT)) == 200

    def call_back(self, row: Row, news: News, remote_id: str) -> None:
        """A genuine webhook; it may come before the row's own page is known."""
        nonce = row.nonce or Task.objects.get(form_nonce=row.form["nonce"]).webhook_nonce
        expected = 200 if row.remote_id in ("", remote_id) else 404
        was_known = bool(row.remote_id)
        row.hear(news, remote_id)
        if row.remote_id and not was_known:
            self.called_back()
        assert self.webhook(nonce, news.about(remote_id)) == expected

    def called_back(self) -> None:
        """A webhook is the first to tell the id of a row: that is an answer to a request."""
        self.unanswered = 0
        if self.gate == "silent":
            self.gate = ""

    def webhook(self, nonce: str, body: dict, secret: str | None = None) -> int:
        secret = webhook_secret(nonce) if secret is None else secret
        address, headers = f"/webhooks/apiframe/{nonce}/", {"x-webhook-secret": secret}
        return self.web.post(address, body, "application/json", headers=headers).status_code

    @precondition(lambda self: self.rows)
    @rule(place=PLACES, news=NEWS, poll=POLLS, fate=FATES, later=st.sampled_from([True, True, False]))
    def look(self, place, news, poll, fate, later) -> None:
        """Its page asks for its fragment, and thereby for news, or sends what waits."""
        row, key_worked = self.row(place), self.apiframe.key_works
        if later:
            self.pass_time(row)
        self.apiframe.news, self.apiframe.poll, self.apiframe.asked = news, poll, []
        if row.due and row.state == "queued":
            self.probed(fate)
        follows = [row] if row in self.followed() else []
        if row.due and row.state == "sending":
            self.given_up()
        expected = [row.remote_id for row in follows]
        self.sending(row, fate, lambda: self.web.get(f"/tasks/{row.pk}/status/"))
        assert self.apiframe.asked == (expected if key_worked else [])
        self.asked(follows, key_worked)

    @precondition(lambda self: any(row.state in FOLLOWED or row.due for row in self.rows))
    @rule(news=NEWS, poll=POLLS, later=st.sampled_from([True, True, False]))
    def a_worker_follows(self, news, poll, later) -> None:
        for row in self.rows if later else []:
            if row.state in FOLLOWED:
                self.pass_time(row)
        self.apiframe.news, self.apiframe.poll, self.apiframe.asked = news, poll, []
        key_worked, follows = self.apiframe.key_works, self.followed()
        self.given_up()
        self.probed()
        ids = sorted(row.remote_id for row in follows)
        # Then each is asked about alone; but after no answer at all the first of them says enough.
        alone = {**dict.fromkeys(SPOILT, ids), "hang-up": [None]}.get(poll, []) if len(ids) > 1 and key_worked else []
        worker.follow()
        asked = self.apiframe.asked
        assert sorted(asked[: len(ids)]) == (ids if key_worked else [])
        assert sorted(asked[len(ids) :]) == alone or (
            alone == [None] and asked[len(ids)] in ids and len(asked) == len(ids) + 1
        )
        self.asked(follows, key_worked)

    @precondition(lambda self: self.gate_is_open and any(row.state == "queued" for row in self.rows))
    @rule(fate=FATES, news=NEWS)
    def a_worker_sends(self, fate, news) -> None:
        for row in self.rows:
            if row.state == "queued":
                self.pass_time(row)
        row = min(filter(self.may_send, self.rows), key=lambda row: row.due_since)
        self.apiframe.news = news
        self.sending(row, fate, worker.send_next)

    @precondition(lambda self: any(row.state == "queued" for row in self.rows))
    @rule(place=PLACES, tries=st.sampled_from([1, 1, 9]))
    def an_outage(self, place, tries) -> None:
        queued = [row for row in self.rows if row.state == "queued"]
        row = queued[place % len(queued)]
        for _ in range(tries):
            self.pass_time(row)
            self.stand_still()
            self.sending(row, "unreachable", lambda: send(Task.objects.get(pk=row.pk)))

    @precondition(
        lambda self: self.news and any(row.due for row in self.rows) and not any(map(self.may_send, self.rows))
    )
    @rule()
    def a_worker_has_nothing_to_send(self) -> None:
        assert not worker.send_next()

    @precondition(lambda self: self.rows)
    @rule(place=PLACES, news=NEWS, poll=POLLS)
    def check_again(self, place, news, poll) -> None:
        row, key_worked = self.row(place), self.apiframe.key_works
        self.apiframe.news, self.apiframe.poll, self.apiframe.asked = news, poll, []
        follows = [row] if row.state in FOLLOWED and row.due is None else []
        assert self.web.post(f"/tasks/{row.pk}/check/").status_code == 302
        self.asked(follows, key_worked)

    @precondition(lambda self: self.rows)
    @rule(place=PLACES)
    def be_deleted(self, place) -> None:
        row = self.row(place)
        if row.state in FINAL and len(self.rows) > MOST_ROWS // 2:
            Task.objects.filter(pk=row.pk).delete()
            self.rows.remove(row)
            self.gone.append(row.nonce)

    # what passes

    @precondition(lambda self: any(row.due is False for row in self.rows))
    @rule(place=PLACES)
    def a_while_passes(self, place) -> None:
        waiting = [row for row in self.rows if row.due is False]
        self.pass_time(waiting[place % len(waiting)])

    @precondition(lambda self: self.rows)
    @rule(place=PLACES)
    def a_day_passes(self, place) -> None:
        row = self.row(place)
        self.pass_time(row)
        row.fresh = False
        sql("UPDATE tasks_task SET changed_at = %s WHERE id = %s", LONG_AGO, self.key(row))

    def pass_time(self, row: Row) -> None:
        if row.due is None:
            return
        self.seconds += 1
        row.due, row.due_since = True, self.seconds
        since = f"2020-01-01 00:{self.seconds // 60:02}:{self.seconds % 60:02}"
        sql("UPDATE tasks_task SET due_at = %s WHERE id = %s", since, self.key(row))

    @precondition(lambda self: self.gate and not self.gate_passed)
    @rule()
    def the_gates_time_passes(self) -> None:
        self.gate_passed = True
        sql("UPDATE tasks_gate SET closed_until = %s", PASSED)

    @precondition(lambda self: not self.apiframe.key_works)
    @rule()
    def the_key_works_again(self) -> None:
        self.apiframe.key_works = True

    @precondition(lambda self: self.gate != "" or any(row.state == "queued" for row in self.rows))
    @rule(refused=st.sampled_from([False, False, True]), silent=st.booleans())
    def the_account_changes(self, refused, silent) -> None:
        self.apiframe.account_answers = not silent
        if refused:
            self.apiframe.key_works = False

    # what must be true

    @invariant()
    def database_and_pages_agree_with_the_model(self) -> None:
        type(self).steps += bool(self.rows or self.gone)
        self.stand_still()
        stored = {
            str(uuid.UUID(str(pk))): rest
            for pk, *rest in sql("SELECT id, version, state, percentage, remote_id, due_at FROM tasks_task")
        }
        assert stored.keys() == {row.pk for row in self.rows}
        for row in self.rows:
            version, state, percentage, remote_id, due_at = stored[row.pk]
            assert (state, percentage, remote_id) == (row.state, row.percentage, row.remote_id)
            assert (due_at is None) == (row.due is None)
            # Billed and hidden would be: failed without a word of APIFRAME about it, or waiting to be sent again.
            assert not row.billed or state != "queued"
            assert row.sent <= 1
            if self.seen.get(row.pk) != version and row.due is not True:
                # Pages are what takes time: of rows that are still on their way, one change in four is looked at.
                self.seen[row.pk], self.news = version, True
                if row.due is None or version % 4 == 0:
                    self.see(row)

    def see(self, row: Row) -> None:
        """The page says what the model says."""
        answer = self.web.get(f"/tasks/{row.pk}/status/")
        assert answer.status_code == 200
        page = answer.content.decode().partition('id="running"')[0]
        assert f'data-state="{row.state}"' in page
        assert page.count("<video") == row.clips
        assert escape(row.words) in page
        assert ("Send again (may be charged twice)" in page) == (row.state == "unconfirmed")
        assert ("Nothing has been billed" in page) == (row.state == "queued")
        assert ("has called back about this since" in page) == row.is_made_all_the_same
        assert ("Check again" in page) == (row.state in FOLLOWED and row.due is None)
        assert (f"{row.percentage} %</span>" in page) == (row.state == "processing" and row.percentage > 0)

    @precondition(lambda self: self.news)
    @rule()
    def the_history_agrees(self) -> None:
        self.news = False
        page = self.web.get("/tasks/").content.decode()
        assert dict(CARD.findall(page)) == {row.pk: row.state for row in self.rows}
        assert ("does not accept" in page) == (self.gate == "key")
        assert ("Nothing is sent for now" in page) == (self.gate not in ("", "busy"))

    @precondition(lambda self: self.rows and self.news)
    @rule(place=PLACES)
    def what_happened_can_be_read(self, place) -> None:
        row = self.row(place)
        page = self.web.get(f"/tasks/{row.pk}/events/")
        assert page.status_code == 200
        assert "submitted" in page.content.decode()

    # small things

    def stand_still(self) -> None:
        """What has to wait waits until a rule lets time pass, however slow this machine is."""
        sql(f"UPDATE tasks_task SET due_at = '{FAR}' WHERE version > 1 AND due_at > '2021-01-01'")
        sql(f"UPDATE tasks_gate SET closed_until = '{FAR}' WHERE closed_until > '2021-01-01'")

    def row(self, place: int) -> Row:
        return self.rows[place % len(self.rows)]

    def key(self, row: Row) -> object:
        return uuid.UUID(row.pk) if connection.vendor == "postgresql" else uuid.UUID(row.pk).hex

    def by_address(self, address: str) -> Row:
        nonce = address.removeprefix(f"{PUBLIC_URL}/webhooks/apiframe/").rstrip("/")
        form_nonce = str(Task.objects.get(pk=nonce.partition(".")[0]).form_nonce)
        return next(row for row in self.rows if row.form["nonce"] == form_nonce)


def sql(statement: str, *values: object) -> list[tuple]:
    """The rows as they are, and time as it passes."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def run(steps: int, first_seed: int = 0) -> None:
    """At least that many steps, in batches with a seed each, until there are enough.

    How many one example takes is Hypothesis's affair: some end before their last step.
    """
    OneMembersTasks.steps = 0
    for batch in range(MOST_BATCHES):
        seed(first_seed + batch)(OneMembersTasks)
        run_state_machine_as_test(
            OneMembersTasks,
            settings=settings(
                max_examples=math.ceil((steps - OneMembersTasks.steps) / STEPS),
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=HealthCheck,
            ),
        )
        if OneMembersTasks.steps >= steps:
            return
    raise AssertionError(f"only {OneMembersTasks.steps} steps in {MOST_BATCHES} batches")


@pytest.fixture(autouse=True)
def _one_member(settings, browser_of, member, monkeypatch):
    # Who is signed in is asked of no table: that would be a third of all queries.
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    web = browser_of(member)
    settings.PUBLIC_URL = PUBLIC_URL
    settings.HTTPS = True
    monkeypatch.setattr(OneMembersTasks, "web", web)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


# In parts, so that the machine's cores share them.
PARTS = 4
STEPS_IN_A_PART = size(150, 5_000)


@pytest.mark.parametrize("part", range(PARTS))
def test_model_database_and_pages_agree(part, say):
    run(STEPS_IN_A_PART, first_seed=part * MOST_BATCHES)
    say(f"{OneMembersTasks.steps} steps through the machine (part {part + 1} of {PARTS})")


@pytest.mark.races
def test_they_agree_on_either_database():
    run(size(100, 1_000), first_seed=PARTS * MOST_BATCHES)
