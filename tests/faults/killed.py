"""A command killed at every so many steps: `python -m tests.faults.killed <every> <directory> <command> <argument>…`

It begins anew after each death, until it comes to its end. A step is something done to a file below `directory`, or
a statement to the database. Each try is a fork, so that a death costs no second of imports. Prints how many died.
"""

import itertools
import os
import signal
import sys
from typing import Any

import django
from django.core.management import call_command

EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.chmod"}


class Steps:
    """Counts them; at the last one this process dies."""

    def __init__(self, last: int) -> None:
        self._left = last

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS and str(arguments[0]).startswith(sys.argv[2]):
            self.step()

    def execute(self, execute: Any, sql: str, *rest: Any) -> Any:
        self.step()
        return execute(sql, *rest)


def try_it(last: int) -> int:
    """Runs the command up to its step `last`; returns the status with which it ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    from django.db import connection

    steps = Steps(last)
    sys.addaudithook(steps.hear)
    with connection.execute_wrapper(steps.execute):
        call_command(*sys.argv[3:])
    os._exit(0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    every = int(sys.argv[1])
    for deaths in itertools.count():
        status = try_it((deaths + 1) * every)
        if status != signal.SIGKILL:
            print(deaths)
            sys.exit(os.waitstatus_to_exitcode(status))
