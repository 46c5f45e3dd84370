"""Has files of strangers looked into by a process of its own, which may die of them. Nothing here loads a decoder."""

import json
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from extender.video.facts import Cut, Drift, Facts, NotAPicture, NotAVideo, PictureFacts, Prepared, Unfit

SECONDS = 90  # on the wall, where the process may have to wait for a processor; its own limit is of work
ANSWER_BYTES = 10_000
ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-s", "-m", "extender.video")
# All that the process gets to see of our environment. Keys and passwords are in the rest.
PASSED_ON = ("PATH", "LD_LIBRARY_PATH")
CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL}


class ProbeFailed(Exception):
    """The file could not be looked into, for no fault of its own: worth another try, later."""


def examine(file: Path, into: Path) -> Facts:
    """The facts of a video; writes `layout.POSTER`, `THUMBNAIL` and `STORYBOARD` into the folder `into`.

    Raises `NotAVideo`, with a sentence for members, where the file is none that can be kept; `ProbeFailed`; OSError
    with its number where the file cannot be opened or the pictures cannot be written (ENOSPC: no space left).
    """
    with file.open("rb") as opened:
        return Facts.from_json(_ask("facts", "examine", opened.fileno(), into.resolve()))


def compare(parent: Path, child: Path) -> Cut:
    """How the clip `child` goes on from the clip `parent`. Raises as `examine`; takes 0.05 s a second of film."""
    with parent.open("rb") as old, child.open("rb") as new:
        return Cut(**_ask("cut", "compare", old.fileno(), new.fileno()))


def look(file: Path, into: Path) -> PictureFacts:
    """The facts of a picture; writes `layout.POSTER` and `THUMBNAIL`. Raises `NotAPicture`, else as `examine`."""
    with file.open("rb") as opened:
        return PictureFacts(**_ask("facts", "look", opened.fileno(), into.resolve(), unfit=NotAPicture))


def prepare(file: Path, into: Path) -> Prepared:
    """Makes of a picture that somebody gave, `file`, what APIFRAME takes: `layout.PREPARED`, in the folder `into`.

    Writes `layout.THUMBNAIL` there too. Raises `NotAPicture`, with a sentence for members; else as `examine`.
    """
    with file.open("rb") as opened:
        return Prepared(**_ask("prepared", "prepare", opened.fileno(), into.resolve(), unfit=NotAPicture))


def drift(of: Facts, original: Facts) -> Drift:
    """How far the end of a clip is from the end of its original."""
    return Drift(
        colour=round(math.dist(astuple(of.end_tone), astuple(original.end_tone)), 2),
        sharpness=round(of.end_sharpness - original.end_sharpness, 2),
    )


def _ask(wanted: str, verb: str, *arguments: int | Path, unfit: type[Unfit] = NotAVideo) -> Any:
    """What a new process answers under the name `wanted`; numbers among the arguments are open files, passed on."""
    try:
        process = subprocess.Popen(  # noqa: S603, our own command
            [*COMMAND, verb, *map(str, arguments)],
            cwd=ROOT,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ}
            | {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[argument for argument in arguments if isinstance(argument, int)],
            process_group=0,
        )
    except OSError as error:
        raise ProbeFailed(f"no process could be started: {error}") from error
    with process:
        try:
            return _understood(wanted, unfit, *_outcome(process))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _outcome(process: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    """What the process printed, and how it ended. `ProbeFailed` if it is late or says too much."""
    ends = time.monotonic() + SECONDS
    pipe, printed = process.stdout, b""
    if pipe is None:
        raise TypeError("the process has no pipe")
    with selectors.DefaultSelector() as waiting, suppress(subprocess.TimeoutExpired):
        waiting.register(pipe, selectors.EVENT_READ)
        while waiting.select(max(0.0, ends - time.monotonic())):
            if not (part := os.read(pipe.fileno(), ANSWER_BYTES)):
                return printed, process.wait(max(0.0, ends - time.monotonic()))
            printed += part
            if len(printed) > ANSWER_BYTES:
                raise ProbeFailed("the process said too much")
    raise ProbeFailed("the process did not come to an end in time")


def _understood(wanted: str, unfit: type[Unfit], printed: bytes, status: int) -> Any:
    if status == -signal.SIGXCPU:
        raise unfit("It takes too long to read.")
    if status in CRASHES:
        raise unfit("It cannot be read.")
    try:
        answer = json.loads(printed)
    except ValueError:
        raise ProbeFailed(f"the process ended with status {status}") from None
    if unfit.key in answer:
        raise unfit(answer[unfit.key])
    if "failed" in answer:
        raise ProbeFailed(answer["failed"])
    if "errno" in answer:
        raise OSError(answer["errno"], answer["message"])
    return answer[wanted]
