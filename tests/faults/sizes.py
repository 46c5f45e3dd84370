"""How large the fire tests are: small in `make test`, which shows their shape; full in `make torture`, times SIZE."""

import os
from typing import TypeVar

# 0 in `make test`, SIZE (1 unless told otherwise) in `make torture`.
TORTURE = int(os.environ.get("TORTURE", "0"))
# Seconds after which a test is taken to hang. No test is about this: what it awaits comes, on a slow machine later.
PATIENCE = 600 * max(1, TORTURE)
# The kinds of databases under what costs too much to be done twice in `make test`.
DATABASES = ["sqlite", "postgresql"] if TORTURE else ["sqlite"]

Amount = TypeVar("Amount", int, tuple)


def size(small: Amount, full: Amount) -> Amount:
    """How many of something a test takes, or which."""
    return full * TORTURE if TORTURE else small
