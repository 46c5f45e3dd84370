"""`manage.py worker`: sends what is queued, follows what is open, copies what has finished, exports films, sweeps."""

import signal

from django.core.management.base import BaseCommand, CommandParser

from extender.operations.patience import limit_statements
from extender.operations.worker import Worker


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT. Any number of workers may run, on any number of machines."""

    help = "Sends queued tasks, follows open ones and copies clips, until it is told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-copies", action="store_true", help="leave copying and exporting to workers with a disk for it"
        )

    def handle(self, *args: object, **options: object) -> None:
        limit_statements()
        worker = Worker(copies=not options["no_copies"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()
