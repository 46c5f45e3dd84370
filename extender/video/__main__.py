"""`python -m extender.video examine <fd> <folder>` or `compare <fd> <fd>`: one line of JSON.

The files come opened, as numbers of descriptors. The line holds "facts", or "cut", or "not_a_video" (a sentence
for members), or "errno" and "message" (trouble of the system), or "failed" (a defect of ours).
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from extender.video.facts import NotAVideo
from extender.video.limits import confine


def answer(verb: str, first: str, second: str) -> dict[str, Any]:
    """What the command line asks for."""
    # Only here, once the limits hold: what these load is written in C and fed by strangers.
    from av import FFmpegError

    from extender.video.cuts import compare
    from extender.video.examination import examine

    try:
        with os.fdopen(int(first), "rb") as file:
            if verb == "examine":
                return {"facts": examine(file, Path(second)).as_json()}
            with os.fdopen(int(second), "rb") as child:
                return {"cut": asdict(compare(file, child))}
    except NotAVideo as reason:
        return {"not_a_video": str(reason)}
    except MemoryError:
        return {"not_a_video": "It takes too much memory to read."}
    except FFmpegError:
        return {"not_a_video": "It cannot be read."}
    except OSError as error:
        if error.errno is None:
            raise
        return {"errno": error.errno, "message": error.strerror}


if __name__ == "__main__":
    confine()
    try:
        line = answer(*sys.argv[1:])
    except Exception as defect:
        line = {"failed": repr(defect)[:1000]}
    print(json.dumps(line))
