"""Workers that die again and again: `python -m tests.faults.copier <how many> <log> [<deadly moments as JSON>]`.

Each is a fork, so that a death does not cost a second of imports. Death comes soon after something was done to a file
of the archive or a look inside a clip began: so that it falls into every step of a copy, not only into the longest.
The log gets a line for each.
"""

import itertools
import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from tests.faults.failpoints import count, is_deadly

SEED = 4
# For each kind of moment: at every which passage (all workers' are counted) one dies, and within how many seconds.
DEADLY = {
    "write": (80, 0.002),
    "read": (300, 0.002),
    "mkdir": (300, 0.002),
    "rename": (60, 0.002),
    "look": (20, 0.5),
}
READ_ONLY = os.O_RDONLY
OF_FILES = ("open", "os.mkdir", "os.rename")


def moment(event: str, arguments: tuple[Any, ...], root: str) -> str | None:
    """The kind of moment that an audit event of Python stands for; None where it is of no interest."""
    if event == "subprocess.Popen":
        return "look"
    # Of other events the first may be anything: a query would be compiled, half made, by being asked for its text.
    if event not in OF_FILES or not str(arguments[0]).startswith(root):
        return None
    match event:
        case "open":
            return "read" if arguments[2] & (os.O_WRONLY | os.O_RDWR) == READ_ONLY else "write"
        case "os.mkdir" | "os.rename":
            return event.removeprefix("os.")
    return None


def become_deadly(number: int, log: Path) -> None:
    """From now on this process may die at each moment. The alarm's signal is not handled, so it ends at once."""
    dice, root = random.Random(f"{SEED} {number}"), os.environ["MEDIA_ROOT"]

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        kind = moment(event, arguments, root)
        if kind in DEADLY and is_deadly(count(log.with_suffix(f".{kind}")), DEADLY[kind][0]):
            with log.open("a") as deaths:
                deaths.write(f"{kind}\n")
            signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-6, DEADLY[kind][1]))

    sys.addaudithook(hear)


def fork_worker(number: int, log: Path) -> None:
    """Forks the worker of that number."""
    if os.fork() == 0:
        become_deadly(number, log)
        call_command("worker")
        os._exit(0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    import extender.operations.worker  # noqa: F401, so that each fork has it

    workers, log = int(sys.argv[1]), Path(sys.argv[2])
    DEADLY = json.loads(sys.argv[3]) if sys.argv[3:] else DEADLY
    log.touch()
    for number in itertools.count():
        if number >= workers:
            os.wait()
        fork_worker(number, log)
