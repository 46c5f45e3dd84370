"""Whatever APIFRAME answers, and whatever is called back: no exception, no 500, and a row that can still be read.

10,000 answers and 5,000 webhooks (at full size) are generated as text, not as JSON values, since half of what can go
wrong is text that is barely JSON: half a surrogate pair, a NUL, a number without end, brackets to the edge of the
stack. The network is left out by patching `exchange`: what a real one does to bytes is shown in `test_exchange.py`.

`derandomize` makes each run the same run. To explore elsewhere: take it out, or `make torture SIZE=10`.
"""

import json
import logging
import re
from dataclasses import replace
from unittest.mock import patch

import pytest
from django.template.loader import render_to_string
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from extender.apiframe.errors import Unknown
from extender.apiframe.exchange import Answer
from extender.states import FINAL, MOVES, State
from extender.tasks import following, gate
from extender.tasks.models import Event, Gate, Task
from extender.tasks.sending import send, webhook_secret
from extender.team.models import Member
from extender.workspace.detail import as_told
from tests.faults.generated import generated
from tests.faults.rolled_back import RolledBack
from tests.faults.sizes import TORTURE, size
from tests.helpers import make_task

ID = "29f1a0c4-8f6e-4d55-9c02-6d2f9a4b7e13"
OTHER = "7d0c1d0e-3c2b-4b52-8f0d-0a4a8c7c1b22"
EXCHANGE = "extender.apiframe.client.exchange"
CARD = re.compile(r'id="card-([-0-9a-f]+)" data-state="(\w+)"')
# How many answers or webhooks one example has.
BATCH = 20
# However many rows there are, and whatever the account says.
MOST_UNCONFIRMED = 3
# How deep brackets nest; somewhere here is the depth that can still be read and no longer be written down.
DEPTHS = range(760, 980) if TORTURE else range(760, 980, 20)


# --- what comes over the wire, as text


def nested(depth: int, brackets: str) -> str:
    start, end = brackets.split()
    return start * depth + "1" + end * depth


URLS = json.dumps([f"https://cdn.example/{index}.mp4" for index in range(1, 5)])
WORDS = [
    "pending",
    "staged",
    "starting",
    "processing",
    "finished",
    "FINISHED",
    "failed",
    "error",
    "retry",
    "upscaling",
]
SENSIBLE = [*map(json.dumps, WORDS), URLS, '"40"', "40", '"40%"', '"Banned prompt"', '[{"msg": "Banned prompt"}]']
# Half a pair of surrogates, NULs, numbers that are none or too large, addresses that only look like some.
_ODD = r"""
null true false 0 -1 -0.0 1e308 1e999 -1e999 NaN Infinity 0.1 2147483648 -2147483649 4294967296 9223372036854775808
"" "\t" "-5" "140%" "1e999" "nan" "٤٠" "4_0" "\u0000" "a\u0000b" "\ud800" "a\udfffb" "\udc00\ud800" "\ud83d\ude00"
"\u202e\u2028" "<b>&amp;</b>{{x}}" [] {} [[]] [null] [{}] [7] {"message":7} {"message":"\ud800\u0000"} {"\ud800":1}
[{"msg":"\ud800"}] ["\udfff"] [{"msg":{}}] {"webhook_secret":"s"} ["javascript:alert(1)"] ["http://cdn.example/1"]
["https://["] ["https://x:99999/","https://u@x/"] ["https://x/\u0020y"] ["https://x/\ud800"] ["https://\u0000x/1"]
["https://xn--\ud800/"] ["https://x\u2100y/"] ["https://x/1","https://x/1",null,7,"https://x/5"] "https://x/1"
["//x/1"] ["https:///1"] ["https://\u0661/1"]
""".split()  # noqa: SIM905, a list of quoted quotes cannot be read
_LONG = ["x" * 5000, "\U0001f600" * 300, "\\ud800" + "x" * 600, "9" * 400, "9" * 5000, "https://x/" + "y" * 3000]
ODD = [
    *_ODD,
    *(f'"{text}"' for text in _LONG),
    f'["{_LONG[-1]}"]',
    *("9" * digits for digits in (40, 400, 4000, 5000)),
]
# What one database or the other cannot store, and what templates would have to escape.
NASTY = [
    r'"\u0000"',
    r'"a\u0000b"',
    r'"\ud800"',
    r'"a\udfffb"',
    r'["\ud800"]',
    r'[{"msg": "\u0000x"}]',
    '"<b>{{ x }}"',
]
KEYS = [
    *["status", "message", "error", "errors"] * 3,
    *["percentage", "video_urls", "error_messages"] * 2,
    *["task_type", "credits", "tasks", "webhook_secret", r"\ud800", r"\u0000"],
]
NOT_JSON = [
    *(b"", b" ", b"{", b"7", b"[]", b"null", b'"x"', b"\xff\xfe", b"\xed\xa0\x80", b"\x00", b"\x00\x00\x00{"),
    *(b"<!doctype html><h1>502 Bad Gateway</h1>", b'{"task_id": "\xff"}', b'{"task_id": "\xed\xa0\x80"}'),
    *(b"\xef\xbb\xbf{}", f'{{"task_id": "{ID}"}}'.encode("utf-16"), f'\ufeff{{"task_id": "{ID}"}}'.encode()),
    *(b"[" * 60_000, b'{"a":' * 10_000, f'{{"task_id": "{ID}"'.encode(), f"{{'task_id': '{ID}'}}".encode()),
]

