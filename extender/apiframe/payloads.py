"""APIFRAME's JSON, translated at the door into our words.

Nothing beyond this module knows how APIFRAME spells a state, a percentage or a reason.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

from extender.apiframe.redaction import kept_of, storable, written
from extender.network.addresses import may_be_fetched
from extender.states import State

# Any other word means: still open, and somebody is working on it.
STATES = {
    "pending": State.PENDING,
    "staged": State.PENDING,
    "retry": State.PENDING,
    "retrying": State.PENDING,
    "starting": State.PROCESSING,
    "processing": State.PROCESSING,
    "finished": State.FINISHED,
    "failed": State.FAILED,
    "error": State.FAILED,
    **dict.fromkeys(("completed", "complete", "success", "succeeded", "done"), State.FINISHED),
    **dict.fromkeys(("cancelled", "canceled", "timeout", "timedout", "moderated", "rejected"), State.FAILED),
    **dict.fromkeys(("failure", "aborted", "expired"), State.FAILED),
}
# Where look-alike services wrap what they say, and what they call a task's id; names here are plain: `_plainly`.
WRAPPINGS = {"data", "result", "results", "task", "tasks", "response", "payload", "output", "items"}
LOOK_ALIKES = {"id", "uuid", "jobid"}
MAX_DEPTH = 5
URLS = ("videourls", "imageurls")
PICTURES = ("imageurls", "images")
# Of a task that has finished, these can hardly be anything else.
URLS_OF_FINISHED = ("videos", "images", "output", "outputs", "result", "results", "urls", "data", "videourl", "video")
URL = ("url", "videourl", "video", "imageurl", "image", "uri", "href", "src", "link", "downloadurl", "fileurl")
NUMBERED = re.compile(r"(?:clip|video|image|url|videourl|imageurl|item|output|result|index|take)?(\d{1,3})")
ERRORS = ("errors", "error", "errormessages")
# Where an answer of 200 has the status that it does not show, and by which words.
CODES = ("code", "statuscode", "httpstatus", "httpcode", "errorcode", "status", "type", "message", "detail")
STATUSES = {
    **dict.fromkeys(("unauthorized", "unauthenticated", "invalidapikey"), 401),
    **dict.fromkeys(("paymentrequired", "insufficientcredits", "notenoughcredits", "outofcredits"), 402),
    **dict.fromkeys(("toomanyrequests", "ratelimit", "ratelimited", "ratelimitexceeded"), 429),
}
REASONS = ("message", "error", "errors", "errormessages", "detail", "reason", "msg")
REASONS_ALIKE = ("errormessage", "failreason", "failurereason")
MAX_REASON = 2000
MAX_ID = 255
# Of a number of as many digits, with room; Python refuses to spell much longer ones.
MAX_BITS = 1024
# In any text that was kept: what is named as an id, or is one word with a digit in it, and no other.
LIKELY_ID = re.compile(
    r"""\\*["']?\b(?:(?:task_?|job_?|request_?|_)?id|uuid)\\*["']?\s*[:=]\s*[\[\\]*(?:["']([^"'\\]{6,255})\\*["']|(\d{6,255})\b)""",
    re.IGNORECASE,
)
LIKELY_BARE = re.compile(r"""(?:HTTP \d+ )?["']?((?=\S*\d)[\w.:/-]{6,255})["']?""")
# What an answer is that is nothing but an id, beyond doubt.
BARE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|(task|job)_\w{6,200}", re.IGNORECASE)
MAX_URL = 8192
MOST_CLIPS = 4
UNREADABLE = "APIFRAME has finished this, but the addresses of its clips cannot be read yet."


@dataclass(frozen=True)
class TaskUpdate:
    """What was said about a task, in our words."""

    state: State
    remote_id: str = ""
    percentage: int | None = None
    """0 to 100, or None where nothing sensible was said."""
    clip_urls: tuple[str | None, ...] = ()
    """A place for each clip by its index, None where that clip is missing or unusable."""
    has_pictures: bool = False
    """The clips are still pictures."""
    reason: str = ""
    retried: bool = False
    """APIFRAME put the task back into its queue: the percentage may fall, this once."""
    retry_in: timedelta | None = None
    """How long to wait before the next attempt, where somebody said so."""
    raw: str = field(default="", compare=False, repr=False)
    """As it came, cut to size and without secrets: for staff."""

    @property
    def is_unreadable(self) -> bool:
        """Whether it has finished, and where its clips are cannot be read."""
        return self.state == State.PROCESSING and self.reason == UNREADABLE


def parse_task(
    body: Any,
    usable: Callable[[str], bool],
    *,
    ids: Collection[str] = (),
    but: str = "",
    unsaid: State = State.PROCESSING,
    raw: str = "",
) -> TaskUpdate:
    """Translates one task's JSON: an answer, or a webhook.

    It is about one of `ids`, where it names one of them, else about the only task in it that is not `but`; where it
    names none, about the only one of `ids`. `usable` says whether a clip's address may be kept, `unsaid` how a task
    stands whose status is not said. Raises `ValueError` where the body is not about a task.
    """
    found = tasks_in(body, ids) or tasks_in(body, [only_id_in(body, but)])
    for remote_id, task in found.items():
        return replace(_translate(task, remote_id, usable, unsaid), raw=raw or written(body))
    for update in _of_nameless(body, usable, ids):
        return replace(update, raw=raw or written(body))
    raise ValueError("not a task of APIFRAME")


def _of_nameless(body: Any, usable: Callable[[str], bool], ids: Collection[str]) -> Iterator[TaskUpdate]:
    """What `body`, where it names no task, says of the only one of `ids`: how it runs, or where its clips are.

    Whether it failed, or is over, is not heard there: that may be the envelope's own failure or success.
    """
    objects = list(objects_in(body))
    if len(ids) != 1 or any(map(id_in, objects)):
        return
    for remote_id, said in product(ids, objects):
        task = _whole(said, remote_id)
        update = _translate(task, remote_id, usable)
        if update.state == State.FINISHED or (
            _word(task) and update.state != State.FAILED and not update.is_unreadable
        ):
            yield update


def parse_tasks(
    body: Any, usable: Callable[[str], bool], ids: Collection[str], *secrets: str
) -> dict[str, TaskUpdate]:
    """Translates what is said of the tasks `ids`, by id; those of which nothing is said are left out."""
    found: dict[str, TaskUpdate] = {}
    for remote_id, task in tasks_in(body, ids).items():
        update = _translate(task, remote_id, usable)
        found[remote_id] = replace(update, reason=kept_of(update.reason, *secrets), raw=written(task, *secrets))
    return found


def objects_in(body: Any, alike: Collection[str] = (), depth: int = MAX_DEPTH) -> Iterator[dict[str, Any]]:
    """The objects that `body` may mean: itself, and those that it lists or wraps, or names by an `alike` id."""
    if not depth:
        return
    if isinstance(body, list):
        for each in body:
            yield from objects_in(each, alike, depth - 1)
    elif isinstance(body, dict):
        yield body
        for name, value in body.items():
            if alike and isinstance(value, dict) and _folded(name) in alike:
                yield {"task_id": name, **value}
            elif _plainly(name) in WRAPPINGS:
                yield from objects_in(value, alike, depth - 1)


def tasks_in(body: Any, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What `body` says of the tasks `ids`, by id: of each, the first that says how it stands."""
    found: dict[str, dict[str, Any]] = {}
    objects = list(objects_in(body, {_folded(known) for known in ids}))
    meant = _meanings({name for task in objects for name in _names(task)}, ids)
    for task in objects:
        remote_id = next((meant[name] for name in _names(task) if name in meant), "")
        if remote_id and not _whole(found.get(remote_id, {}), remote_id).keys() & {"status", *URLS}:
            found[remote_id] = task
    return found


def only_id_in(body: Any, but: str = "") -> str:
    """The id that alone is named in `body` as a task's, `but` aside; "" where there is none, or several."""
    named = {found for task in objects_in(body) if _folded(found := id_in(task)) not in ("", _folded(but))}
    return named.pop() if len(named) == 1 else ""


def names_a_task(body: Any, but: str) -> bool:
    """Whether `body` names a task, `but` aside, and speaks of no errors: it may have been made, whatever is said."""
    return bool(only_id_in(body, but)) and not any(fields.get("errors") for fields in objects_in(body))


def id_in(task: dict[str, Any]) -> str:
    """The id that `task` plainly names as one, however that is spelt, its digits as they stand; "" for none."""
    return next((found for name, value in task.items() if _plainly(name) == "taskid" and (found := _id(value))), "")


def _names(task: dict[str, Any]) -> list[str]:
    """What may be the id of `task`: under another name it counts where there is none under its own."""
    own = id_in(task)
    others = (_id(value) for name, value in task.items() if _plainly(name) in LOOK_ALIKES)
    return [own] if own else [found for found in others if found]


def _meanings(spelt: Collection[str], ids: Collection[str]) -> dict[str, str]:
    """Of the ids that are `spelt` somewhere, which of `ids` each is: as it stands, or in another case of letters.

    The latter where it could be no other, and nothing else that is spelt is nearer.
    """
    alike = {_folded(known): known for known in ids}
    several = Counter(map(_folded, set(ids))) | Counter(map(_folded, spelt))
    near = {name: known for name in spelt if (known := alike.get(_folded(name))) and several[_folded(name)] == 1}
    return near | {name: name for name in spelt if name in ids}


def _folded(remote_id: str) -> str:
    """An id as it is compared where it is not spelt as it was."""
    return remote_id.strip().casefold()


def _id(value: Any) -> str:
    while isinstance(value, list | dict) and len(value) == 1:
        (value,) = value.values() if isinstance(value, dict) else value
    found = str(value) if type(value) is int and value.bit_length() < MAX_BITS else value
    # Where a byte could not be read, or cannot be stored, nobody can send it back as it came.
    if not isinstance(found, str) or "\ufffd" in found or storable(found) != found:
        return ""
    return found if found.strip() and len(found) <= MAX_ID else ""


def _whole(task: dict[str, Any], remote_id: str) -> dict[str, Any]:
    """`task` by plain names, with what it wraps of itself: this counts first where it says how the task stands."""
    whole = _spelt(task)
    if any(whole.get(name) for name in URLS):
        return whole
    for name, value in task.items():
        if _plainly(name) in WRAPPINGS and isinstance(value, dict) and _is_or_lacks(value, remote_id):
            inner = _spelt(value)
            whole = {**whole, **inner} if _word(inner) in STATES else {**inner, **whole}
    return whole


def _is_or_lacks(task: dict[str, Any], remote_id: str) -> bool:
    return _folded(id_in(task)) in ("", _folded(remote_id))


def _spelt(fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` by their plain names; of two with the same, the first."""
    return {_plainly(name): value for name, value in reversed(fields.items())}


def _plainly(name: str) -> str:
    return re.sub("[ _-]", "", name).lower()


def picture_url_in(body: Any) -> str:
    """Where `body` says that an uploaded picture lies; "" where it does not."""
    texts = (_text(fields.get(name)) for fields in map(_spelt, objects_in(body)) for name in ("imageurl", "url"))
    return next((text for text in texts if re.match("https?://", text)), "")


def likely_id_in(kept: str) -> str:
    """What may be a task's id in the text that was kept of an answer: a person has to say so. "" for none."""
    found = LIKELY_ID.search(kept) or LIKELY_BARE.fullmatch(kept.strip())
    return next(filter(None, found.groups()), "") if found else ""


def of_bare_id(text: str) -> dict[str, str] | None:
    """What an answer means whose `text` is nothing but an id."""
    bare = text.strip("\"'")
    return {"task_id": bare} if BARE_ID.fullmatch(bare) else None


def refusal_in(body: Any) -> str:
    """APIFRAME's words where it speaks of errors and of nothing that may be a task; "" for none."""
    objects = [_spelt(fields) for fields in objects_in(body)]
    if any(_id(fields.get(name)) for fields in objects for name in ("taskid", *LOOK_ALIKES)):
        return ""
    return next((reason_of(fields) for fields in objects if any(fields.get(name) for name in ERRORS)), "")


def status_in(body: Any) -> int | None:
    """The HTTP status, 400 to 599, that a body says it has in truth, as a number or as its word; None for none.

    Where it names a task it speaks of that, and has none.
    """
    objects = list(objects_in(body))
    if any(map(id_in, objects)):
        return None
    said = (value for fields in objects for value in _codes_in(fields))
    return next((status for value in said if (status := _status(value))), None)


def _codes_in(fields: dict[str, Any]) -> Iterator[Any]:
    spelt = _spelt(fields)
    yield from map(spelt.get, CODES)
    for error in map(spelt.get, ERRORS):
        first = error[0] if isinstance(error, list) and error else error
        yield from map(_spelt(first).get, CODES) if isinstance(first, dict) else [first]


def _status(value: Any) -> int | None:
    if isinstance(value, int):
        return value if 400 <= value < 600 else None
    text = _text(value)
    return int(text) if re.fullmatch("[45][0-9][0-9]", text) else STATUSES.get(_plainly(text))


def _translate(
    said: dict[str, Any], remote_id: str, usable: Callable[[str], bool], unsaid: State = State.PROCESSING
) -> TaskUpdate:
    task = _whole(said, remote_id)
    word = _word(task)
    state = STATES.get(word, State.PROCESSING if word else unsaid)
    names = (*URLS, *URLS_OF_FINISHED) if state == State.FINISHED else URLS
    found = ((name, urls) for name in names if any(urls := _clip_urls(task.get(name), usable)))
    name, urls = next(found, ("", ()))
    percentage = _percentage(task.get("percentage"))
    is_whole = sum(map(bool, urls)) == MOST_CLIPS and percentage in (None, 100)
    # The documented success has no status: the clips are what success looks like. Where it says itself that it is
    # not over, they may be the first of them, or a look at what is being made.
    if state != State.FAILED and urls and (is_whole or state == State.FINISHED or word not in STATES):
        return TaskUpdate(State.FINISHED, remote_id, 100, urls, has_pictures=name in PICTURES)
    if state == State.FINISHED or (not word and not task.keys().isdisjoint(URLS)):
        return TaskUpdate(State.PROCESSING, remote_id, 100, reason=UNREADABLE)
    if state == State.FAILED:
        return TaskUpdate(State.FAILED, remote_id, reason=reason_of(task) or _reasonless(word))
    return TaskUpdate(state, remote_id, percentage, retried=word in ("retry", "retrying"))


def _word(task: dict[str, Any]) -> str:
    """How `task` stands, in APIFRAME's word; "" where it does not say."""
    return _plainly(_text(task.get("status")) or _text(task.get("state")))


def _reasonless(word: str) -> str:
    said = "" if word in ("failed", "error") else f" It says: {word}."
    return f"APIFRAME gave no reason.{said}"


def reason_of(body: Any) -> str:
    """The first words in the places where APIFRAME puts a reason; "" where there are none."""
    return next((words for fields in objects_in(body) if (words := _words_in(fields))), "")[:MAX_REASON]


def _words_in(said: Any, depth: int = MAX_DEPTH) -> str:
    if isinstance(said, dict):
        fields = _spelt(said)
        # Within a reason anything is one: by the fields of a form, say.
        others = () if depth == MAX_DEPTH else fields
        said = [fields.get(name) for name in (*REASONS, *REASONS_ALIKE, *others)]
    elif isinstance(said, list):
        said = said[:1]
    if not isinstance(said, list) or not depth:
        return _text(said)
    return next((words for each in said if (words := _words_in(each, depth - 1))), "")


def _text(value: Any) -> str:
    return storable(value).strip() if isinstance(value, str) else ""


def _percentage(value: Any) -> int | None:
    """0 to 100 from "40", 40, "40%" or 40.5; None from nonsense."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value.strip().removesuffix("%") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return min(100, max(0, int(number))) if math.isfinite(number) else None


def _clip_urls(value: Any, usable: Callable[[str], bool]) -> tuple[str | None, ...]:
    """The first four addresses in their places; an unusable or repeated one leaves its place empty."""
    places: list[str | None] = []
    for entry in _listed(value)[:MOST_CLIPS]:
        found = (text for text in _spellings(_address_in(entry)) if len(text) <= MAX_URL and usable(text))
        text = next(found, None)
        places.append(text if text not in places else None)
    return tuple(places)


def _listed(value: Any, depth: int = MAX_DEPTH) -> list[Any]:
    """What `value` lists: a list itself, JSON of one as text, addresses in a row, an object by numbers or of one."""
    if not depth:
        return []
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            return _listed(json.loads(value), depth - 1)
        return re.split(r"[\s,;|]+(?=https?://)", value.strip())
    if isinstance(value, dict):
        return _numbered(value) or ([value] if _address_in(value) else _listed([*value.values()], depth - 1))
    if isinstance(value, list):
        return _listed(value[0], depth - 1) if len(value) == 1 and isinstance(value[0], list) else value
    return []


def _numbered(value: dict[str, Any]) -> list[Any]:
    """The first places of an object whose names are their numbers, from 0 or from 1 on."""
    numbers = {int(found[1]): each for name, each in value.items() if (found := NUMBERED.fullmatch(_plainly(name)))}
    first = min(1, *numbers) if numbers else 1
    return [numbers.get(first + place) for place in range(MOST_CLIPS)] if numbers else []


def _address_in(entry: Any, depth: int = MAX_DEPTH) -> str:
    """The address that `entry` is, or holds under a name for one."""
    if not isinstance(entry, dict) or not depth:
        return _text(entry)
    fields = _spelt(entry)
    return next((text for name in URL if (text := _address_in(fields.get(name), depth - 1))), "")


def _spellings(address: str) -> tuple[str, str]:
    """`address` as it came, and as it would have to be written: with https, and without blanks."""
    return address, re.sub("^(http:)?//", "https://", address, flags=re.IGNORECASE).replace(" ", "%20")


def usable_clip_url(sandbox_origin: str | None) -> Callable[[str], bool]:
    """A rule for clips' addresses: public https, and anything of `sandbox_origin`, where there is one."""
    return partial(may_be_fetched, excepted_origin=sandbox_origin)
