"""Workers that die again and again: `python -m tests.faults.copier <how many> <deaths> <log>`.

Each is a fork, so that a death does not cost a second of imports. Death comes soon after something was done to a file
of the archive or a look inside a clip began: so that it falls into every step of a copy, not only into the longest.
The log gets a line for each; after `deaths` of them nobody dies any more.
"""

import itertools
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

SEED = 4
# For each kind of moment: how often it is deadly, and within how many seconds.
DEADLY = {
    "write": (0.02, 0.002),
    "read": (0.003, 0.002),
    "mkdir": (0.006, 0.002),
    "rename": (0.015, 0.002),
    "look": (0.05, 0.5),
}
READ_ONLY = os.O_RDONLY


def moment(event: str, arguments: tuple[Any, ...], root: str) -> str | None:
    """The kind of moment that an audit event of Python stands for; None where it is of no interest."""
    if event == "subprocess.Popen":
        return "look"
    if not arguments or not str(arguments[0]).startswith(root):
        return None
    match event:
        case "open":
            return "read" if arguments[2] & (os.O_WRONLY | os.O_RDWR) == READ_ONLY else "write"
        case "os.mkdir" | "os.rename":
            return event.removeprefix("os.")
    return None


def become_mortal(number: int, log: Path) -> None:
    """From now on this process may die at each moment. The alarm's signal is not handled, so it ends at once."""
    dice, root = random.Random(f"{SEED} {number}"), os.environ["MEDIA_ROOT"]

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        kind = moment(event, arguments, root)
        if kind and dice.random() < DEADLY[kind][0]:
            with log.open("a") as deaths:
                deaths.write(f"{kind}\n")
            signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-6, DEADLY[kind][1]))

    sys.addaudithook(hear)


def hire(number: int, log: Path, deaths: int) -> None:
    """Forks the worker of that number."""
    is_mortal = len(log.read_text().splitlines()) < deaths
    if os.fork() == 0:
        if is_mortal:
            become_mortal(number, log)
        call_command("worker")
        os._exit(0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    import extender.operations.worker  # noqa: F401, so that each fork has it

    count, deaths, log = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    log.touch()
    for number in itertools.count():
        if number >= count:
            os.wait()
        hire(number, log, deaths)
