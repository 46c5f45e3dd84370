"""`python -m extender.video VERB <fd> <folder>`: examine, look or prepare; or `compare <fd> <fd>`: one line of JSON.

The files come opened, as numbers of descriptors. The line holds "facts", "cut", or "prepared"; or "not_a_video" or
"not_a_picture" (a sentence for members), or "errno" and "message" (trouble of the system), or "failed" (a defect).
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from extender.video.facts import NotAPicture, NotAVideo, Unfit
from extender.video.limits import confine


def answer(verb: str, first: str, second: str) -> dict[str, Any]:
    """What the command line asks for."""
    about, unfit = (_about_a_picture, NotAPicture) if verb in ("prepare", "look") else (_about_a_video, NotAVideo)
    key = unfit.key
    try:
        with os.fdopen(int(first), "rb") as file:
            return about(verb, file, second)
    except Unfit as reason:
        return {key: str(reason)}
    except MemoryError:
        return {key: "It takes too much memory to read."}
    except OSError as error:
        if error.errno is None:
            raise
        return {"errno": error.errno, "message": error.strerror}


# What these load is written in C and fed by strangers: they load it only here, once the limits hold.


def _about_a_picture(verb: str, file: BinaryIO, folder: str) -> dict[str, Any]:
    from extender.video.pictures import look, prepare

    if verb == "look":
        return {"facts": look(file, Path(folder)).as_json()}
    return {"prepared": asdict(prepare(file, Path(folder)))}


def _about_a_video(verb: str, file: BinaryIO, second: str) -> dict[str, Any]:
    from av import FFmpegError

    from extender.video.cuts import compare
    from extender.video.examination import examine

    try:
        if verb == "examine":
            return {"facts": examine(file, Path(second)).as_json()}
        with os.fdopen(int(second), "rb") as child:
            return {"cut": asdict(compare(file, child))}
    except MemoryError:
        raise
    except FFmpegError as error:
        raise NotAVideo("It cannot be read.") from error


if __name__ == "__main__":
    confine()
    try:
        line = answer(*sys.argv[1:])
    except Exception as defect:
        line = {"failed": repr(defect)[:1000]}
    print(json.dumps(line))
