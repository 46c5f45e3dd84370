"""Which clips are worth keeping."""

import uuid

from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from extender.tasks.access import own_task
from extender.tasks.models import Task
from extender.team.sign_in import MemberRequest


@require_POST
@vary_on_headers("HX-Request")
def keep(request: MemberRequest, pk: uuid.UUID, index: int) -> HttpResponse:
    """Marks a clip as kept (`kept=yes`), or takes the mark away (`kept=no`): said twice, it stays as it is."""
    task = own_task(request.user, pk)
    if task.clip(index) is None:
        raise Http404
    own = Task.objects.visible_to(request.user).filter(pk=pk)
    match request.POST.get("kept"):
        case "yes":
            own.keep(index)
        case "no":
            own.let_go(index)
        case _:
            return HttpResponseBadRequest("kept is yes or no")
    if not request.htmx:
        return redirect(f"{task.get_absolute_url()}#clip-{index}")
    # As it stands now, whoever else has just chosen among the same four.
    task.refresh_from_db(fields=["kept"])
    return render(request, "tasks/_keep.html", {"task": task, "clip": task.clip(index)})
