"""Every way the sandbox can misbehave, in one table.

A word in brackets in a prompt, such as `[stall]`, makes that one task misbehave. A word given to
`--misbehave` (or to `POST /_sandbox/options`) does so for every call it applies to.
"""

import re
from typing import NamedTuple

REFUSES = "refuses"  # the submit is answered badly and nothing is billed
SPOILS = "spoils"  # the task is billed and renders, but the answer to the submit is bad
LIFE = "life"  # the task's states and percentages
CLIPS = "clips"  # the addresses of a finished task
WEBHOOK = "webhook"  # what is posted to webhook_url
HOST = "host"  # the answers of the clips' host
EDGE = "edge"  # the answers of every call, before the key is looked at
PACKING = "packing"  # how the answers of every call are compressed
FETCH = "fetch"  # the answers of /fetch, /fetch-many and /account
FETCH_MANY = "fetch-many"  # the answers of /fetch-many alone
UPLOAD = "upload"  # the answers of /upload
# What is true of the whole service, and ends when it is switched off.
OUTAGES = {HOST, EDGE, PACKING, FETCH, FETCH_MANY, UPLOAD}


class Fault(NamedTuple):
    kind: str
    says: str


TABLE = {
    "400": Fault(REFUSES, "the submit is refused with 400 and a reason"),
    "401": Fault(REFUSES, "the submit is refused with 401 {} as if the key were wrong"),
    "402": Fault(REFUSES, "the submit is refused with 402 as if the credits had run out"),
    "403": Fault(REFUSES, "the submit is refused with 403 and a reason"),
    "404": Fault(REFUSES, "the submit is answered with 404"),
    "408": Fault(REFUSES, "the submit is answered with 408"),
    "429": Fault(REFUSES, "the submit is refused with 429 and Retry-After: 2"),
    "500": Fault(REFUSES, "the submit is answered with 500 {} before it is billed"),
    "html-502": Fault(REFUSES, "the submit is answered with a 502 HTML page"),
    "hang-up": Fault(REFUSES, "the connection is closed without an answer"),
    "stall-unbilled": Fault(REFUSES, "500 {} after the stall (30 s), nothing billed"),
    "errors-200": Fault(REFUSES, "the submit is answered with 200, errors and no id"),
    "id-number": Fault(SPOILS, "billed, answered with the id as a number"),
    "id-renamed": Fault(SPOILS, "billed, answered with the id as taskId inside data"),
    "id-elsewhere": Fault(SPOILS, "billed, answered with the id as id alone"),
    "500-billed": Fault(SPOILS, "billed and rendering, yet answered with 500 {}"),
    "stall": Fault(SPOILS, "billed at once, answered only after the stall (30 s)"),
    "hang-up-billed": Fault(SPOILS, "billed, then the connection is closed without an answer"),
    "html": Fault(SPOILS, "billed, answered with 200 and an HTML page"),
    "empty": Fault(SPOILS, "billed, answered with 200 and an empty body"),
    "no-task-id": Fault(SPOILS, "billed, answered with 200 {}"),
    "drip": Fault(SPOILS, "billed, answered a byte a second, the headers too"),
    "huge": Fault(SPOILS, "billed, answered with a body of 100 MB"),
    "gzip-bomb": Fault(SPOILS, "billed, answered with 1 MB of gzip that unpacks to 1 GB"),
    "fail": Fault(LIFE, "fails midway, with the reason in message"),
    "fail-error": Fault(LIFE, "fails midway, with the reason in error.message"),
    "fail-list": Fault(LIFE, "fails midway with status error and the reason in error_messages[0]"),
    "fail-detail": Fault(LIFE, "fails midway, with the reason in detail"),
    "fail-reason": Fault(LIFE, "fails midway, with the reason in reason"),
    "cancelled": Fault(LIFE, "ends midway with the status cancelled and no reason"),
    "timeout": Fault(LIFE, "ends midway with the status timeout and no reason"),
    "completed": Fault(LIFE, "says completed in place of finished"),
    "id-ulid": Fault(LIFE, "its id is no UUID: task_ with 26 letters"),
    "id-long": Fault(LIFE, "its id has 200 characters"),
    "running-message": Fault(LIFE, "carries a message while it renders, and finishes"),
    "nonsense-percentage": Fault(LIFE, 'percentages "", "NaN", -5, 1e999, "140%", [] and none, in turn'),
    "retry": Fault(LIFE, "is retrying once midway, then its percentage starts again"),
    "stuck": Fault(LIFE, "never finishes"),
    "odd-status": Fault(LIFE, "says an unknown status word while it renders"),
    "seconds-N": Fault(LIFE, "the task takes N seconds, for example seconds-0.5"),
    "clips-0": Fault(CLIPS, "finishes with an empty list of clips"),
    "clips-1": Fault(CLIPS, "finishes with one clip"),
    "clips-2": Fault(CLIPS, "finishes with two clips"),
    "clips-3": Fault(CLIPS, "finishes with three clips"),
    "clips-5": Fault(CLIPS, "finishes with five clips"),
    "clips-doubled": Fault(CLIPS, "finishes with the first two addresses, each twice"),
    "clips-bad": Fault(CLIPS, "the addresses are javascript:, another host, a number, and one good one"),
    "clips-long": Fault(CLIPS, "the addresses have 2,300 characters"),
    "clips-http": Fault(CLIPS, "the addresses begin with http:// and lie on another host"),
    "clips-objects": Fault(CLIPS, "the addresses stand in objects, under url"),
    "clips-unreadable": Fault(CLIPS, "finishes with objects that hold no address"),
    "clips-lost": Fault(CLIPS, "the addresses answer 404"),
    "clips-signed": Fault(CLIPS, "the addresses are signed, and answer 403 where a byte is not as it was"),
    "clip-drip": Fault(HOST, "the clips come a byte a second"),
    "clip-stall": Fault(
        HOST, "the clips come by half, then nothing for the stall (30 s), then the connection is closed"
    ),
    "clip-slow": Fault(HOST, "the clips come whole and evenly in 5 s"),
    "clip-truncated": Fault(HOST, "the clips break off at the half of their announced length"),
    "clip-cut": Fault(HOST, "the clips announce no length, and break off at the half"),
    "clip-wrong-length": Fault(HOST, "the clips are twice as long as announced"),
    "clip-huge": Fault(HOST, "the clips announce and send 1 GB"),
    "clip-endless": Fault(HOST, "the clips announce no length and never end"),
    "clip-gzip-bomb": Fault(HOST, "the clips are 1 MB of gzip that unpacks to 1 GB"),
    "clip-gzip": Fault(HOST, "the clips come compressed with gzip, though they were asked for as they are"),
    "clip-br": Fault(HOST, "the clips come in a compression that their label calls br"),
    "clip-403": Fault(HOST, "the clips' addresses answer 403, as a store whose signed address has expired"),
    "clip-browsers-only": Fault(HOST, "the clips' addresses answer 403 and an HTML page, save to browsers"),
    "clip-410": Fault(HOST, "the clips' addresses answer 410"),
    "clip-404-once": Fault(HOST, "they answer 404, until the task is fetched again and shows fresh addresses"),
    "clip-late": Fault(HOST, "each answers 404 the first three times, though its address stays the same"),
    "clip-500-once": Fault(HOST, "each answers 500 {} the first time"),
    "clip-html": Fault(HOST, "they answer 200 and an HTML page"),
    "clip-not-video": Fault(HOST, "they answer with noise that calls itself video/mp4"),
    "clip-redirect": Fault(HOST, "they redirect once, to the file"),
    "clip-redirect-loop": Fault(HOST, "they redirect to themselves"),
    "clip-redirect-inside": Fault(HOST, "they redirect to the reader's own machine and network"),
    "webhook-lost": Fault(WEBHOOK, "no webhook is sent"),
    "webhook-double": Fault(WEBHOOK, "each webhook is sent twice"),
    "webhook-reorder": Fault(WEBHOOK, "progress comes in the wrong order, and after the result"),
    "webhook-early": Fault(WEBHOOK, "the first webhook is delivered before the submit is answered"),
    "webhook-result-early": Fault(WEBHOOK, "the result is delivered before the submit is answered"),
    "webhook-wrong-secret": Fault(WEBHOOK, "the header x-webhook-secret carries another secret"),
    "webhook-signed": Fault(WEBHOOK, "an x-signature of the body comes in place of the secret"),
    "webhook-gzip": Fault(WEBHOOK, "each webhook is compressed with gzip"),
    "webhook-text": Fault(WEBHOOK, "each webhook says that it is text/plain"),
    "webhook-untyped": Fault(WEBHOOK, "no webhook says of what type it is"),
    "webhook-nul": Fault(WEBHOOK, "a NUL follows each webhook"),
    "webhook-chunked": Fault(WEBHOOK, "each webhook comes in chunks, without a length"),
    "webhook-wrapped": Fault(WEBHOOK, "each webhook stands inside data, with its id as taskId"),
    "webhook-other-shape": Fault(WEBHOOK, "each webhook has another shape, in which no task is named"),
    "door-1010": Fault(EDGE, "every call is answered with 403 and the text error code: 1010"),
    "moved-301": Fault(EDGE, "every call is redirected to another host with 301"),
    "moved-302": Fault(EDGE, "every call is redirected to another host with 302"),
    "moved-307": Fault(EDGE, "every call is redirected to another host with 307"),
    "moved-308": Fault(EDGE, "every call is redirected to another host with 308"),
    "gzip": Fault(PACKING, "every answer is compressed with gzip"),
    "fetch-many-400": Fault(FETCH_MANY, "/fetch-many is answered with 400"),
    "fetch-401": Fault(FETCH, "fetches are answered with 401 {}"),
    "fetch-404": Fault(FETCH, "fetches are answered with 404"),
    "fetch-429": Fault(FETCH, "fetches are answered with 429 and Retry-After: 2"),
    "fetch-500": Fault(FETCH, "fetches are answered with 500 {}"),
    "fetch-html": Fault(FETCH, "fetches are answered with 200 and an HTML page"),
    "fetch-html-404": Fault(FETCH, "fetches are answered with a 404 HTML page"),
    "fetch-html-502": Fault(FETCH, "fetches are answered with a 502 HTML page"),
    "fetch-empty": Fault(FETCH, "fetches are answered with 200 and an empty body"),
    "fetch-hang-up": Fault(FETCH, "fetches get no answer, the connection is closed"),
    "fetch-stall": Fault(FETCH, "fetches are answered only after the stall (30 s)"),
    "fetch-drip": Fault(FETCH, "fetches are answered a byte a second, the headers too"),
    "fetch-huge": Fault(FETCH, "fetches are answered with a body of 100 MB"),
    "fetch-partial": Fault(FETCH_MANY, "/fetch-many leaves some tasks out and shuffles the others"),
    "upload-400": Fault(UPLOAD, "uploads are refused with 400 and a reason"),
    "upload-401": Fault(UPLOAD, "uploads are answered with 401 {}"),
    "upload-429": Fault(UPLOAD, "uploads are answered with 429 and Retry-After: 2"),
    "upload-500": Fault(UPLOAD, "uploads are answered with 500 {}"),
    "upload-html": Fault(UPLOAD, "uploads are answered with 200 and an HTML page"),
    "upload-hang-up": Fault(UPLOAD, "uploads get no answer, the connection is closed"),
    "upload-stall": Fault(UPLOAD, "uploads are answered only after the stall (30 s)"),
}

