"""What downloads share."""

import pytest

from extender.archive.serving import readers
from extender.tasks.slots import DOWNLOADS, Slots
from project.threads import DOWNLOAD_SLOTS
from tests.archive.places import free


@pytest.fixture
def places() -> Slots:
    """The slots for downloads, all free: a test before may have left a download open."""
    while free(DOWNLOADS) < DOWNLOAD_SLOTS:
        DOWNLOADS.give_back()
    readers._reading.clear()
    return DOWNLOADS
