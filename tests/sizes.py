"""How large tests are: small in `make test`, which shows their shape; full in `make torture`, times SIZE."""

import os
from typing import TypeVar

# 0 in `make test`, SIZE (1 unless told otherwise) in `make torture`.
TORTURE = int(os.environ.get("TORTURE", "0"))

Amount = TypeVar("Amount", int, tuple)


def size(small: Amount, full: Amount) -> Amount:
    """How many of something a test takes, or which."""
    return full * TORTURE if TORTURE else small
