"""What the fire tests need beside their sizes: how long to wait, and on which databases."""

from tests.sizes import TORTURE, measures, size

__all__ = ["DATABASES", "PATIENCE", "TORTURE", "measures", "size"]

# Seconds after which a test is taken to hang. No test is about this: what it awaits comes, on a slow machine later.
PATIENCE = 3600 * TORTURE or 600
# The kinds of databases under what costs too much to be done twice in `make test`.
DATABASES = ["sqlite", "postgresql"] if TORTURE else ["sqlite"]
