"""`python -m extender.video`: one line of JSON; before that of an export, lines with how many percent are there.

    examine <fd> <folder>
    compare <fd> <fd>
    export <cut list> <folder> <fd>...

The files come opened, as numbers of descriptors. The line holds "facts", "cut" or "film", or "not_a_video" (a
sentence for members), or "errno" and "message" (trouble of the system), or "failed" (a defect of ours).
"""

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from extender.video.cutlist import CutList
from extender.video.facts import NotAVideo
from extender.video.limits import confine


def examine(file: str, folder: str) -> dict[str, Any]:
    # Here and below only once the limits hold: what these load is written in C and fed by strangers.
    from extender.video.examination import examine

    with os.fdopen(int(file), "rb") as opened:
        return {"facts": examine(opened, Path(folder)).as_json()}


def compare(parent: str, child: str) -> dict[str, Any]:
    from extender.video.cuts import compare

    with os.fdopen(int(parent), "rb") as old, os.fdopen(int(child), "rb") as new:
        return {"cut": asdict(compare(old, new))}


def export(cuts: str, folder: str, *files: str) -> dict[str, Any]:
    from extender.video.export import export

    with ExitStack() as opened:
        sources = [opened.enter_context(os.fdopen(int(file), "rb")) for file in files]
        film = export(CutList.from_json(cuts), sources, Path(folder), lambda percent: print(percent, flush=True))
        return {"film": asdict(film)}


VERBS = {verb.__name__: verb for verb in (examine, compare, export)}


def answer(verb: str, *arguments: str) -> dict[str, Any]:
    """What the command line asks for."""
    from av import FFmpegError

    try:
        return VERBS[verb](*arguments)
    except NotAVideo as reason:
        return {"not_a_video": str(reason)}
    except MemoryError:
        return {"not_a_video": "It takes too much memory to read."}
    except FFmpegError as error:
        # What cannot be read is passed over where it is read; what gets here of an export cannot be written.
        if verb == "export" and isinstance(error, OSError):
            return {"errno": error.errno, "message": error.strerror}
        return {"not_a_video": "It cannot be read."}
    except OSError as error:
        if error.errno is None:
            raise
        return {"errno": error.errno, "message": error.strerror}


if __name__ == "__main__":
    confine(*sys.argv[1:2])
    try:
        line = answer(*sys.argv[1:])
    except Exception as defect:
        line = {"failed": repr(defect)[:1000]}
    print(json.dumps(line))
