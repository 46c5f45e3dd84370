"""Sudden death at named points of sending, for tests alone: the product knows nothing of this.

`EXTENDER_KILL_AT="after-post:0.05,before-claim:0.02"` lets a process that called `install()` kill itself with SIGKILL
at these points, each time with that probability. `EXTENDER_KILL_LOG` names a file that gets a line for each death.
"""

import functools
import os
import random
import signal
from collections.abc import Callable
from typing import Any

POINTS = ("before-claim", "after-claim", "before-post", "after-post", "after-answer")
SUBMIT = "/imagine-video-extend"


def install() -> None:
    """Wraps the points. Call it once Django is set up."""
    chances = _chances(os.environ.get("EXTENDER_KILL_AT", ""))
    if not chances:
        return
    from extender.apiframe import client
    from extender.tasks import sending
    from extender.tasks.models.tasks import TaskQuerySet

    dice = _Dice(chances, os.environ["EXTENDER_KILL_LOG"])
    TaskQuerySet.claim_to_send = _around(TaskQuerySet.claim_to_send, dice, "before-claim", "after-claim")
    client.exchange = _around(client.exchange, dice, "before-post", "after-post", only=_is_submit)
    sending.apply_update = _around(sending.apply_update, dice, after="after-answer")


def _chances(text: str) -> dict[str, float]:
    pairs = (pair.split(":") for pair in text.split(",") if pair)
    chances = {point: float(chance) for point, chance in pairs}
    if unknown := chances.keys() - set(POINTS):
        raise ValueError(f"EXTENDER_KILL_AT names no point: {unknown}")
    return chances


class _Dice:
    def __init__(self, chances: dict[str, float], log: str) -> None:
        self._chances = chances
        self._log = log

    def at(self, point: str | None) -> None:
        """Kills this process, or does not."""
        if point and random.random() < self._chances.get(point, 0):
            with open(self._log, "a") as log:  # noqa: PTH123, nothing here may fail
                log.write(f"{point}\n")
            os.kill(os.getpid(), signal.SIGKILL)


def _around(
    wrapped: Callable[..., Any],
    dice: _Dice,
    before: str | None = None,
    after: str | None = None,
    only: Callable[..., bool] = lambda *_, **__: True,
) -> Callable[..., Any]:
    @functools.wraps(wrapped)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not only(*args, **kwargs):
            return wrapped(*args, **kwargs)
        dice.at(before)
        try:
            return wrapped(*args, **kwargs)
        finally:
            dice.at(after)

    return wrapper


def _is_submit(method: str, url: str, *_: Any, **__: Any) -> bool:
    return url.endswith(SUBMIT)
