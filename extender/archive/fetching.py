"""Where the bytes of clips come from: our limit on their size, and the one origin inside that may serve them."""

from django.conf import settings

from extender.archive.storage.base import MEBIBYTE
from extender.network.addresses import origin_of
from extender.network.stream import GuardedStream


def open_clip(url: str) -> GuardedStream:
    """The bytes of the clip at `url`, at most `settings.ARCHIVE_MAX_MB` of them; errors as of `GuardedStream`.

    Only a sandbox, which lies on loopback, may serve clips from inside.
    """
    sandbox = origin_of(settings.APIFRAME_BASE_URL) if settings.SANDBOX else None
    return GuardedStream(url, settings.ARCHIVE_MAX_MB * MEBIBYTE, sandbox)
