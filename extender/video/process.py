"""Has files of strangers looked into by a process of its own, which may die of them. Nothing here loads a decoder."""

import json
import math
import os
import re
import selectors
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any, NamedTuple

from extender.video import layout
from extender.video.cutlist import CutList, Film
from extender.video.facts import (
    Cut,
    Drift,
    Facts,
    FrameFacts,
    NotAPicture,
    NotAVideo,
    PictureFacts,
    Prepared,
    Seen,
    Unfit,
)

# On the wall, where the process may have to wait for a processor; its own limit is of work. An export: for a percent.
SECONDS = 90
ANSWER_BYTES = 100_000  # the moments of as many pictures as there may be are 70,000
PERCENT = re.compile(rb"(\d{1,2})\n")
ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-sP", "-m", "extender.video")
STILLS = (layout.POSTER, layout.THUMBNAIL)
MADE = (*STILLS, layout.STORYBOARD, layout.FLIPBOOK)  # of a video
USER = 61_913  # nobody's number: what root starts becomes it, once the cell is closed
# All that the process gets to see of our environment. Keys and passwords are in the rest.
PASSED_ON = ("PATH", "LD_LIBRARY_PATH")
CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL}


class ProbeFailed(Exception):
    """The file could not be looked into, for no fault of its own: worth another try, later."""


class Parent(NamedTuple):
    """What a clip is compared with: the flipbook of the clip that it continues."""

    flipbook: Path
    is_left: bool = False  # for a new shot, which repeats nothing of it
    out_ms: int | None = None  # when, after its first picture; None: at its end

    @property
    def left(self) -> list[str]:
        """When it is left, as the process is told."""
        return ["end" if self.out_ms is None else str(self.out_ms)] if self.is_left else []


def examine(file: Path, into: Path) -> Facts:
    """The facts of a video, and its pictures, as of `see`."""
    return see(file, into, None).facts


def see(file: Path, into: Path, parent: Parent | None) -> Seen:
    """What a video holds, and its cut from its parent; writes all of `MADE` into the folder `into`.

    Raises `NotAVideo`, with a sentence for members, where the file is none that can be kept; `ProbeFailed`; OSError
    with its number where the file cannot be opened or the pictures cannot be written (ENOSPC: no space left).
    """
    with ExitStack() as opened:
        given: list[int | str] = [opened.enter_context(file.open("rb")).fileno()]
        if parent:
            given += [opened.enter_context(parent.flipbook.open("rb")).fileno(), *parent.left]
        return Seen.from_json(_ask("seen", "examine", *given, into=into, makes=MADE))


def compare(parent: Parent, child: Path) -> Cut:
    """How the clip whose flipbook is `child` goes on from its parent. Raises `ProbeFailed`, OSError."""
    with parent.flipbook.open("rb") as old, child.open("rb") as new:
        return Cut(**_ask("cut", "compare", old.fileno(), new.fileno(), *parent.left))


def frame(file: Path, into: Path, at_ms: float | None = None) -> FrameFacts:
    """Writes the picture that stands on the screen `at_ms` after a clip's first, as `layout.FRAME` at full size.

    Without a moment, or with one behind the end, it is the last. Raises as `see`.
    """
    moment = [] if at_ms is None else [str(at_ms)]
    with file.open("rb") as opened:
        return FrameFacts(**_ask("frame", "frame", opened.fileno(), *moment, into=into, makes=(layout.FRAME,)))


def export(cuts: CutList, files: Sequence[Path], into: Path, tell: Callable[[int], None]) -> Film:
    """Makes one film of `files`, one for each part of the cut list; writes `layout.film(cuts.format)` into `into`.

    `tell` hears how many percent are there, each once and rising, 0 to 99; what it raises ends the export.

    Raises as `see`: `NotAVideo` also where a part holds no picture, and where the film takes more than its limits
    (20 minutes of a processor); OSError where it cannot be written (EFBIG: it is larger than 1 GiB).
    """
    with ExitStack() as opened:
        numbers = [opened.enter_context(file.open("rb")).fileno() for file in files]
        makes = (layout.film(cuts.format),)
        return Film(**_ask("film", "export", cuts.as_json(), *numbers, into=into, makes=makes, tell=tell))


