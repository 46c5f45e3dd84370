"""The one Django app of the project."""

from django.apps import AppConfig


class ExtenderConfig(AppConfig):
    """Everything that Extender is."""

    name = "extender"
    verbose_name = "Extender"
