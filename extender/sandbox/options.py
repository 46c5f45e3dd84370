"""What can be changed while the sandbox runs, and what values it accepts."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from extender.sandbox import misbehaviour


@dataclass(frozen=True)
class Options:
    seconds: float = 20.0  # from the submit to the result
    misbehave: tuple[str, ...] = ()
    tiny: bool = False  # copies of one tiny video instead of painted ones
    credits: int = 1000  # what the account is granted
    stall: float = 30.0  # seconds that a stalled answer waits
    finished: str = "status"  # the shape of a finished task: "status" or "bare"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "misbehave": list(self.misbehave)}


def seconds(value: Any) -> float:
    """A duration from 0 to a day, in seconds; ValueError with a sentence otherwise."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not 0 <= number <= 86_400:
        raise ValueError("seconds must be a number from 0 to 86400")
    return number


def words(value: Any) -> tuple[str, ...]:
    """Words of misbehaviour from a list or a comma separated text; ValueError names an unknown one."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(word, str) for word in given):
        raise ValueError("misbehave must be a list of words")
    found = tuple(word.strip() for word in given if word.strip())
    for word in found:
        if not misbehaviour.is_known(word):
            raise ValueError(f"unknown misbehaviour {word!r}: `sandbox --help` lists the words")
    return found


def credit(value: Any) -> int:
    """A whole number of credits from 0; ValueError with a sentence otherwise."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if isinstance(value, bool) or not 0 <= number <= 10**9:
        raise ValueError("credits must be a whole number from 0")
    return number


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("tiny must be true or false")
    return value


def shape(value: Any) -> str:
    """The shape of a finished task; ValueError with a sentence if there is no such shape."""
    if value not in ("status", "bare"):
        raise ValueError("finished must be status or bare")
    return value


READERS: dict[str, Callable[[Any], Any]] = {
    "seconds": seconds,
    "misbehave": words,
    "tiny": flag,
    "credits": credit,
    "stall": seconds,
    "finished": shape,
}


def changed(options: Options, changes: Any) -> Options:
    """The options with `changes` (a dict of some of their names) made; ValueError with a sentence."""
    if not isinstance(changes, dict):
        raise ValueError("the options must be a JSON object")
    if unknown := set(changes) - set(READERS):
        raise ValueError(f"unknown option {min(unknown, key=str)!r}")
    read: dict[str, Any] = {name: READERS[name](value) for name, value in changes.items()}
    return replace(options, **read)
