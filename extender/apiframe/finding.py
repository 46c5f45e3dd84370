"""Finds the tasks that a body of APIFRAME's is about, and their ids, however they are wrapped, named or spelt."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from extender.apiframe.redaction import storable
from extender.apiframe.vocabulary import (
    LOOK_ALIKES,
    STATES,
    URLS,
    WRAPPINGS,
    plainly,
    plainly_named,
    word_of,
)

MAX_DEPTH = 5
# Twenty tasks have some hundred. Each is looked at, and translated where nothing says of which task it is.
MOST_OBJECTS = 1000
IDS = ("taskid", "taskids")
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


def objects_in(body: Any, alike: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """The objects that `body` may mean: itself, and those that it lists or wraps, or names by an `alike` id."""
    return islice(_objects_in(body, alike), MOST_OBJECTS)


def _objects_in(body: Any, alike: Collection[str], depth: int = MAX_DEPTH) -> Iterator[dict[str, Any]]:
    if not depth:
        return
    if isinstance(body, str) and body[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            body = json.loads(body)
    if isinstance(body, list):
        for each in body:
            yield from _objects_in(each, alike, depth - 1)
    elif isinstance(body, dict):
        yield body
        for name, value in body.items():
            if alike and isinstance(value, dict) and _folded(name) in alike:
                yield {"task_id": name, **value}
            elif plainly(name) in WRAPPINGS:
                yield from _objects_in(value, alike, depth - 1)


def tasks_in(body: Any, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What `body` says of the tasks `ids`, by id: of each, the first that says how it stands."""
    found: dict[str, dict[str, Any]] = {}
    objects = list(objects_in(body, {_folded(known) for known in ids}))
    meant = _meanings({name for task in objects for name in _names(task)}, ids)
    for task in objects:
        remote_id = next((meant[name] for name in _names(task) if name in meant), "")
        if remote_id and not whole_task(found.get(remote_id, {}), remote_id).keys() & {"status", *URLS}:
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
    return next((found for name, value in task.items() if plainly(name) in IDS and (found := as_id(value))), "")


def _names(task: dict[str, Any]) -> list[str]:
    """What may be the id of `task`: under another name it counts where there is none under its own."""
    own = id_in(task)
    others = (as_id(value) for name, value in task.items() if plainly(name) in LOOK_ALIKES)
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


def as_id(value: Any) -> str:
    """The id that `value` is, or alone holds, its digits as they stand; "" for none."""
    while isinstance(value, list | dict) and len(value) == 1:
        (value,) = value.values() if isinstance(value, dict) else value
    found = str(value) if type(value) is int and value.bit_length() < MAX_BITS else value
    # Where a byte could not be read, or cannot be stored, nobody can send it back as it came.
    if not isinstance(found, str) or "\ufffd" in found or storable(found) != found:
        return ""
    return found if found.strip() and len(found) <= MAX_ID else ""


def whole_task(task: dict[str, Any], remote_id: str) -> dict[str, Any]:
    """`task` by plain names, with what it wraps of itself: this counts first where it says how the task stands."""
    whole = plainly_named(task)
    if any(whole.get(name) for name in URLS):
        return whole
    for name, value in task.items():
        if plainly(name) in WRAPPINGS and isinstance(value, dict) and _is_or_lacks(value, remote_id):
            inner = plainly_named(value)
            whole = {**whole, **inner} if word_of(inner) in STATES else {**inner, **whole}
    return whole


def _is_or_lacks(task: dict[str, Any], remote_id: str) -> bool:
    return _folded(id_in(task)) in ("", _folded(remote_id))


def likely_id_in(kept: str) -> str:
    """What may be a task's id in the text that was kept of an answer: a person has to say so. "" for none."""
    found = LIKELY_ID.search(kept) or LIKELY_BARE.fullmatch(kept.strip())
    return next(filter(None, found.groups()), "") if found else ""


def of_bare_id(text: str) -> dict[str, str] | None:
    """What an answer means whose `text` is nothing but an id."""
    bare = text.strip("\"'")
    return {"task_id": bare} if BARE_ID.fullmatch(bare) else None
