"""What downloads share."""

from threading import BoundedSemaphore

import pytest

from extender.archive.serving.downloads import PLACES
from tests.archive.places import free


@pytest.fixture
def places() -> BoundedSemaphore:
    """The two places for downloads, both free: a test before may have left a download open."""
    while free(PLACES) < 2:
        PLACES.release()
    return PLACES
