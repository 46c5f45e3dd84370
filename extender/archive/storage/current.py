"""The store of this installation."""

from functools import cache
from pathlib import Path

from django.conf import settings

from extender.archive.storage.base import Store
from extender.archive.storage.disk import Disk


def current_store() -> Store:
    """The store that the settings name."""
    if settings.ARCHIVE_BUCKET:
        return _bucket(Path(settings.MEDIA_ROOT), *settings.ARCHIVE_BUCKET.items())
    return Disk(Path(settings.MEDIA_ROOT))


@cache
def _bucket(root: Path, *options: tuple[str, str]) -> Store:
    # Its library is an extra, and its connections are worth keeping.
    from extender.archive.storage.bucket import Bucket

    return Bucket(root, dict(options))
