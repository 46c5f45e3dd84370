"""What this room looks at before anything starts."""

from django.apps import AppConfig
from django.core.checks import register


class OperationsConfig(AppConfig):
    """Registers its check."""

    name = "extender.operations"

    def ready(self) -> None:
        """Models can be asked from here on."""
        from extender.operations import demo

        register(demo.check)