def look(file: Path, into: Path) -> PictureFacts:
    """The facts of a picture; writes `layout.POSTER` and `THUMBNAIL`. Raises `NotAPicture`, else as `see`."""
    with file.open("rb") as opened:
        return PictureFacts(**_ask("facts", "look", opened.fileno(), into=into, makes=STILLS, unfit=NotAPicture))


def prepare(file: Path, into: Path) -> Prepared:
    """Makes of a picture that somebody gave, `file`, what APIFRAME takes: `layout.PREPARED`, in the folder `into`.

    Writes `layout.THUMBNAIL` there too. Raises `NotAPicture`, with a sentence for members; else as `see`.
    """
    with file.open("rb") as opened:
        makes = (layout.THUMBNAIL, layout.PREPARED)
        return Prepared(**_ask("prepared", "prepare", opened.fileno(), into=into, makes=makes, unfit=NotAPicture))


def drift(of: Facts, original: Facts) -> Drift:
    """How far the end of a clip is from the end of its original."""
    return Drift(
        colour=round(math.dist(astuple(of.end_tone), astuple(original.end_tone)), 2),
        sharpness=round(of.end_sharpness - original.end_sharpness, 2),
    )


def _silent(percent: int) -> None:
    raise ProbeFailed(f"the process said {percent}")


def _ask(
    wanted: str,
    verb: str,
    *arguments: int | str,
    into: Path | None = None,
    makes: Sequence[str] = (),
    unfit: type[Unfit] = NotAVideo,
    tell: Callable[[int], None] = _silent,
) -> Any:
    """What a new process answers under the name `wanted`; numbers among the arguments are open files, passed on.

    It works in a folder of its own, from which the files that it `makes` are taken `into` another one.
    """
    with tempfile.TemporaryDirectory(dir=into, prefix="cell-", ignore_cleanup_errors=True) as folder:
        if os.geteuid() == 0:
            with suppress(OSError):  # some disks know one owner alone
                os.chown(folder, USER, USER)
        answer = _answer(wanted, (verb, *arguments), folder, unfit, tell)
        if into:
            for name in makes:
                _take(Path(folder, name), into / name)
        return answer


def _answer(
    wanted: str, arguments: Sequence[int | str], folder: str, unfit: type[Unfit], tell: Callable[[int], None]
) -> Any:
    try:
        process = subprocess.Popen(  # noqa: S603, our own command
            [*COMMAND, *map(str, arguments)],
            cwd=folder,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ}
            | {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
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
            return _understood(wanted, unfit, *_outcome(process, tell))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _take(made: Path, target: Path) -> None:
    """Renames what the process made, as ours. `ProbeFailed` where it is no plain file."""
    try:
        found = made.lstat()
    except FileNotFoundError:
        raise ProbeFailed(f"the process made no {made.name}") from None
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise ProbeFailed(f"the process made {made.name} of another kind")
    if found.st_uid != os.geteuid():
        os.chown(made, os.geteuid(), os.getegid(), follow_symlinks=False)
    made.replace(target)


def _outcome(process: subprocess.Popen[bytes], tell: Callable[[int], None]) -> tuple[bytes, int]:
    """What the process printed at last, and how it ended. `ProbeFailed` if it is late or says too much."""
    ends, percent = time.monotonic() + SECONDS, -1
    pipe, printed = process.stdout, b""
    if pipe is None:
        raise TypeError("the process has no pipe")
    with selectors.DefaultSelector() as waiting, suppress(subprocess.TimeoutExpired):
        waiting.register(pipe, selectors.EVENT_READ)
        while waiting.select(max(0.0, ends - time.monotonic())):
            if not (part := os.read(pipe.fileno(), ANSWER_BYTES)):
                return printed, process.wait(max(0.0, ends - time.monotonic()))
            printed += part
            while said := PERCENT.match(printed):
                if int(said[1]) <= percent:
                    raise ProbeFailed("the process does not get on")
                printed, percent, ends = printed[said.end() :], int(said[1]), time.monotonic() + SECONDS
                tell(percent)
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
