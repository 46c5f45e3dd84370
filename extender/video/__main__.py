"""`python -m extender.video`: one line of JSON; before that of an export, lines with how many percent are there.

    examine <fd> <folder>
    compare <fd> <fd>
    cut <fd> <fd> [<milliseconds>]
    frame <fd> <folder> [<milliseconds>]
    export <cut list> <folder> <fd>...
    look <fd> <folder>
    prepare <fd> <folder>

The files come opened, as numbers of descriptors. The line holds "facts", "cut", "frame", "film" or
"prepared"; or "not_a_video" or "not_a_picture" (a sentence for members), or "errno" and "message" (trouble of the
system), or "failed" (a defect).
"""

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from extender.video.cutlist import CutList
from extender.video.facts import NotAPicture, NotAVideo, Unfit
from extender.video.limits import confine

# What the verbs load is written in C and fed by strangers: they load it only when they run, once the limits hold.


def examine(file: str, folder: str) -> dict[str, Any]:
    from extender.video.examination import examine

    with os.fdopen(int(file), "rb") as opened:
        return {"facts": examine(opened, Path(folder)).as_json()}


def compare(parent: str, child: str) -> dict[str, Any]:
    from extender.video.cuts import compare

    with os.fdopen(int(parent), "rb") as old, os.fdopen(int(child), "rb") as new:
        return {"cut": asdict(compare(old, new))}


def cut(parent: str, child: str, out_ms: str | None = None) -> dict[str, Any]:
    from extender.video.cuts import cut

    with os.fdopen(int(parent), "rb") as old, os.fdopen(int(child), "rb") as new:
        return {"cut": asdict(cut(old, new, None if out_ms is None else int(out_ms)))}


def frame(file: str, folder: str, at_ms: str | None = None) -> dict[str, Any]:
    from extender.video.frame import frame

    with os.fdopen(int(file), "rb") as opened:
        return {"frame": asdict(frame(opened, Path(folder), None if at_ms is None else float(at_ms)))}


def export(cuts: str, folder: str, *files: str) -> dict[str, Any]:
    from extender.video.export import export

    with ExitStack() as opened:
        sources = [opened.enter_context(os.fdopen(int(file), "rb")) for file in files]
        film = export(CutList.from_json(cuts), sources, Path(folder), lambda percent: print(percent, flush=True))
        return {"film": asdict(film)}


def look(file: str, folder: str) -> dict[str, Any]:
    from extender.video.pictures import look

    with os.fdopen(int(file), "rb") as opened:
        return {"facts": look(opened, Path(folder)).as_json()}


def prepare(file: str, folder: str) -> dict[str, Any]:
    from extender.video.pictures import prepare

    with os.fdopen(int(file), "rb") as opened:
        return {"prepared": asdict(prepare(opened, Path(folder)))}


ABOUT_VIDEOS = {verb.__name__: verb for verb in (examine, compare, cut, frame, export)}
ABOUT_PICTURES = {verb.__name__: verb for verb in (look, prepare)}


def answer(verb: str, *arguments: str) -> dict[str, Any]:
    """What the command line asks for."""
    key = NotAPicture.key if verb in ABOUT_PICTURES else NotAVideo.key
    try:
        return ABOUT_PICTURES[verb](*arguments) if verb in ABOUT_PICTURES else _about_videos(verb, *arguments)
    except Unfit as reason:
        return {key: str(reason)}
    except MemoryError:
        return {key: "It takes too much memory to read."}
    except OSError as error:
        if error.errno is None:
            raise
        return {"errno": error.errno, "message": error.strerror}


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
    confine(*sys.argv[1:2])
    try:
        line = answer(*sys.argv[1:])
    except Exception as defect:
        line = {"failed": repr(defect)[:1000]}
    print(json.dumps(line))
