"""`manage.py remove_demo`: makes a database of the sandbox one that may spend money."""

from django.core.management.base import BaseCommand

from extender.operations import demo
from extender.tasks.models import Task


class Command(BaseCommand):
    """Deletes the demo member and all that is theirs, and says what of others would be sent."""

    help = "Deletes the sandbox's demo member with all tasks and links of theirs."
    # The check that would stop it sends people here.
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        removed = demo.remove()
        self.stdout.write("The demo is removed." if removed else "There is no demo here.")
        if waiting := Task.objects.counts()["queued"]:
            self.stdout.write(f"Queued tasks of others that will be sent, and paid for: {waiting}.")
