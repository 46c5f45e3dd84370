"""What belongs to one member, in the form of a backup: for them to take along. Nothing of others, and no secret."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from extender.archive import files
from extender.operations.backup.making import Contents, Made, write
from extender.operations.backup.rows import read
from extender.sharing.models import Share
from extender.tasks.models import Clip, Picture, Task
from extender.tasks.models.clips import ClipQuerySet
from extender.team.models import Member

# Named one by one: what is added to a model later is not given away by itself.
MEMBER = ("id", "username", "first_name", "last_name", "email", "date_joined")
TASK = (
    *("id", "kind", "created_at", "parent_id", "parent_task_id", "index", "out_ms", "prompt", "motion", "image_url"),
    *("picture_id", "start_clip_id", "aspect_ratio", "remote_id", "state", "reason", "sent_at", "ended_at"),
)
CLIP = (
    *("id", "task_id", "index", "picked", "state", "reason", "made_at", "source_url", "sha256", "bytes"),
    *("duration_ms", "width", "height", "frame_rate", "codec", "contains_parent", "cut_ms"),
    *("cut_delta_e", "drift_colour", "drift_sharpness"),
)
PICTURE = ("id", "sha256", "width", "height", "content", "preview", "given_at", "image_url")
LINK = ("id", "task_id", "title", "show_prompt", "created_at", "revoked_at")


def export(member: Member, directory: Path, progress: Callable[[], object]) -> Made:
    """Writes what is `member`'s into `directory`. Raises `NoBackup` and `StoreTrouble`, as a backup does."""
    return write(directory, member.username, lambda: _contents(member), progress)


def _contents(member: Member) -> Contents:
    tasks = Task.objects.owned_by(member)
    clips = Clip.objects.of(tasks)
    tables = {
        "team.Member": read(Member.objects.filter(pk=member.pk), MEMBER),
        "tasks.Task": read(tasks, TASK),
        "tasks.Clip": _with_files(clips),
        "tasks.Picture": read(Picture.objects.visible_to(member), PICTURE),
        "sharing.Share": read(Share.objects.filter(task__owner=member), LINK),
    }
    return tables, clips


def _with_files(clips: ClipQuerySet) -> Iterator[dict[str, Any]]:
    """The clips, each with the name of its `file`."""
    for clip in clips.select_related("task").by_pages():
        row = {column: getattr(clip, column) for column in CLIP}
        yield row | {"file": files.name(clip) if clip.is_stored else ""}