TEXT = st.text(st.characters(codec=None), max_size=20).map(json.dumps)
VALUES = st.one_of(*map(st.sampled_from, (SENSIBLE, SENSIBLE, NASTY, NASTY, ODD)), TEXT)
RIGHT = st.just(f'"{ID}"')
WRONG = st.sampled_from([f'"{OTHER}"', f'" {ID}\\u0000"', r'"\ud800"', rf'"{ID}\ud800"', *ODD])
IDS = st.one_of(*[RIGHT] * 9, WRONG)
FIELDS = st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=4)


def as_text(fields: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in fields) + "}"


TASKS = st.builds(lambda id_, fields: as_text([("task_id", id_), *fields]), IDS, FIELDS)
LISTS = st.lists(TASKS, max_size=3).map(lambda tasks: as_text([("tasks", f"[{', '.join(tasks)}]")]))
# A generated character may be half a pair: such bytes come too.
BODIES = st.one_of(
    *[TASKS.map(lambda text: text.encode("utf-8", "surrogatepass"))] * 5,
    st.one_of(LISTS, FIELDS.map(as_text)).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.one_of(st.sampled_from(NOT_JSON), st.binary(max_size=40)),
)
STATUSES = st.sampled_from(
    [200] * 12
    + [100, 201, 204, 301, 400, 401, 402, 403, 404, 408, 409, 418, 422, 429, 429]
    + [499, 500, 502, 503, 599, 600, 999]
)
WAITS = st.sampled_from(
    ["", "0", "7", "-1", "1e9", "9" * 30, "٣", "²", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "\xff"]
)
TYPES = st.sampled_from(
    ["application/json"] * 9 + ["application/json; charset=latin-1", "text/plain", "", "a/b; \x80"]
)
ANSWERS = st.builds(lambda status, wait, body: Answer(status, {"Retry-After": wait}, body), STATUSES, WAITS, BODIES)


class Upstream:
    """APIFRAME, giving `answer` to the call for `path`, `account` to that, and something plain to every other."""

    def __init__(self, path: str, answer: Answer, account: Answer | None = None) -> None:
        self.path, self.answer, self.account, self.submits = path, answer, account, 0

    def __call__(self, method, url, headers, body, seconds, files=None) -> Answer:
        path = "/" + url.rpartition("/")[2]
        self.submits += path == "/imagine-video-extend"
        if path == self.path:
            return self.answer
        if path == "/account":
            if self.account:
                return self.account
            raise Unknown("APIFRAME did not answer in time.")
        return Answer(200, {}, b'{"task_id": "%s"}' % ID.encode())


def anew() -> None:
    """Before an example: no row of an earlier one has the id, which belongs to one alone, and the gate is open."""
    Task.objects.update(remote_id="")
    Gate.objects.all().delete()


# --- what must be true afterwards


def now_of(task: Task) -> Task:
    """The row as it stands; and the gate is opened again for the next example."""
    Gate.objects.filter(closed_until__isnull=False).delete()
    return Task.objects.get(pk=task.pk)


def sound(now: Task) -> None:
    """What is true of any row, whatever was said about it."""
    assert 0 <= now.percentage <= 100
    assert (now.state == State.FINISHED) == bool(now.clips)
    assert now.reason or now.state != State.FAILED


def only_along_the_table(before: Task, now: Task, body: bytes) -> None:
    """Nothing went back: not the state, and not the percentage, unless APIFRAME said that it tries again."""
    sound(now)
    assert now.state == before.state or now.state in MOVES[State(before.state)]
    told = before.is_fruitless and not before.remote_id
    assert now.version == before.version or before.state not in FINAL or told, (
        "it ended here, and is made all the same"
    )
    went_back = now.percentage < before.percentage or (before.state, now.state) == (State.PROCESSING, State.PENDING)
    assert not went_back or b"retry" in body


