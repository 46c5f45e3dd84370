"""What this room looks at before anything starts, and whenever a database is opened."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.backends.signals import connection_created


class OperationsConfig(AppConfig):
    """Registers its checks, and its care for SQLite's file."""

    name = "extender.operations"

    def ready(self) -> None:
        """Models can be asked from here on."""
        from extender.operations import demo, own_file, patient_server, walls

        register(demo.check)
        register(walls.check, deploy=True)
        register(patient_server.check, deploy=True)
        connection_created.connect(own_file.keep)
