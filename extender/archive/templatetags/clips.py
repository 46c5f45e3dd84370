"""How pages show clips: from our files where they are here, and what is known of them."""

import math
import uuid

from django import template
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import get_text_list

from extender.sharing.models import Share
from extender.states import FILE_WORDS, FileState
from extender.tasks.models import Clip, Task
from extender.video import layout

register = template.Library()

CODECS = {"h264": "H.264"}  # where the name is not but large letters


@register.simple_tag
def video_url(clip: Clip, share: Share | None = None) -> str:
    """Where a browser gets the clip: our file, and its own address until that is there.

    A guest is told the latter only while the copy is on its way, else nothing: "".
    """
    return _address(clip.file_kind, clip, share) or (clip.source_url if clip.is_on_its_way or not share else "")


@register.simple_tag
def poster_url(clip: Clip, share: Share | None = None) -> str:
    """Where a browser gets a still of the clip; "" where there is none."""
    return _address("poster", clip, share)


@register.simple_tag
def thumbnail_url(clip: Clip, share: Share | None = None) -> str:
    """Where a browser gets a small still of where the clip leads; "" where there is none."""
    return _address("thumbnail", clip, share)


@register.simple_tag
def storyboard_url(clip: Clip, share: Share | None = None) -> str:
    """Where a browser gets the sheet of frames through which one scrubs; "" where there is none."""
    return _address("storyboard", clip, share)


@register.simple_tag
def storyboard_grid() -> str:
    """How a storyboard is laid out, as attributes: its columns, and its tiles in all."""
    return format_html('data-columns="{}" data-tiles="{}"', layout.COLUMNS, layout.TILES)


@register.simple_tag
def timing(clip: Clip, out_ms: int | None = None) -> str:
    """How long the clip's file is and when its pictures come, as attributes, as far as it is known.

    With `out_ms` it is as if the file ended there.
    """
    return _attributes(_timing(clip) | ({"ms": out_ms} if out_ms else {}))


@register.simple_tag
def measured(clip: Clip, share: Share | None = None) -> str:
    """What the wall has to know of the clip's file, as attributes: length, when its pictures come, codec, cut."""
    found = _timing(clip)
    # A link is for one task: how they cut from another one's is none of a guest's business.
    found |= (
        {}
        if share
        else {
            "cut-ms": clip.cut_ms if clip.repeats_parent else None,
            "cut-delta": clip.cut_delta_e,
            "smoothest": "yes" if smoothest(clip) else None,
        }
    )
    found["codec"] = odd_codec(clip) or None
    return _attributes(found)


@register.filter
def moments(clip: Clip) -> str:
    """When each picture comes, in milliseconds: "0.0 41.7 120.0"; "" where they come evenly."""
    return " ".join(map(str, clip.moments_ms or []))


@register.simple_tag
def shape(task: Task, share: Share | None = None, polled: object = False) -> str:
    """How its clips fill a wall: "wide", "square" or "tall", as those that are here or the one that it continues."""
    # Another task's clips are one query more: none for guests, to whom it is not shown, and none for a poll.
    known = [*task.clips, None if share or polled else task.source]
    sizes = [(clip.width, clip.height) for clip in known if clip and clip.width and clip.height]
    width, height = next(iter(sizes), task.asked_shape or (16, 9))
    return "wide" if width > 1.2 * height else "square" if width > 0.8 * height else "tall"


@register.simple_tag
def places(task: Task, order: str | None = None, share: Share | None = None) -> list[tuple[int, Clip | None]]:
    """The places of the clips, with their numbers: as APIFRAME numbers them, or the smoothest cut first ("cut").

    Guests are not told of cuts, and so not by an order either.
    """
    numbered = [(index, clip) for index, clip in enumerate(task.frames, 1) if clip or not task.is_final]
    return sorted(numbered, key=lambda place: _cut_delta(place[1])) if order == "cut" and not share else numbered


