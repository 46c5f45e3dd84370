"""Which clips are worth going on with."""

import uuid

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from extender.tasks import picks
from extender.tasks.access import own_clip
from extender.team.sign_in import MemberRequest

WORDS = {"yes": True, "no": False}


@require_POST
@vary_on_headers("HX-Request")
def pick(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponse:
    """Marks a clip as picked (`picked=yes`), or takes the mark away (`picked=no`)."""
    clip = own_clip(request.user, pk, index)
    picked = WORDS.get(request.POST.get("picked", ""))
    if picked is None:
        return HttpResponseBadRequest("picked must be yes or no")
    picks.pick(clip, picked)
    if not request.htmx:
        return redirect(f"{clip.task.get_absolute_url()}#clip-{index}")
    return render(request, "workspace/_pick.html", {"task": clip.task, "clip": clip})
