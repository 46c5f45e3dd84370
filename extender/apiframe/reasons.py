"""Why APIFRAME did not do something, in its own words, wherever it puts them."""

import json
from contextlib import suppress
from typing import Any

from extender.apiframe.finding import MAX_DEPTH, as_id, objects_in
from extender.apiframe.vocabulary import ERRORS, LOOK_ALIKES, STATES, plainly_named, text_of, word_of
from extender.states import State

REASONS = ("message", "error", "errors", "errormessages", "detail", "reason", "msg")
OF_FAILURE = ("error", "fail", "failed", "failure", "status")
REASONS_ALIKE = (*(what + name for what in OF_FAILURE for name in (*REASONS, "description")), "description", "cause")
SUCCESS = ("success", "ok", "succeeded")
MAX_REASON = 2000


def reason_of(body: Any) -> str:
    """The first words in the places where APIFRAME puts a reason; "" where there are none."""
    return next((words for fields in objects_in(body) if (words := _words_in(fields))), "")[:MAX_REASON]


def refusal_in(body: Any) -> str:
    """APIFRAME's words where it speaks of errors and of nothing that may be a task; "" for none."""
    objects = [plainly_named(fields) for fields in objects_in(body)]
    if any(as_id(fields.get(name)) for fields in objects for name in ("taskid", *LOOK_ALIKES)):
        return ""
    return next((reason_of(fields) for fields in objects if _speaks_of_errors(fields)), "")


def _speaks_of_errors(fields: dict[str, Any]) -> bool:
    says_no = any(fields.get(name) is False for name in SUCCESS) or STATES.get(word_of(fields)) == State.FAILED
    return says_no or any(fields.get(name) for name in ERRORS)


def _words_in(said: Any, depth: int = MAX_DEPTH) -> str:
    if isinstance(said, dict):
        fields = plainly_named(said)
        # Within a reason anything is one: by the fields of a form, say.
        others = () if depth == MAX_DEPTH else fields
        said = [fields.get(name) for name in (*REASONS, *REASONS_ALIKE, *others)]
    elif isinstance(said, str) and said[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            return _words_in(json.loads(said), depth - 1)
    if not isinstance(said, list) or not depth:
        return text_of(said)
    return next((words for each in said if (words := _words_in(each, depth - 1))), "")
