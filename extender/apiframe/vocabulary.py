"""How APIFRAME, and services like it, call things; names are compared as `plainly` spells them."""

import re
from typing import Any

from extender.apiframe.redaction import storable
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
    **dict.fromkeys(("completed", "complete", "success", "successful", "succeeded", "done"), State.FINISHED),
    **dict.fromkeys(("cancelled", "canceled", "timeout", "timedout", "moderated", "rejected"), State.FAILED),
    **dict.fromkeys(
        ("fail", "errored", "failure", "aborted", "expired", "refused", "denied", "banned", "flagged"), State.FAILED
    ),
}
# Where look-alike services wrap what they say, and what they call a task's id; names here are plain: `plainly`.
WRAPPINGS = {"data", "result", "results", "task", "tasks", "response", "payload", "output", "items", "body", "object"}
LOOK_ALIKES = {"id", "uuid", "jobid"}
URLS = ("videourls", "imageurls")
STATUS = ("status", "state", "taskstatus", "jobstatus")
ERRORS = ("errors", "error", "errormessages")


def word_of(task: dict[str, Any]) -> str:
    """How `task` stands, in APIFRAME's word; "" where it does not say."""
    return plainly(next(filter(None, (text_of(task.get(name)) for name in STATUS)), ""))


def plainly_named(fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` by their plain names; of two with the same, the first."""
    return {plainly(name): value for name, value in reversed(fields.items())}


def plainly(name: str) -> str:
    """A name as it is compared: without what parts its words, in small letters."""
    return re.sub("[ _-]", "", name).lower()


def text_of(value: Any) -> str:
    """A text as it can be stored, without blanks around it; "" for what is none."""
    return storable(value).strip() if isinstance(value, str) else ""
