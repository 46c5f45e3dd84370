"""Team health, for staff: is everything that people paid for on its way?"""

from contextlib import suppress

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from extender.archive import copying, storage
from extender.archive.exports.models import Export
from extender.operations.models import Heartbeat, Tally, Violation
from extender.states import FileState
from extender.tasks import following, gate
from extender.tasks.background import run_due
from extender.tasks.following import BATCH
from extender.tasks.models import Clip, Event, Gate, Task
from extender.tasks.running import digest
from extender.tasks.slots import APIFRAME, Full
from extender.team.sign_in import MemberRequest, staff_only

# Of a list without an end, so many are shown.
SHOWN = 50


@require_safe
def health(request: MemberRequest) -> HttpResponse:
    """Counts, the gate, workers, and when APIFRAME was last heard of."""
    staff_only(request.user)
    context = {
        **Task.objects.counts(),
        "gate": Gate.objects.first(),
        "gate_closed": Gate.objects.closed().first(),
        "kept_back": Task.objects.kept_back()[:SHOWN],
        "workers": Heartbeat.objects.alive(),
        "last_webhook": Event.objects.last_of(Event.Source.WEBHOOK),
        "last_answer": Event.objects.last_of(Event.Source.ANSWER, Event.Source.POLL),
        "wrong_clocks": Heartbeat.objects.wrong_clocks(),
        "barred_hosts": Clip.objects.barred_hosts(),
        "violations": Violation.objects.all(),
        "attention": Task.objects.needing_attention().select_related("owner")[:SHOWN],
    }
    return render(request, "operations/health.html", context)


@require_safe
def archive(request: MemberRequest) -> HttpResponse:
    """Where every clip is safe, what stands in the way, and how much room is left."""
    staff_only(request.user)
    census = Clip.objects.census()
    context = {
        "stored": Tally.objects.fresh(),
        "states": [(state, census.get(state, 0)) for state in FileState if state != FileState.STORED],
        "absent": bool(census),
        "oldest": Clip.objects.missing().order_by("made_at").select_related("task__owner").first(),
        "paused": Clip.objects.paused().first(),
        "exporting_paused": Export.objects.paused().first(),
        "barred_hosts": Clip.objects.barred_hosts(),
        "hindered": Clip.objects.hindered()[:SHOWN],
        "room": _room(),
        "workers": Heartbeat.objects.alive().count(),
    }
    return render(request, "operations/archive.html", context)


@require_POST
def copy_now(request: MemberRequest) -> HttpResponse:
    """Lets workers try at once whatever is not copied."""
    staff_only(request.user)
    copying.copy_now()
    return redirect("archive")


@require_safe
def no_result(request: MemberRequest) -> HttpResponse:
    """Tasks that are paid for and quiet, the longest first; 204 where a page that asks again shows them (`?v=`)."""
    staff_only(request.user)
    tasks = list(Task.objects.without_result().timed().select_related("owner")[: SHOWN + 1])
    if "v" in request.GET:
        # Without a worker the open page is what has them asked about.
        run_due(tasks)
    shown = tasks[:SHOWN]
    if request.GET.get("v") == digest(shown):
        return HttpResponse(status=204)
    context = {"tasks": shown, "more": len(tasks) > SHOWN, "digest": digest(shown)}
    return render(request, "operations/no_result.html", context)


@require_POST
def check_all(request: MemberRequest) -> HttpResponse:
    """Has every quiet task asked about, by the workers and in the background: nobody waits for it here."""
    staff_only(request.user)
    following.check_all_again()
    run_due(Task.objects.without_result().timed()[:BATCH])
    return redirect("no_result")


def _room() -> int | None:
    """Bytes left on the archive's disk; None where it cannot be asked."""
    try:
        return storage.current_store().free_bytes()
    except storage.StoreTrouble:
        return None


@require_POST
def try_now(request: MemberRequest) -> HttpResponse:
    """Tries now whether APIFRAME may be sent to, and asks what the account holds."""
    staff_only(request.user)
    with suppress(Full), APIFRAME.slot():
        gate.insist()
    return redirect("team")
