"""How large tests are: small in `make test`, which shows their shape; full in `make torture`, times SIZE."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

# 0 in `make test`, SIZE (1 unless told otherwise) in `make torture`.
TORTURE = int(os.environ.get("TORTURE", "0"))

Amount = TypeVar("Amount", int, tuple)


def size(small: Amount, full: Amount) -> Amount:
    """How many of something a test takes, or which."""
    return full * TORTURE if TORTURE else small


def measures(test: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a test that holds something to a number in `make torture`, where it runs while no other does."""
    return pytest.mark.alone(test) if TORTURE else test
