"""Where a task, a clip's file and the export of a film stand: the words, what is true in each, the allowed moves.

What APIFRAME says is translated into these words by `apiframe.payloads`. `tasks.updates.apply_update` lets a task
move only along `MOVES`, and `tasks.models.leases.LeasedQuerySet.move` lets a file move only along `FILE_MOVES`, an
export only along `EXPORT_MOVES`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class State(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    """It is saved here, and not sent."""
    CANCELLED = "cancelled"
    """A person took it back before it was sent: nothing was billed."""
    SENDING = "sending"
    """Its one request is on the wire, and nobody else may send it."""
    UNCONFIRMED = "unconfirmed"
    """It was sent, and no usable answer came: it may be running, and billed."""
    PENDING = "pending"
    """APIFRAME accepted it, and it waits there."""
    PROCESSING = "processing"
    """APIFRAME renders it."""
    FINISHED = "finished"
    """Its clips are known."""
    FAILED = "failed"
    """It was refused, or it failed, for a reason on which a person can act."""


_ACCEPTED = {State.PENDING, State.PROCESSING, State.FINISHED, State.FAILED}

MOVES: dict[State, set[State]] = {
    # A genuine webhook about a row that waits proves that it did leave: what told us otherwise was wrong.
    State.QUEUED: {State.SENDING, State.CANCELLED} | _ACCEPTED,
    State.CANCELLED: set(),
    State.SENDING: _ACCEPTED | {State.UNCONFIRMED, State.QUEUED},
    State.UNCONFIRMED: _ACCEPTED,
    State.PENDING: {State.PROCESSING, State.FINISHED, State.FAILED},
    State.PROCESSING: {State.PENDING, State.FINISHED, State.FAILED},
    State.FINISHED: set(),
    State.FAILED: set(),
}

FINAL = frozenset(state for state, moves in MOVES.items() if not moves)
OPEN = frozenset(State) - FINAL
# For these nothing was paid.
UNSENT = frozenset({State.QUEUED, State.CANCELLED})
# Over, and nothing came of them.
FRUITLESS = frozenset({State.FAILED, State.CANCELLED})
# APIFRAME has these under an id, and can be asked about them.
FOLLOWED = frozenset({State.PENDING, State.PROCESSING})
# These end by themselves: what the bar on top counts. What is queued waits; APIFRAME works on the others.
RUNNING = OPEN - {State.UNCONFIRMED}


class FileState(StrEnum):
    """Where our file of a clip stands. Until it is stored, browsers play the clip from its own address."""

    WAITING = "waiting"
    """It is still to be copied, at once or after a pause."""
    COPYING = "copying"
    """A worker is copying it, and nobody else may."""
    BLOCKED = "blocked"
    """Our own disk or bucket could not take it; it is tried again every minute."""
    BARRED = "barred"
    """Its host, or the network, keeps this server out; it is tried again for hours, and browsers may play it."""
    STORED = "stored"
    """It is here, whole and verified."""
    REFUSED = "refused"
    """What came may not be stored: it is too large, or no video. Only a person has it tried again."""
    LOST = "lost"
    """Its host has not had it for a day, or APIFRAME has forgotten it. Only a person has it tried again."""


FILE_MOVES: dict[FileState, set[FileState]] = {
    FileState.WAITING: {FileState.COPYING, FileState.WAITING},
    # Whoever comes after a claim that has lapsed copies it from the beginning.
    FileState.COPYING: set(FileState),
    FileState.BLOCKED: {FileState.COPYING, FileState.WAITING},
    FileState.BARRED: {FileState.COPYING, FileState.WAITING},
    # A stored file that is found damaged is copied again.
    FileState.STORED: {FileState.WAITING},
    FileState.REFUSED: {FileState.WAITING},
    FileState.LOST: {FileState.WAITING},
}

# Still to be had: what is not settled, for good or ill.
UNSETTLED_FILES = frozenset({FileState.WAITING, FileState.COPYING, FileState.BLOCKED, FileState.BARRED})

FILE_WORDS: dict[FileState, str] = {
    FileState.WAITING: "not copied yet",
    FileState.COPYING: "copying",
    FileState.BLOCKED: "copying paused",
    FileState.BARRED: "cannot be reached",
    FileState.STORED: "saved",
    FileState.REFUSED: "cannot be saved",
    FileState.LOST: "no longer at APIFRAME",
}


class ExportState(StrEnum):
    """Where the export of a film stands: one file of a branch, to be taken away."""

    WAITING = "waiting"
    """It is still to be made, at once or after a pause."""
    EXPORTING = "exporting"
    """A worker is making it, and nobody else may."""
    BLOCKED = "blocked"
    """Our own disk or bucket could not take it; it is tried again every minute."""
    STORED = "stored"
    """It is here, whole, until nobody has asked for it for 30 days."""
    FAILED = "failed"
    """It cannot be made, for a reason that is said. Only a person has it tried again."""
    CANCELLED = "cancelled"
    """Whoever wanted it does not any more."""


EXPORT_MOVES: dict[ExportState, set[ExportState]] = {
    ExportState.WAITING: {ExportState.EXPORTING, ExportState.CANCELLED},
    # Whoever comes after a claim that has lapsed makes it from the beginning.
    ExportState.EXPORTING: set(ExportState),
    ExportState.BLOCKED: {ExportState.EXPORTING, ExportState.CANCELLED},
    # A file that is missing is made again.
    ExportState.STORED: {ExportState.WAITING},
    ExportState.FAILED: {ExportState.WAITING},
    ExportState.CANCELLED: {ExportState.WAITING},
}

UNSETTLED_EXPORTS = frozenset({ExportState.WAITING, ExportState.EXPORTING, ExportState.BLOCKED})
# Of those that have ended, the ones that were not to be had.
UNMADE_EXPORTS = frozenset({ExportState.FAILED, ExportState.CANCELLED})

EXPORT_WORDS: dict[ExportState, str] = {
    ExportState.WAITING: "waiting for its turn",
    ExportState.EXPORTING: "exporting",
    ExportState.BLOCKED: "exporting paused",
    ExportState.STORED: "ready",
    ExportState.FAILED: "failed",
    ExportState.CANCELLED: "cancelled",
}

AnyState = TypeVar("AnyState", bound=StrEnum)


def may_become(state: AnyState, moves: Mapping[AnyState, set[AnyState]]) -> frozenset[AnyState]:
    """The states from which `moves` allow a move to `state`."""
    return frozenset(old for old, new in moves.items() if state in new)
