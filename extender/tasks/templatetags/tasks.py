"""How pages put things into words."""

import math
from datetime import datetime

from django import template
from django.template.defaultfilters import date
from django.utils.html import format_html
from django.utils.safestring import SafeString

from extender.apiframe import likely_id_in
from extender.states import State
from extender.tasks.models import Event, Gate, Task

register = template.Library()

STATE_WORDS = {
    State.QUEUED: "Waiting to be sent",
    State.CANCELLED: "Cancelled",
    State.SENDING: "Sending",
    State.UNCONFIRMED: "Unconfirmed",
    State.PENDING: "In APIFRAME’s queue",
    State.PROCESSING: "Rendering",
    State.FINISHED: "Finished",
    State.FAILED: "Failed",
}
# Shapes, so that a state can be told without colour.
STATE_SIGNS = {
    State.QUEUED: "○",
    State.CANCELLED: "⊘",
    State.SENDING: "↗",
    State.UNCONFIRMED: "?",
    State.PENDING: "◔",
    State.PROCESSING: "◑",
    State.FINISHED: "✓",
    State.FAILED: "✕",
}
# In a tab's title, where words have no room.
TAB_SIGNS = {State.FINISHED: "✓", State.FAILED: "!", State.UNCONFIRMED: "!", State.CANCELLED: "⊘"}


@register.filter
def state_words(task: Task) -> str:
    """The task's state in a few words."""
    if task.has_clips and not task.available_clips:
        return "Finished, all clips lost"
    return "Not readable yet" if task.is_unreadable else STATE_WORDS[State(task.state)]


@register.filter
def state_sign(task: Task) -> str:
    """The task's state as a sign."""
    return STATE_SIGNS[State(task.state)]


@register.filter
def fifths(task: Task) -> int:
    """How far it is, in fifths: 0 to 4."""
    return min(task.percentage // 20, 4)


@register.filter
def tab_title(task: Task) -> str:
    """The task's title, and before it how far it is or how it ended: "40 % · The ferry leaves"."""
    if task.state == State.PROCESSING and task.percentage:
        return f"{task.percentage} % · {task.title}"
    return f"{TAB_SIGNS.get(State(task.state), '')} {task.title}".lstrip()


@register.simple_tag
def likely_id(task: Task) -> str:
    """Under which id an unconfirmed task may be running, by what was kept of the answer to it; one query."""
    event = task.events.filter(source=Event.Source.SILENCE).exclude(body="").last()
    return likely_id_in(event.body) if event else ""


@register.simple_tag
def next_try(task: Task) -> dict[str, object]:
    """Why the queued `task` waits (`why`: a sentence, or ""), and for how many `seconds` still."""
    gate = Gate(cause=task.gate_cause or "", said=task.gate_said or "")
    ends = max((at for at in (task.due_at, task.gate_until) if at), default=task.read_at)
    seconds = math.ceil((ends - task.read_at).total_seconds()) if ends and task.read_at else 0
    return {"why": task.reason or (gate.why if gate.cause else ""), "seconds": max(0, seconds)}


@register.filter
def clock(seconds: int | None) -> str:
    """75 -> "1:15", 3700 -> "1:01:40"."""
    minutes, rest = divmod(int(seconds or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def lasting(seconds: int) -> str:
    """14 -> "14 s", 75 -> "1 min 15 s"."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.filter
def spoken_state(task: Task) -> str:
    """The task's state as it is read out: "Rendering, 50 percent"."""
    # Down to the last quarter, so that progress is said three times and not at each step.
    quarters = task.percentage // 25 * 25
    is_told = task.state == State.PROCESSING and quarters
    return f"{state_words(task)}, {quarters} percent" if is_told else state_words(task)


@register.simple_tag
def moment(at: datetime, form: str = "j M, H:i") -> SafeString:
    """A time for people, in `form` as Django's `date` filter has it; scripts show it in the reader's own zone."""
    local = {"j M, H:i:s": "seconds", "H:i": "minutes"}.get(form, "")
    return format_html('<time datetime="{}" data-local="{}">{}</time>', date(at, "c"), local, date(at, form))


@register.filter
def about(seconds: int) -> str:
    """A rough duration in words: 22 -> "about 20 s", 100 -> "about 2 min"."""
    if seconds < 10:
        return "a few seconds"
    return f"about {round(seconds, -1)} s" if seconds < 90 else f"about {round(seconds / 60)} min"
