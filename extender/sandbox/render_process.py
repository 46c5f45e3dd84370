"""A process that paints: both ends of the pipe between it and the render queue.

The render queue writes one JSON object a line, `{"shot": {...}, "target": "/path/1.mp4"}`; the process,
`python -m extender.sandbox.render_process`, answers each with one line, `{"ending": {...}}` or `{"error": "..."}`.
It ends when its input does, so it cannot outlive a killed sandbox for longer than one clip.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

COMMAND = (sys.executable, "-m", "extender.sandbox.render_process")
PROJECT = Path(__file__).resolve().parents[2]


class RenderProcess:
    """The render queue's end."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._process = subprocess.Popen(  # noqa: S603, our own command
            command,
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # else it would hold a supervisor's pipe open after us
            encoding="utf-8",
        )

    def paint(self, shot: dict[str, Any], target: Path) -> dict[str, Any]:
        """{"ending": ...}, or {"error": words}; also when the process dies. Takes seconds."""
        orders, answers = self._process.stdin, self._process.stdout
        if orders is None or answers is None:
            raise TypeError("the painting process has no pipes")
        try:
            orders.write(json.dumps({"shot": shot, "target": str(target)}) + "\n")
            orders.flush()
            return json.loads(answers.readline())
        except (OSError, ValueError):
            return {"error": "the painting process ended"}

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def _painted(job: dict[str, Any]) -> dict[str, Any]:
    from extender.sandbox.painter import Shot, paint  # only in the child: it is heavy

    target = Path(job["target"])
    target.parent.mkdir(parents=True, exist_ok=True)
    return paint(Shot(**job["shot"]), target)


def main() -> None:
    """The child's end: paints what stdin asks for until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the render queue ends us
    os.nice(10)  # requests come before paintings
    answers: IO[str] = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # whatever a library prints must not look like an answer
    for line in sys.stdin:
        answer: dict[str, Any]
        try:
            answer = {"ending": _painted(json.loads(line))}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