def shown(web: Client, staff: Member) -> None:
    """All rows can be seen in the history, one on its page, and what was said about them in the flight recorder."""
    # Nothing is due while pages are looked at: they would ask again.
    Task.objects.update(due_at=None)
    states = {str(pk): state for pk, state in Task.objects.values_list("pk", "state")}
    cards = dict(CARD.findall(page(web, "/tasks/")))
    assert len(cards) == min(24, len(states))
    assert cards.items() <= states.items()
    if states:
        pk, state = next(iter(states.items()))
        assert f'data-state="{state}"' in page(web, f"/tasks/{pk}/status/")
    # The part of a page that shows events, once for those of all rows.
    events = Event.objects.order_by("-id")
    said = render_to_string("workspace/_events.html", {"told": as_told(events), "user": staff}).encode()
    assert said.count(b"<time") == len(events)


def page(web: Client, address: str) -> str:
    response = web.get(address)
    assert response.status_code == 200
    return response.content.decode()


def after_a_submit(answer: Answer) -> set[State]:
    """The states that may follow this answer to a submit."""
    unlike = set() if 200 <= answer.status < 300 else after_an_error(answer.status)
    # However it is encoded.
    plain = answer.body.replace(b"\0", b"")
    if unlike and b'"task_id"' in plain:
        # Where that can be read it may be running, and is not sent again; but for what speaks of errors.
        is_clear = has_an_id(answer.body) and b"error" not in plain
        return {*unlike, State.UNCONFIRMED} - ({State.QUEUED} if is_clear else set())
    if unlike:
        return unlike
    accepted = {State.PENDING, State.PROCESSING, State.FINISHED, State.FAILED}
    return accepted if has_an_id(answer.body) else {State.UNCONFIRMED, *accepted}


def after_an_error(status: int) -> set[State]:
    if status in (301, 307, 308, 401, 402, 429):
        return {State.QUEUED}
    if 400 <= status < 500 and status not in (408, 409, 499):
        # By whether APIFRAME itself says so.
        return {State.QUEUED, State.FAILED}
    return {State.UNCONFIRMED}


def has_an_id(body: bytes) -> bool:
    """Whether the answer plainly says which task was made."""
    if body.count(b"[") + body.count(b"{") > 100:
        # How deep our code can read depends on how deep it stands.
        return False
    try:
        read = json.loads(body)
    except ValueError:
        return False
    return isinstance(read, dict) and read.get("task_id") == ID


def the_answer_to_a_submit(member: Member, answer: Answer) -> None:
    task = make_task(member, State.QUEUED)
    with patch(EXCHANGE, Upstream("/imagine-video-extend", answer)) as upstream:
        send(task)
    is_closed = Gate.objects.closed().exists()
    now = now_of(task)
    # The account has no answer either.
    assert is_closed == (now.state in (State.QUEUED, State.UNCONFIRMED))
    sound(now)
    assert now.state in after_a_submit(answer)
    assert upstream.submits == 1


def the_same_answer_to_several_submits(member: Member, answer: Answer) -> None:
    tasks = [make_task(member, State.QUEUED) for _ in range(MOST_UNCONFIRMED + 1)]
    with patch(EXCHANGE, Upstream("/imagine-video-extend", answer, Answer(200, {}, b'{"credits": 400}'))):
        for task in tasks:
            send(task)
    states = [now_of(task).state for task in tasks]
    assert states.count(State.UNCONFIRMED) in (0, MOST_UNCONFIRMED)


def the_answer_about_the_account(member: Member, answer: Answer) -> None:
    task = make_task(member, State.QUEUED)
    with patch(EXCHANGE, Upstream("/account", answer)):
        send(task)
        gate.try_now()
    expected = {401: {State.QUEUED}, 402: {State.QUEUED}, 403: {State.QUEUED, State.PENDING}}
    # One that has moved is found by the submit as well; a page is somebody's who stands before it.
    moved = {State.QUEUED} if 300 <= answer.status < 400 or answer.body.startswith(b"<") else set()
    assert now_of(task).state in expected.get(answer.status, {State.PENDING, *moved})


def the_answer_to_a_fetch(member: Member, answer: Answer) -> None:
    task = make_task(member, State.PROCESSING, remote_id=ID, percentage=50)
    with patch(EXCHANGE, Upstream("/fetch", answer)):
        following.refresh(task)
    now = now_of(task)
    only_along_the_table(task, now, answer.body)
    assert 200 <= answer.status < 300 or now.state == State.PROCESSING


