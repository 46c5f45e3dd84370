"""Who may see a film. What is not for a member looks exactly like what is not there."""

import uuid

from django.http import Http404

from extender.lineage.branches import Branch, branch_to
from extender.tasks.access import read_task
from extender.team.models import Member


def read_film(member: Member, pk: uuid.UUID, index: int) -> Branch:
    """The branch that ends with clip `index` of task `pk`, or 404."""
    branch = branch_to(read_task(member, pk), index)
    if branch.here.clip is None or branch.here.clip.is_picture:
        raise Http404
    return branch
