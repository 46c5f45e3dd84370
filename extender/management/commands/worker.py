"""`manage.py worker`: sends what is queued, follows what is open, sweeps what a crash left behind."""

import signal

from django.core.management.base import BaseCommand

from extender.worker import Worker


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT. Any number of workers may run, on any number of machines."""

    help = "Sends queued tasks and follows open ones, until it is told to stop."

    def handle(self, *args: object, **options: object) -> None:
        worker = Worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()
