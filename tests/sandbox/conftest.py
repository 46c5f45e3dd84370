"""What the sandbox's tests share."""

from collections.abc import Iterator

import pytest

from tests.sandbox_process import Sandbox


@pytest.fixture(scope="module")
def process(request) -> Iterator[Sandbox]:
    """A sandbox for the tests of one file, with the flags that it names in `FLAGS`."""
    with Sandbox(**getattr(request.module, "FLAGS", {})) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Sandbox) -> Sandbox:
    """That sandbox, with an empty ledger and no faults."""
    process.reset()
    return process
