"""APIFRAME's JSON, translated at the door into our words.

Nothing beyond this room knows how APIFRAME spells a state, a percentage, an address or a reason.
"""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Any

from extender.apiframe.addresses import MOST_CLIPS, clip_urls_in
from extender.apiframe.finding import id_in, objects_in, only_id_in, tasks_in, whole_task
from extender.apiframe.reasons import reason_of
from extender.apiframe.redaction import kept_of, written
from extender.apiframe.vocabulary import STATES, URLS, word_of
from extender.states import State

PICTURES = ("imageurls", "images")
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
        task = whole_task(said, remote_id)
        update = _translate(task, remote_id, usable)
        if update.state == State.FINISHED or (
            word_of(task) and update.state != State.FAILED and not update.is_unreadable
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


def _translate(
    said: dict[str, Any], remote_id: str, usable: Callable[[str], bool], unsaid: State = State.PROCESSING
) -> TaskUpdate:
    task = whole_task(said, remote_id)
    word = word_of(task)
    state = STATES.get(word, State.PROCESSING if word else unsaid)
    percentage = _percentage(task.get("percentage"))
    name, urls = clip_urls_in(task, usable, may_be_named_otherwise=not word or state == State.FINISHED)
    is_whole = sum(map(bool, urls)) == MOST_CLIPS and percentage in (None, 100)
    if name not in URLS and not is_whole and state != State.FINISHED:
        urls = ()
    # The documented success has no status: the clips are what success looks like. Where it says itself that it is
    # not over, they may be the first of them, or a look at what is being made.
    if state != State.FAILED and urls and (is_whole or state == State.FINISHED or word not in STATES):
        return TaskUpdate(State.FINISHED, remote_id, 100, urls, has_pictures=name in PICTURES)
    if state == State.FINISHED or (not word and not task.keys().isdisjoint(URLS)):
        return TaskUpdate(State.PROCESSING, remote_id, 100, reason=UNREADABLE)
    if state == State.FAILED:
        return TaskUpdate(State.FAILED, remote_id, reason=reason_of(task) or _reasonless(word))
    return TaskUpdate(state, remote_id, percentage, retried=word in ("retry", "retrying"))


def _reasonless(word: str) -> str:
    said = "" if word in ("failed", "error") else f" It says: {word}."
    return f"APIFRAME gave no reason.{said}"


def _percentage(value: Any) -> int | None:
    """0 to 100 from "40", 40, "40%", 40.5 or "40,5"; None from nonsense."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value.strip().removesuffix("%").replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return min(100, max(0, int(number))) if math.isfinite(number) else None