def the_answer_to_a_fetch_of_many(member: Member, answer: Answer) -> None:
    # The rows of other answers are not due.
    Task.objects.update(due_at=None)
    tasks = [make_task(member, State.PROCESSING, remote_id=remote_id, percentage=50) for remote_id in (ID, OTHER)]
    if answer.body.startswith(b'{"task_id"'):
        # A body about one task is one of the list.
        about_another = b'{"task_id": "%s", "status": "processing", "percentage": 70}' % OTHER.encode()
        answer = replace(answer, body=b'{"tasks": [%s, %s]}' % (about_another, answer.body))
    with patch(EXCHANGE, Upstream("/fetch-many", answer)):
        assert following.follow_due() == 2
    for task in tasks:
        now = now_of(task)
        only_along_the_table(task, now, answer.body)
        assert 200 <= answer.status < 300 or now.state == State.PROCESSING


CALLS = [
    *[the_answer_to_a_submit] * 5,
    the_same_answer_to_several_submits,
    *[the_answer_to_a_fetch] * 3,
    *[the_answer_to_a_fetch_of_many] * 2,
    the_answer_about_the_account,
]


def some(things: st.SearchStrategy) -> st.SearchStrategy:
    """A batch of them: pages are looked at once for each, since they are what takes time."""
    return st.lists(things, min_size=BATCH, max_size=BATCH)


def check_answers(count: int, staff: Member, web: Client) -> None:
    @generated(count // BATCH)
    @given(some(st.tuples(st.sampled_from(CALLS), ANSWERS)))
    def check(answers) -> None:
        with RolledBack():
            for call, answer in answers:
                anew()
                call(staff, answer)
            shown(web, staff)

    check()


def check_webhooks(count: int, staff: Member, web: Client) -> None:
    outside = Client()
    stands = st.tuples(st.sampled_from(State), st.sampled_from(["", ID]))
    secrets = st.sampled_from(["right"] * 5 + ["wrong", "", "wröng", "\xff" * 64])

    @generated(count // BATCH)
    @given(some(st.tuples(stands, BODIES, secrets, TYPES)))
    def check(webhooks) -> None:
        with RolledBack():
            for (state, remote_id), *webhook in webhooks:
                anew()
                call_back(outside, make_task(staff, state, remote_id=remote_id, reason="so", due_at=None), *webhook)
            shown(web, staff)

    check()


def call_back(outside: Client, task: Task, body: bytes, secret: str, content_type: str) -> None:
    secret = webhook_secret(task.webhook_nonce) if secret == "right" else secret
    answer = outside.generic(
        "POST", f"/webhooks/apiframe/{task.webhook_nonce}/", body, content_type, headers={"x-webhook-secret": secret}
    )
    now = Task.objects.get(pk=task.pk)
    only_along_the_table(task, now, body)
    # Never 503 either: the database is well.
    assert answer.status_code in (200, 400, 401, 404, 413)
    assert (answer.status_code == 401) == (secret != webhook_secret(task.webhook_nonce))
    assert answer.status_code == 200 or now.version == task.version
    if answer.status_code == 200:
        assert task.events.count() == 1


@pytest.fixture
def staff(member) -> Member:
    """The member, as staff: staff see bodies as they came."""
    member.is_staff = True
    member.save()
    return member


@pytest.fixture(autouse=True)
def _quietly():
    """Thousands of refused bodies are not worth a line each."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_whatever_is_answered(staff, web):
    check_answers(size(160, 10_000), staff, web)


def test_whatever_is_called_back(staff, web):
    check_webhooks(size(100, 5_000), staff, web)


@pytest.mark.races
def test_some_answers_on_either_database(staff, web):
    check_answers(size(20, 500), staff, web)


@pytest.mark.races
def test_some_webhooks_on_either_database(staff, web):
    check_webhooks(size(20, 500), staff, web)


@pytest.mark.races
def test_some_answers_to_a_look_up_on_either_database(staff, web):
    @generated(size(10, 200))
    @given(ANSWERS)
    def check(answer) -> None:
        with RolledBack():
            with patch(EXCHANGE, Upstream("/fetch", answer)):
                assert web.post("/tasks/look-up/", {"parent_task_id": ID}).status_code == 200
            assert all(task.state == State.FINISHED for task in Task.objects.all())
            shown(web, staff)

    check()


@pytest.mark.parametrize("brackets", ["[ ]", '{"a": }'])
def test_brackets_to_the_edge_of_the_stack(staff, brackets):
    outside = Client()
    for depth in DEPTHS:
        body = as_text([("task_id", f'"{ID}"'), ("status", nested(depth, brackets))]).encode()
        with RolledBack():
            the_answer_to_a_submit(staff, Answer(200, {}, body))
            anew()
            the_answer_to_a_submit(staff, Answer(400, {}, body))
            anew()
            call_back(outside, make_task(staff, State.PENDING, remote_id=ID), body, "right", "application/json")