@register.filter
def has_cuts(task: Task) -> bool:
    """Whether the cuts to at least two of its clips are measured, so that there is an order."""
    return sum(_cut_delta(clip) < math.inf for clip in task.clips) > 1


@register.filter
def facts(clip: Clip) -> list[str]:
    """How long and large the clip is: ["5.2 s", "832 × 464"]; empty while nobody knows.

    The codec is named too where some browsers do not play it, and frames that do not come evenly.
    """
    if not clip.is_stored:
        return []
    length = None if clip.is_picture else f"{(clip.duration_ms or 0) / 1000:.1f} s"
    odd = (odd_codec(clip), "uneven frames" if clip.moments_ms else None)
    return list(filter(None, [length, f"{clip.width} × {clip.height}", *odd]))


@register.filter
def whereabouts(clip: Clip) -> str:
    """Where the clip is safe, in a few words."""
    if clip.state == FileState.COPYING and clip.percentage is not None:
        return f"copying {clip.percentage} %"
    if clip.is_lost and clip.settled_at:
        return f"lost since {clip.settled_at:%-d %b %Y}"
    return file_words(clip.state)


@register.simple_tag
def leaves(clip: Clip, out_ms: int | None) -> str:
    """The second in its file of the last picture that is seen of it: where a film leaves it, else its end."""
    ends_ms = min(out_ms or math.inf, clip.duration_ms or 0)
    return f"{max(0, clip.starts_ms + ends_ms - 1000 / (clip.frame_rate or 24)) / 1000:.2f}"


@register.filter
def picked_words(task: Task) -> str:
    """Which clips are picked: "clip 2 picked", "clips 1 and 3 picked"; "" where none is."""
    picked = [str(clip.index) for clip in task.clips if clip.picked]
    return f"clip{pluralize(picked)} {get_text_list(picked, 'and')} picked" if picked else ""


@register.simple_tag
def one_use_nonce() -> uuid.UUID:
    """What makes two presses of one button one request: fresh for each button, each time it is shown."""
    return uuid.uuid4()


@register.filter
def file_words(state: str) -> str:
    """Where a clip's file stands, in a few words."""
    return FILE_WORDS[FileState(state)]


@register.filter
def smoothest(clip: Clip) -> bool:
    """Whether the cut from its parent is the smoothest of its task's clips, by figures that people can tell apart."""
    figures = [round(_cut_delta(other), 1) for other in clip.task.clips]
    mine = round(_cut_delta(clip), 1)
    return has_cuts(clip.task) and mine == min(figures) and figures.count(mine) == 1


@register.filter
def odd_codec(clip: Clip) -> str:
    """The codec as people call it, "HEVC", "10-bit H.264"; "" where every browser plays it, or nobody knows."""
    bits = clip.facts.get("bits", 8)
    if bits > 8:
        return f"{bits}-bit {CODECS.get(clip.codec, clip.codec.upper())}"
    return "" if clip.is_picture or clip.codec == "h264" else clip.codec.upper()


def _timing(clip: Clip) -> dict[str, object]:
    return {
        "ms": clip.duration_ms,
        "fps": clip.frame_rate,
        "starts-ms": clip.starts_ms or None,
        "moments": moments(clip) or None,
    }


def _attributes(found: dict[str, object]) -> str:
    known = [(name, value) for name, value in found.items() if value is not None]
    return format_html_join("", ' data-{}="{}"', known)


def _cut_delta(clip: Clip | None) -> float:
    """How visible the cut to the clip is; what is not measured, or not there (any more), comes last."""
    return clip.cut_delta_e if clip and not clip.is_lost and clip.cut_delta_e is not None else math.inf


def _address(kind: str, clip: Clip, share: Share | None) -> str:
    if not clip.is_stored:
        return ""
    return reverse(f"guest_{kind}", args=[share.token, clip.pk]) if share else reverse(kind, args=[clip.pk])
