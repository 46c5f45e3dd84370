"""What the sandbox's tests share."""

from collections.abc import Iterator

import pytest

from tests.sandbox_process import Sandbox


@pytest.fixture(scope="module")
def process() -> Iterator[Sandbox]:
    """A sandbox for the tests of one file."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Sandbox) -> Sandbox:
    """That sandbox, with an empty ledger and no faults."""
    process.reset()
    return process
