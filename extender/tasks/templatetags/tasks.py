"""How pages put things into words."""

from django import template

from extender.states import State
from extender.tasks.models import Task

register = template.Library()

STATE_WORDS = {
    State.QUEUED: "Waiting to be sent",
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
    State.SENDING: "↗",
    State.UNCONFIRMED: "?",
    State.PENDING: "◔",
    State.PROCESSING: "◑",
    State.FINISHED: "✓",
    State.FAILED: "✕",
}


@register.filter
def state_words(task: Task) -> str:
    """The task's state in a word or two."""
    return STATE_WORDS[State(task.state)]


@register.filter
def state_sign(task: Task) -> str:
    """The task's state as a sign."""
    return STATE_SIGNS[State(task.state)]


@register.filter
def clock(seconds: int | None) -> str:
    """75 -> "1:15", 3700 -> "1:01:40"."""
    minutes, rest = divmod(int(seconds or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def quarters(percentage: int) -> int:
    """A percentage down to the last quarter: what is said aloud is said three times, not at each step."""
    return percentage // 25 * 25


@register.filter
def about(seconds: int) -> str:
    """A rough duration in words: 22 -> "about 20 s", 100 -> "about 2 min"."""
    if seconds < 10:
        return "a few seconds"
    return f"about {round(seconds, -1)} s" if seconds < 90 else f"about {round(seconds / 60)} min"
