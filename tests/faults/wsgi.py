"""`project.wsgi`, with the failpoints."""

from project.wsgi import application
from tests.faults import failpoints

failpoints.install()

__all__ = ["application"]
