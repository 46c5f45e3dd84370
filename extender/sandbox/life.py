"""A task's life: what it shows, as a pure function of the time since its start."""

import math
from typing import Any, NamedTuple

PENDING, STAGED, STARTING, PROCESSING = "pending", "staged", "starting", "processing"
RETRYING, FINISHED, FAILED = "retrying", "finished", "failed"

# Where in a life, as a share of its length, each phase ends.
PENDING_ENDS, STAGED_ENDS, STARTING_ENDS = 0.06, 0.12, 0.2
MIDWAY = 0.5
RETRYING_ENDS = 0.6

# Midjourney's own progress jumps rather than flows.
STEPS = (0, 7, 15, 23, 31, 39, 46, 54, 62, 70, 78, 86, 93)
NONSENSE: tuple[Any, ...] = ("", "NaN", -5, math.inf, "140%", [], None)
FAILING = {"fail", "fail-error", "fail-list", "fail-detail", "fail-reason", "cancelled", "timeout"}
MODERATION = "Banned prompt detected: moderation refused the words of this prompt. Change them and try again."


class Moment(NamedTuple):
    status: str
    percentage: Any = None  # a string such as "46"; None where it is absent
    reason: str | None = None  # why it failed


def moment(
    elapsed: float,
    seconds: float,
    words: tuple[str, ...] = (),
    *,
    painted: bool = True,
    trouble: str | None = None,
) -> Moment:
    """What a task of `seconds` length shows `elapsed` seconds after its start.

    `painted`: all of its clips exist; it finishes only then. `trouble`: why they never will.
    """
    share = elapsed / seconds if seconds > 0 else 1.0
    if share >= MIDWAY and FAILING.intersection(words):
        return Moment(FAILED, reason=MODERATION)
    if "stuck" in words:
        share = min(share, MIDWAY)
    if share >= 1 and trouble:
        return Moment(FAILED, reason=trouble)
    if share >= 1 and painted:
        return Moment(FINISHED)
    return _running(max(0.0, share), words)


def _running(share: float, words: tuple[str, ...]) -> Moment:
    if share < PENDING_ENDS:
        return Moment(PENDING)
    if share < STAGED_ENDS:
        return Moment(STAGED)
    if share < STARTING_ENDS:
        return Moment(STARTING, "0")
    begins = STARTING_ENDS
    if "retry" in words and share >= MIDWAY:
        if share < RETRYING_ENDS:
            return Moment(RETRYING)
        begins = RETRYING_ENDS
    step = min(int((share - begins) / (1 - begins) * len(STEPS)), len(STEPS) - 1)
    status = "polishing" if "odd-status" in words else PROCESSING
    if "nonsense-percentage" in words:
        return Moment(status, NONSENSE[step % len(NONSENSE)])
    return Moment(status, str(STEPS[step]))
