"""Sudden death at named points of sending, for tests alone: the product knows nothing of this.

`EXTENDER_KILL_EVERY="10"` lets a process that called `install()` kill itself with SIGKILL at every tenth passage of
each of these points, the fifth first. Passages are counted over all processes, so that no death depends on luck.
`EXTENDER_KILL_LOG` names a file that gets a line for each death; beside it lie the files that count.
"""

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

POINTS = (
    "before-claim",
    "after-claim",
    "before-upload",
    "after-upload",
    "before-post",
    "after-post",
    "after-answer",
)
SUBMITS = ("/imagine-video-extend", "/imagine-video", "/imagine")


def install() -> None:
    """Wraps the points. Call it once Django is set up."""
    every = int(os.environ.get("EXTENDER_KILL_EVERY", "0"))
    if not every:
        return
    from extender.apiframe import client
    from extender.tasks import gate, sending

    log = Path(os.environ["EXTENDER_KILL_LOG"])
    # Few tasks have a picture to upload; each that dies there is missed at the points that follow.
    passages, uploads = _Passages(every, log), _Passages(max(4, every // 7), log)
    gate.claim = _around(gate.claim, passages, "before-claim", "after-claim")
    client.exchange = _around(client.exchange, passages, "before-post", "after-post", only=_is_submit)
    client.exchange = _around(client.exchange, uploads, "before-upload", "after-upload", only=_is_upload)
    sending.apply_update = _around(sending.apply_update, passages, after="after-answer")


def count(path: Path) -> int:
    """One more in the file that counts something for several processes; returns how many there are now."""
    counter = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(counter, b".")
        # Where this very byte ends, whoever else writes.
        return os.lseek(counter, 0, os.SEEK_CUR)
    finally:
        os.close(counter)


def is_deadly(passage: int, every: int) -> bool:
    """Whether a process dies at this passage: every so many, and for the first time after half as many."""
    return passage % every == every // 2


class _Passages:
    def __init__(self, every: int, log: Path) -> None:
        self._every, self._log = every, log

    def one_more(self, point: str | None) -> None:
        """Kills this process, or does not."""
        if point and is_deadly(count(self._log.with_suffix(f".{point}")), self._every):
            with self._log.open("a") as log:
                log.write(f"{point}\n")
            os.kill(os.getpid(), signal.SIGKILL)


def _around(
    wrapped: Callable[..., Any],
    passages: _Passages,
    before: str | None = None,
    after: str | None = None,
    only: Callable[..., bool] = lambda *_, **__: True,
) -> Callable[..., Any]:
    @functools.wraps(wrapped)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not only(*args, **kwargs):
            return wrapped(*args, **kwargs)
        passages.one_more(before)
        try:
            return wrapped(*args, **kwargs)
        finally:
            passages.one_more(after)

    return wrapper


def _is_submit(method: str, url: str, *_: Any, **__: Any) -> bool:
    return url.endswith(SUBMITS)


def _is_upload(method: str, url: str, *_: Any, **__: Any) -> bool:
    return url.endswith("/upload")
