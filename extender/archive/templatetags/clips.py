"""How pages show clips: from our copies where they are here, and what is known of them."""

import math
import uuid

from django import template
from django.template.defaultfilters import filesizeformat, pluralize
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.text import get_text_list

from extender.sharing.models import Share
from extender.tasks.models import Clip, Copy, Task

register = template.Library()


COPY_WORDS = {
    Copy.State.WAITING: "Only at APIFRAME",
    Copy.State.COPYING: "Being copied",
    Copy.State.BLOCKED: "Waiting for room",
    Copy.State.SAFE: "Copied and verified",
    Copy.State.KEPT_OUT: "Kept out",
    Copy.State.LOST: "Lost at APIFRAME",
}


@register.simple_tag
def film(clip: Clip, share: Share | None = None) -> str:
    """Where a browser gets the clip: our copy, and its own address until that is there."""
    return _address("clip", clip.copy, share) or clip.url


@register.simple_tag
def poster(clip: Clip, share: Share | None = None) -> str:
    """Where a browser gets a still of the clip; "" where there is none."""
    return _address("poster", clip.copy, share)


@register.simple_tag
def card(clip: Clip, share: Share | None = None) -> str:
    """Where a browser gets a small still of where the clip leads; "" where there is none."""
    return _address("card", clip.copy, share)


@register.simple_tag
def storyboard(clip: Clip, share: Share | None = None) -> str:
    """Where a browser gets the sheet of frames through which one scrubs; "" where there is none."""
    return _address("storyboard", clip.copy, share)


@register.simple_tag
def measured(clip: Clip, share: Share | None = None) -> str:
    """What the wall has to know of the clip's file, as attributes: its length, its pictures a second, its join."""
    copy = clip.copy
    found: dict[str, object] = {"ms": copy and copy.duration_ms, "fps": copy and copy.frame_rate}
    # A link is for one task: how its clips join another one is none of a guest's business.
    found |= (
        {}
        if share
        else {
            "join": copy and copy.contains_parent == Copy.Contains.YES and copy.join_ms,
            "seam": copy and copy.seam,
            "smoothest": smoothest(clip) and "yes",
        }
    )
    return format_html_join(
        "",
        ' data-{}="{}"',
        [(name, value) for name, value in found.items() if value is not None and value is not False],
    )


@register.simple_tag
def shape(task: Task, share: Share | None = None) -> str:
    """How its clips fill a wall: "wide", "square" or "tall", as those that are here or the one that it continues."""
    known = [*task.clips, None if share else task.source]
    for copy in (clip.copy for clip in known if clip):
        if copy and copy.width and copy.height:
            ratio = copy.width / copy.height
            return "wide" if ratio > 1.2 else "square" if ratio > 0.8 else "tall"
    return "wide"


@register.simple_tag
def places(task: Task, order: str | None = None, share: Share | None = None) -> list[tuple[int, Clip | None]]:
    """Four places for four clips, with their numbers: as APIFRAME numbers them, or by their jumps ("seam").

    Guests are not told of jumps, and so not by an order either.
    """
    numbered = [(index, clip) for index, clip in enumerate(task.frames, 1) if clip or not task.is_final]
    return sorted(numbered, key=lambda place: _seam(place[1])) if order == "seam" and not share else numbered


@register.filter
def has_seams(task: Task) -> bool:
    """Whether the jumps of at least two of its clips are measured, so that there is an order."""
    return sum(_seam(clip) < math.inf for clip in task.clips) > 1


@register.filter
def facts(clip: Clip) -> list[str]:
    """How long, how large and how heavy the clip is: ["5.2 s", "832 × 464", "1.2 MB"]; empty while nobody knows."""
    copy = clip.copy
    if not (copy and copy.is_safe):
        return []
    length = f"{(copy.duration_ms or 0) / 1000:.1f} s"
    return [length, f"{copy.width} × {copy.height}", filesizeformat(copy.bytes or 0)]


@register.filter
def whereabouts(clip: Clip) -> str:
    """Where the clip is safe, in a few words."""
    copy = clip.copy
    if copy is None:
        return str(Copy.State.WAITING.label)
    if copy.state == Copy.State.COPYING and copy.percentage is not None:
        return f"copying {copy.percentage} %"
    if copy.state == Copy.State.LOST and copy.settled_at:
        return f"lost at APIFRAME on {copy.settled_at:%-d %b %Y}"
    return str(copy.get_state_display())


@register.filter
def kept_words(task: Task) -> str:
    """Which clips are kept: "clip 2 kept", "clips 1 and 3 kept"; "" where none is."""
    kept = [str(clip.index) for clip in task.clips if clip.is_kept]
    return f"clip{pluralize(kept)} {get_text_list(kept, 'and')} kept" if kept else ""


@register.simple_tag
def one_use_nonce() -> uuid.UUID:
    """What makes two presses of one button one request: fresh for each button, each time it is shown."""
    return uuid.uuid4()


@register.filter
def copy_words(state: str) -> str:
    """A copy's state, for staff."""
    return COPY_WORDS[Copy.State(state)]


@register.filter
def smoothest(clip: Clip) -> bool:
    """Whether the jump where the clip goes on from its parent is the smallest of its task's clips."""
    return has_seams(clip.task) and _seam(clip) == min(map(_seam, clip.task.clips))


def _seam(clip: Clip | None) -> float:
    """The jump at the clip's join; what is not measured, or not there, comes last."""
    return clip.copy.seam if clip and clip.copy and clip.copy.seam is not None else math.inf


def _address(kind: str, copy: Copy | None, share: Share | None) -> str:
    if not (copy and copy.is_safe):
        return ""
    return reverse(f"guest_{kind}", args=[share.token, copy.pk]) if share else reverse(kind, args=[copy.pk])
