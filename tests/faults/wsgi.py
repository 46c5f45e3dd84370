"""`project.wsgi`, with the hooks."""

from project.wsgi import application
from tests.faults import hooks

hooks.install()

__all__ = ["application"]