_SECONDS = re.compile(r"seconds-(\d{1,6}(?:\.\d{1,3})?)")
_BRACKETED = re.compile(r"\[([a-z0-9.-]{2,40})\]")


def is_known(word: str) -> bool:
    return word != "seconds-N" and (word in TABLE or bool(_SECONDS.fullmatch(word)))


def words_in(prompt: str) -> tuple[str, ...]:
    """The known words that stand in brackets in a prompt; other bracketed text is only text."""
    return tuple(word for word in _BRACKETED.findall(prompt) if is_known(word))


def lasting(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words that a task keeps for life. A global outage must end when it is switched off."""
    return tuple(word for word in words if word not in TABLE or TABLE[word].kind not in OUTAGES)


def edge_fault(words: tuple[str, ...]) -> str | None:
    """The one word that decides how every call is answered."""
    return _first(words, EDGE)


def submit_fault(words: tuple[str, ...]) -> str | None:
    """The one word that decides how a submit is answered: the first in the table's order."""
    return _first(words, REFUSES, SPOILS)


def is_billed(word: str) -> bool:
    return TABLE[word].kind == SPOILS


def fetch_fault(words: tuple[str, ...]) -> str | None:
    """The fault of a fetch without its prefix ("500", "stall"), or None."""
    found = _first(words, FETCH)
    return found and found.removeprefix("fetch-")


def upload_fault(words: tuple[str, ...]) -> str | None:
    """The fault of an upload without its prefix ("400", "stall"), or None."""
    found = _first(words, UPLOAD)
    return found and found.removeprefix("upload-")


def clip_fault(words: tuple[str, ...]) -> str | None:
    """The one word that decides how a clip's file is answered: the first in the table's order."""
    return _first(words, HOST)


def _first(words: tuple[str, ...], *kinds: str) -> str | None:
    return next((word for word, fault in TABLE.items() if fault.kind in kinds and word in words), None)


def life_seconds(words: tuple[str, ...], default: float) -> float:
    matches = (_SECONDS.fullmatch(word) for word in words)
    return next((float(match[1]) for match in matches if match), default)


def takes(words: tuple[str, ...], default: int) -> int:
    """How many clips a task has: `default` unless clips-0 to clips-3 say fewer."""
    return next((count for count in range(4) if f"clips-{count}" in words), default)


def explained() -> str:
    """The table as text for --help."""
    lines = ["words for --misbehave, and for a prompt in brackets such as [stall]:", ""]
    width = max(map(len, TABLE))
    lines += [f"  {word:<{width}}  {fault.says}" for word, fault in TABLE.items()]
    return "\n".join(lines)
