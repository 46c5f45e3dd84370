"""Gives all that a member made to another one: tasks, with their clips and links, and pictures."""

from django.db.models import Model

from extender.tasks.models import Clip, Picture, Task
from extender.tasks.models.tasks import MADE_ELSEWHERE
from extender.team.models import Member


def hand_over(member: Member, heir: Member) -> None:
    """Makes `heir` the owner of all that is `member`'s. Of what both had there is one row afterwards.

    To be called in a transaction.
    """
    looked_up = Task.objects.filter(MADE_ELSEWHERE).exclude(remote_id="")
    theirs = looked_up.owned_by(heir)
    for task in looked_up.owned_by(member).filter(remote_id__in=theirs.values("remote_id")):
        _merge_tasks(task, into=theirs.get(remote_id=task.remote_id))
    for picture in member.pictures.filter(sha256__in=heir.pictures.values("sha256")):
        _merge_pictures(picture, into=heir.pictures.get(sha256=picture.sha256))
    Task.objects.owned_by(member).update(owner=heir)
    member.pictures.update(owner=heir)


def _merge_tasks(task: Task, into: Task) -> None:
    """Lets whatever refers to `task`, or to a clip of it, refer to `into`, which is the same at APIFRAME."""
    for clip in task.clip_set.all():
        twin = Clip.objects.filter(task=into, index=clip.index).first()
        if twin is None:
            # It was looked up before that clip was to be had.
            Clip.objects.filter(pk=clip.pk).update(task=into)
            continue
        _refer(clip, into=twin)
        Clip.objects.filter(pk=twin.pk).update(picked=clip.picked or twin.picked)
    _refer(task, into=into, but=Clip)
    Task.objects.filter(pk=into.pk).update(has_picks=task.has_picks or into.has_picks)
    Task.objects.renumber(into.pk)
    task.delete()


def _merge_pictures(picture: Picture, into: Picture) -> None:
    _refer(picture, into=into)
    found = {"content": into.content or picture.content, "image_url": into.image_url or picture.image_url}
    Picture.objects.filter(pk=into.pk).update(**found)
    picture.delete()


def _refer(row: Model, into: Model, but: type[Model] | None = None) -> None:
    """Lets all rows that refer to `row` refer to `into`, except those of the model `but`."""
    for relation in row._meta.related_objects:
        if relation.related_model is not but:
            name = relation.field.name
            relation.related_model._base_manager.filter(**{name: row}).update(**{name: into})
