"""What the status of an answer means: which error it is, and so what may be done next."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Any
from urllib.parse import urljoin, urlsplit

from extender.apiframe.errors import (
    ApiframeError,
    BadKey,
    Busy,
    KeptOut,
    Moved,
    NoCredits,
    NotFound,
    Refused,
    Standing,
    Unknown,
)
from extender.apiframe.exchange import Answer
from extender.apiframe.finding import id_in, objects_in
from extender.apiframe.reasons import reason_of, refusal_in
from extender.apiframe.vocabulary import ERRORS, plainly, plainly_named, text_of

# These say nothing certain about whether the task was made: the first two by their names, the others since whoever
# stands between gave up waiting.
UNCERTAIN = {408, 409, 425, 444, 460, 499}
# Answered without APIFRAME's words, these are about this server or this address, and not about a request.
AT_THE_DOOR = {403, 405, 407, 421, 451}
# Any others of 400 to 499 speak of one request only where they do it as APIFRAME does, by `errors`: front doors,
# routers and frameworks have a `message` for them, about an address, a plan, a server or a header.
OF_A_REQUEST = {400, 422}
NOTHING_THERE = {404, 410}
# True of the account, or of all that is asked for now.
OF_ALL = {401, 402, 429}
# By these nothing was done. The others may also be how a server answers what it has done, unless they lead elsewhere.
NOTHING_DONE = {301, 307, 308}
MAY_BE_DONE = {302, 303}
KEY_REFUSED = "APIFRAME does not accept this installation’s API key: set a working APIFRAME_API_KEY, and restart."
NO_CREDITS = "The account at APIFRAME has no credits left"
DOOR_SHUT = "APIFRAME’s front door refuses this server"
UNEXPLAINED = (
    "APIFRAME refused the request (HTTP {status}) and did not say why."
    " Change the words, or the picture if there is one, and run it again."
)
MAX_TOLD = 200
MAX_RETRY_AFTER = timedelta(minutes=10)
UNSAID_RETRY_AFTER = timedelta(seconds=10)
# Where an answer of 200 has the status that it does not show, and by which words.
CODES = ("code", "statuscode", "httpstatus", "httpcode", "errorcode", "status", "type", "message", "detail")
STATUSES = {
    **dict.fromkeys(("unauthorized", "unauthenticated", "invalidapikey"), 401),
    **dict.fromkeys(("paymentrequired", "insufficientcredits", "notenoughcredits", "outofcredits"), 402),
    **dict.fromkeys(("toomanyrequests", "ratelimit", "ratelimited", "ratelimitexceeded"), 429),
}
# The same in sentences. What they say is true of the account, whatever was asked for.
SENTENCES = {
    status: re.compile(words, re.IGNORECASE)
    for status, words in {
        401: r"^unauthori[sz]ed\W*$"
        r"|\b(invalid|wrong|expired|missing|incorrect|unknown|no) (\w+ )?api[ _-]?key\b"
        r"|\bapi[ _-]?key (\w+ ){0,3}(invalid|wrong|missing|not found|expired|revoked|disabled)\b",
        402: r"\b(insufficient|not (have )?enough|no|no more|0|zero|out of) (\w+ )?credits\b"
        r"|n['’]t have (enough|any) (\w+ )?credits\b"
        r"|\binsufficient (\w+ )?(balance|funds)\b"
        r"|\b(credits|balance) (\w+ ){0,3}(exhausted|used up|insufficient|too low)\b"
        r"|\bsubscription (\w+ ){0,3}(expired|ended|inactive)\b",
        429: r"\btoo many (\w+ ){0,2}(requests|jobs|tasks|generations)\b|\brate[ -]?limit"
        r"|\bconcurren\w+ (\w+ ){0,2}limit|\b(limit|maximum|number) of (concurrent|parallel|simultaneous)\b"
        r"|\b(hourly|daily|weekly|monthly) limit\b|\bquota (\w+ ){0,2}exceeded\b|\bqueue is full\b",
    }.items()
}
SHUT_ACCOUNT = re.compile(
    r"(\w+ )?account (\w+ ){0,3}(suspended|disabled|deactivated|blocked|banned|locked)\b", re.IGNORECASE
)


def is_success(answer: Answer) -> bool:
    """Whether its status says that all went well."""
    return 200 <= answer.status < 300


def in_truth(answer: Answer, said: Any, asked: str = "") -> Answer:
    """The answer with the status that it names, where that is true of all requests, or leaves open what was done.

    `asked`: the words of the request, which a refusal may repeat.
    """
    named = _status_in(said) or _status_meant(answer, said, asked)
    if named in OF_ALL and (is_success(answer) or 400 <= answer.status < 500) and answer.status not in UNCERTAIN:
        return replace(answer, status=named)
    return replace(answer, status=named) if named and named >= 500 and is_success(answer) else answer


def error_of(answer: Answer, body: Any, words: str, url: str, raw: str, *, pays: bool) -> ApiframeError:
    """The error that an answer to a request to `url` means; `body` is what it says, `raw` what is kept of it.

    `words`: those of APIFRAME in it, "" where there are none.

    `pays`: whether it is a task's one request, which ends by nobody's word but APIFRAME's own.
    """
    status = answer.status
    if is_success(answer):
        return Unknown(answer.trouble or "APIFRAME gave an answer that cannot be read.", raw=raw)
    if status in OF_ALL:
        return _of_all(answer, words, raw)
    if 300 <= status < 400 and (told := _moved(answer, url, pays=pays)):
        return Moved(f"APIFRAME has moved {told} APIFRAME_BASE_URL.", raw=raw)
    if 400 <= status < 500 and status not in UNCERTAIN:
        return _refused(status, body, words, url, raw, pays=pays)
    told = f": {words[:MAX_TOLD]}" if words else ""
    return Unknown(f"APIFRAME answered with an error of its own (HTTP {status}{told}).", raw=raw)


def _of_all(answer: Answer, words: str, raw: str) -> ApiframeError:
    """What 401, 402 and 429 mean."""
    if answer.status == 401:
        return BadKey(KEY_REFUSED, raw=raw)
    if answer.status == 402:
        return NoCredits(f"{NO_CREDITS}{f' ({words})' if words else ''}: add credits there.", raw=raw)
    return Busy("APIFRAME is busy.", _retry_after(answer), raw)


def _moved(answer: Answer, url: str, *, pays: bool) -> str:
    """From where to where a redirect leads, and what to do then; "" where something may have been done."""
    address = _leads_to(answer, url)
    is_elsewhere = bool(address) and not address.startswith("/")
    if answer.status not in NOTHING_DONE and not (answer.status in MAY_BE_DONE and (is_elsewhere or not pays)):
        return ""
    return f"to {address}: set" if is_elsewhere else f"from {url}{f' to {address}' if address else ''}: check"


def _refused(status: int, body: Any, words: str, url: str, raw: str, *, pays: bool) -> ApiframeError:
    """What 400 to 499 means, by whether APIFRAME itself says so."""
    is_own = _is_own(status, body, words)
    if (status in AT_THE_DOOR and not words) or (pays and not is_own):
        return _turned_away(status, words, url, raw)
    kind = NotFound if status == 404 and is_own else Refused
    return kind(words or UNEXPLAINED.format(status=status), raw=raw)


def _is_own(status: int, body: Any, words: str) -> bool:
    """Whether APIFRAME itself has read the request and says no to it, and not to all."""
    if SHUT_ACCOUNT.match(words):
        return False
    spoken = list(objects_in(body))
    return bool(spoken) if status in OF_A_REQUEST else bool(words) and any(map(_lists_errors, spoken))


def _lists_errors(fields: dict[str, Any]) -> bool:
    """Whether `fields` have errors as APIFRAME spells them, and not the numbered ones of a front door."""
    errors = fields.get("errors")
    return bool(errors) and not (isinstance(errors, list) and isinstance(errors[0], dict) and "code" in errors[0])


def _turned_away(status: int, words: str, url: str, raw: str) -> Standing:
    """What an answer means that nobody gave who had read the request: the next one would fare no better."""
    told = f"HTTP {status}: {words[:MAX_TOLD]}" if words else _told(status, raw)
    if status in NOTHING_THERE:
        return Moved(f"APIFRAME has nothing at {url} ({told}): check APIFRAME_BASE_URL.", raw=raw)
    return KeptOut(f"{DOOR_SHUT} ({told}): ask APIFRAME to let it in.", raw=raw)


def words_of(status: int, body: Any) -> str:
    """What APIFRAME itself says in a refusal, "" where there is no more than the status has to say."""
    words, phrase = reason_of(body), responses.get(status, "")
    return "" if words.rstrip(".!").lower() == phrase.lower() else words


def _told(status: int, raw: str) -> str:
    """The status, and what came with it where that is a line of plain text."""
    line = raw.strip()
    return line if line.isprintable() and not re.search("[<{]", line) and len(line) <= MAX_TOLD else f"HTTP {status}"


def _leads_to(answer: Answer, url: str) -> str:
    """Where a redirect of a request to `url` leads: another origin, or a path of the same; "" if unclear."""
    here = urlsplit(url)
    try:
        there = urlsplit(urljoin(url, answer.headers.get("Location", "")))
        address = f"{there.scheme}://{there.hostname or ''}{f':{there.port}' if there.port else ''}"
    except ValueError:
        return ""
    address = address if (there.scheme, there.netloc) != (here.scheme, here.netloc) else there.path
    return address[:MAX_TOLD] if address.isprintable() and address != here.path else ""


def _retry_after(answer: Answer) -> timedelta:
    """For how long it asks us to wait, at most `MAX_RETRY_AFTER`: in seconds, or until a moment by its own clock."""
    text = answer.headers.get("Retry-After", "")
    if text.isdecimal():
        return min(timedelta(seconds=int(text[:6])), MAX_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(answer.headers.get("Date", ""))
    except (OverflowError, TypeError, ValueError):
        return UNSAID_RETRY_AFTER
    return min(max(wait, timedelta(0)), MAX_RETRY_AFTER)


def _status_in(body: Any) -> int | None:
    """The HTTP status, 400 to 599, that a body says it has in truth, as a number or as its word; None for none.

    Where it names a task it speaks of that, and has none.
    """
    objects = list(objects_in(body))
    if any(map(id_in, objects)):
        return None
    said = (value for fields in objects for value in _codes_in(fields))
    return next((status for value in said if (status := _status(value))), None)


def _status_meant(answer: Answer, body: Any, asked: str) -> int | None:
    """The status that a refusal means by its own words, and not by those of `asked`; None for none."""
    words = refusal_in(body) if is_success(answer) or any(map(id_in, objects_in(body))) else reason_of(body)
    found = ((status, sentence.search(words[:MAX_TOLD])) for status, sentence in SENTENCES.items())
    return next((status for status, said in found if said and said[0].lower() not in asked.lower()), None)


def _codes_in(fields: dict[str, Any]) -> Iterator[Any]:
    spelt = plainly_named(fields)
    yield from map(spelt.get, CODES)
    for error in map(spelt.get, ERRORS):
        first = error[0] if isinstance(error, list) and error else error
        yield from map(plainly_named(first).get, CODES) if isinstance(first, dict) else [first]


def _status(value: Any) -> int | None:
    if isinstance(value, int):
        return value if 400 <= value < 600 else None
    text = text_of(value)
    return int(text) if re.fullmatch("[45][0-9][0-9]", text) else STATUSES.get(plainly(text))
