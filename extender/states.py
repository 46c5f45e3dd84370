"""The words for where a task stands, and the moves between them that are allowed.

Every other room asks here: what APIFRAME says is translated into these words at the door (`apiframe.payloads`),
and `updates.apply_update` lets a task move only along `MOVES`.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a task stands. What is true in each is said in the README."""

    QUEUED = "queued"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    PENDING = "pending"
    PROCESSING = "processing"
    FINISHED = "finished"
    FAILED = "failed"


_ACCEPTED = {State.PENDING, State.PROCESSING, State.FINISHED, State.FAILED}

MOVES: dict[State, set[State]] = {
    # A genuine webhook about a row that waits proves that it did leave: what told us otherwise was wrong.
    State.QUEUED: {State.SENDING} | _ACCEPTED,
    State.SENDING: _ACCEPTED | {State.UNCONFIRMED, State.QUEUED},
    State.UNCONFIRMED: _ACCEPTED,
    State.PENDING: {State.PROCESSING, State.FINISHED, State.FAILED},
    State.PROCESSING: {State.PENDING, State.FINISHED, State.FAILED},
    State.FINISHED: set(),
    State.FAILED: set(),
}

FINAL = frozenset(state for state, moves in MOVES.items() if not moves)
OPEN = frozenset(State) - FINAL
# APIFRAME has these under an id, and can be asked about them.
FOLLOWED = frozenset({State.PENDING, State.PROCESSING})
# Somebody is working on these: what the bar on top calls "running".
RUNNING = OPEN - {State.UNCONFIRMED}


def may_become(state: State) -> frozenset[State]:
    """The states from which a task may move to `state`."""
    return frozenset(old for old, moves in MOVES.items() if state in moves)
