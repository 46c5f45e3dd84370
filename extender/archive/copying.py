"""Copies finished clips: fetched, looked into, stored. What dies on the way is done again by the next."""

import logging
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from extender.apiframe import ApiframeError, NotFound
from extender.archive import bringing, files, looking, storage
from extender.archive.claims import Claim
from extender.network.backoff import backoff
from extender.network.errors import Barred, Gone, Refused, TooLarge, Unavailable
from extender.states import FileState
from extender.tasks import following
from extender.tasks.models import Clip, Task
from extender.tasks.models.leases import Overtaken
from extender.video import process as probing

logger = logging.getLogger(__name__)

AT_ONCE = timedelta(0)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=6)
# How long nothing is copied after the store was full or broken: the next try tells whether it is mended.
PAUSE = timedelta(minutes=1)
# After so many tries what is cut off where it was the last time is taken for the whole.
MOST_ALIKE = 5


def copy_next() -> bool:
    """Copies the clip that has waited longest. Returns whether there was one."""
    claim = Claim.take()
    if claim is None:
        return False
    try:
        _settle(claim)
    except Overtaken:
        logger.warning("%s was taken over by another worker, so this one's is dropped", claim.clip)
    return True


def copy_now() -> int:
    """Lets everything that is not here be tried at once, what was lost or kept out too. Returns how many."""
    absent = Clip.objects.not_stored().exclude(state=FileState.COPYING)
    with transaction.atomic():
        # Pages that show one of them as lost have to say otherwise.
        Task.objects.filter(pk__in=absent.values("task")).update(version=F("version") + 1)
        return absent.move(FileState.WAITING, due_at=Now())


def _settle(claim: Claim) -> None:
    """Copies a clip, or finds out why not, and writes down which."""
    try:
        found = _copy_from_anywhere(claim)
    except (DatabaseError, Overtaken):
        # Nothing can be, or may be, written down. The lease runs out, and then it is done again.
        raise
    except Exception as error:
        _settle_failed(claim, error)
    else:
        _settle_stored(claim, found)


def _settle_failed(claim: Claim, error: Exception) -> None:
    match error:
        case NotFound():
            _give_up(claim, str(error))
        case Gone():
            _miss(claim, str(error))
        case Barred() | Refused():
            # A redirect inside or without end is what a network or a host shows whom it keeps out.
            _try_later(claim, str(error), FileState.BARRED)
        case probing.Unfit() if _may_be_cut_off(claim):
            _try_later(claim, str(error))
        case TooLarge() | probing.Unfit():
            claim.settle(FileState.REFUSED, str(error))
            logger.warning("%s cannot be stored: %s", claim.clip, error)
        case Unavailable():
            _try_later(claim, str(error))
        case storage.StoreTrouble():
            claim.settle(FileState.BLOCKED, str(error), PAUSE)
            logger.error("copying pauses: %s", error)
        case probing.ProbeFailed():
            logger.error("%s could not be looked into: %s", claim.clip, error)
            _try_later(claim, "It could not be looked into yet.")
        case FileNotFoundError():
            _try_later(claim, "Its unfinished copy was removed while it was in use.")
        case _:
            logger.error("%s could not be copied", claim.clip, exc_info=error)
            _try_later(claim, "Something unexpected happened; the log of the worker says what.")


def _may_be_cut_off(claim: Claim) -> bool:
    """Whether another try may bring more: its server announced no length, and what came is not the same each time."""
    now = Clip.objects.get(pk=claim.clip.pk)
    is_the_same = claim.clip.misses >= MOST_ALIKE and claim.clip.received == now.received
    return now.expected is None and not is_the_same


def _settle_stored(claim: Claim, found: dict[str, Any]) -> None:
    claim.settle(
        FileState.STORED,
        next_in=None if found["contains_parent"] else AT_ONCE,
        settled_at=Now(),
        misses=0,
        gone_since=None,
        **found,
    )
    logger.info("%s is stored", claim.clip)


def _copy_from_anywhere(claim: Claim) -> dict[str, Any]:
    """Copies a clip from its address; where that has nothing, from the one that APIFRAME knows now."""
    try:
        return _copy(claim)
    except (Gone, Barred, Refused) as error:
        if not _has_moved(claim, error):
            raise
    claim.renew(0)
    return _copy(claim)


def _has_moved(claim: Claim, error: Unavailable) -> bool:
    """Whether APIFRAME knows another address of the clip. Raises `NotFound` where it has forgotten the task."""
    clip, known = claim.clip, claim.clip.source_url
    if not clip.task.remote_id:
        return False
    try:
        following.renew_clips(clip.task)
    except NotFound:
        raise
    except ApiframeError as unheard:
        raise Unavailable(f"{error} {unheard}") from unheard
    clip.refresh_from_db(fields=["source_url"])
    return clip.source_url != known


def _copy(claim: Claim) -> dict[str, Any]:
    """Fetches a clip and keeps it with its pictures. Returns the columns that were found out."""
    store = storage.current_store()
    with store.part() as part, store.folder() as pictures:
        sha256, size = bringing.bring(claim, store, part)
        part.settle()
        found = looking.look(claim, size, part.path, pictures)
        claim.renew(size)
        # The film last: where it is, its pictures are.
        files.keep(store, sha256, pictures, files.made(claim.clip))
        store.put(part, storage.name(sha256, found["codec"] if claim.clip.is_picture else "clip"))
    return {"sha256": sha256, "bytes": size, "received": size, **found}


def _miss(claim: Claim, said: str) -> None:
    """Many a host has a clip only minutes after APIFRAME has named its address: what is gone for a day is lost."""
    if Clip.objects.gone_for_good().filter(pk=claim.clip.pk).exists():
        _give_up(claim, said)
    else:
        _try_later(claim, said, gone_since=Coalesce("gone_since", Now()))


def _give_up(claim: Claim, said: str) -> None:
    # Staff may have it tried again and again: the date is the first one.
    claim.settle(FileState.LOST, said, settled_at=Coalesce("settled_at", Now()))
    logger.error("%s is lost at APIFRAME", claim.clip)


def _try_later(claim: Claim, said: str, state: FileState = FileState.WAITING, **found: Any) -> None:
    misses = claim.clip.misses
    claim.settle(state, said, backoff(misses, FIRST_WAIT, LONGEST_WAIT), misses=misses + 1, **found)
    logger.warning("%s comes later: %s", claim.clip, said)
