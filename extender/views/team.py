"""Team health, for staff: is everything that people paid for on its way?"""

from contextlib import suppress

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from extender import gate
from extender.access import MemberRequest, staff_only
from extender.models import Event, Gate, Heartbeat, Task
from extender.views.upstream import Full, place


@require_safe
def health(request: MemberRequest) -> HttpResponse:
    """Counts, the gate, workers, and when APIFRAME was last heard of."""
    staff_only(request.user)
    context = {
        **Task.objects.counts(),
        "gate": Gate.objects.first(),
        "gate_closed": Gate.objects.closed().first(),
        "workers": Heartbeat.objects.alive(),
        "last_webhook": Event.objects.last_of(Event.Source.WEBHOOK),
        "last_answer": Event.objects.last_of(Event.Source.ANSWER, Event.Source.POLL),
        "attention": Task.objects.needing_attention().select_related("owner")[:50],
    }
    return render(request, "team.html", context)


@require_POST
def try_key(request: MemberRequest) -> HttpResponse:
    """Tries the API key now, and asks what the account holds."""
    staff_only(request.user)
    with suppress(Full), place():
        gate.try_key()
    return redirect("team")
