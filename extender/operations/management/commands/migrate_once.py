"""`manage.py migrate_once`: what every process may run before it starts, however many of them start together."""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from extender.operations.alone import alone


class Command(BaseCommand):
    """The first that comes migrates; the others wait for it, and find nothing left to do."""

    help = "Brings the tables up to date, once, however many run this at the same time."
    # There may be no tables yet to look at.
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        with alone():
            call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)
