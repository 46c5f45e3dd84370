"""`python -m extender.video`: one line of JSON; before that of an export, lines with how many percent are there.

    examine <fd> [<fd of a flipbook> [end|<milliseconds>]]
    compare <fd of a flipbook> <fd of a flipbook> [end|<milliseconds>]
    frame <fd> [<milliseconds>]
    export <cut list> <fd>...
    look <fd>
    prepare <fd>

The files come opened, as numbers of descriptors; what is made lies in the working directory. The line holds "seen",
"facts", "cut", "frame", "film" or "prepared"; or "not_a_video" or "not_a_picture" (a sentence for members), or
"errno" and "message" (trouble of the system), or "failed" (a defect).
"""

import json
import os
import sys
from contextlib import ExitStack, nullcontext
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from extender.video import cell
from extender.video.cutlist import CutList
from extender.video.facts import NotAPicture, NotAVideo, Unfit
from extender.video.limits import confine

# What the verbs need comes once the limits hold, and before the cell closes: from inside nothing of it can be seen.
LOADED = {
    "examine": "examination",
    "compare": "cuts",
    "frame": "frame",
    "export": "export",
    "look": "pictures",
    "prepare": "pictures",
}
HERE = Path()  # the folder of the cell


def examine(file: str, parent: str = "", left: str = "") -> dict[str, Any]:
    from extender.video.examination import examine

    book = os.fdopen(int(parent), "rb") if parent else nullcontext()
    with os.fdopen(int(file), "rb") as clip, book as old:
        return {"seen": examine(clip, HERE, old, left).as_json()}


def compare(parent: str, child: str, left: str = "") -> dict[str, Any]:
    from extender.video import cuts, flipbook

    with os.fdopen(int(parent), "rb") as old, os.fdopen(int(child), "rb") as new:
        return {"cut": asdict(cuts.between(old, flipbook.read(new), left))}


def frame(file: str, at_ms: str | None = None) -> dict[str, Any]:
    from extender.video.frame import frame

    with os.fdopen(int(file), "rb") as opened:
        return {"frame": asdict(frame(opened, HERE, None if at_ms is None else float(at_ms)))}


def export(cuts: str, *files: str) -> dict[str, Any]:
    from extender.video.export import export

    with ExitStack() as opened:
        sources = [opened.enter_context(os.fdopen(int(file), "rb")) for file in files]
        film = export(CutList.from_json(cuts), sources, HERE, lambda percent: print(percent, flush=True))
        return {"film": asdict(film)}


def look(file: str) -> dict[str, Any]:
    from extender.video.pictures import look

    with os.fdopen(int(file), "rb") as opened:
        return {"facts": look(opened, HERE).as_json()}


def prepare(file: str) -> dict[str, Any]:
    from extender.video.pictures import prepare

    with os.fdopen(int(file), "rb") as opened:
        return {"prepared": asdict(prepare(opened, HERE))}


ABOUT_VIDEOS = {verb.__name__: verb for verb in (examine, frame, export)}
ABOUT_PICTURES = {verb.__name__: verb for verb in (look, prepare)}
OTHERS = ABOUT_PICTURES | {"compare": compare}


def answer(verb: str, *arguments: str) -> dict[str, Any]:
    """What the command line asks for."""
    key = NotAPicture.key if verb in ABOUT_PICTURES else NotAVideo.key
    try:
        return OTHERS[verb](*arguments) if verb in OTHERS else _about_videos(verb, *arguments)
    except Unfit as reason:
        return {key: str(reason)}
    except MemoryError:
        return {key: "It takes too much memory to read."}
    except OSError as error:
        if error.errno is None:
            raise
        return {"errno": error.errno, "message": error.strerror}


def shut_in(verb: str) -> None:
    """Limits this process, loads what the verb needs, and closes the cell."""
    confine(verb)
    import_module(f"extender.video.{LOADED[verb]}")
    cell.close()


def _about_videos(verb: str, *arguments: str) -> dict[str, Any]:
    from av import FFmpegError

    try:
        return ABOUT_VIDEOS[verb](*arguments)
    except MemoryError:
        raise
    except FFmpegError as error:
        # What cannot be read is passed over where it is read; what gets here of an export cannot be written.
        if verb == "export" and isinstance(error, OSError):
            raise
        raise NotAVideo("It cannot be read.") from error


if __name__ == "__main__":
    try:
        shut_in(sys.argv[1])
        line = answer(*sys.argv[1:])
    except Exception as defect:
        line = {"failed": repr(defect)[:1000]}
    print(json.dumps(line))
