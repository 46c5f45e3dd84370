"""How pages tell and draw how far the end of a clip is from the end of its branch's original."""

from dataclasses import dataclass

from django import template
from django.utils.html import format_html_join

from extender.lineage.branches import Branch
from extender.tasks.models import Clip

register = template.Library()

HEIGHT, STEP = 100, 100  # of a graph, and of each step in it, in units of its own
# As much softness or harshness as nobody sees.
UNSEEN_PERCENT = 3
FAR = 10.0  # ΔE: what goes further takes the whole height


@dataclass(frozen=True)
class Graph:
    """Two lines over the steps of a branch, as points of SVG: further up is further from the original."""

    width: int
    height: int
    most: float  # ΔE: what takes the whole height
    colour: str
    softness: str


@register.filter
def drift(clip: Clip | None) -> list[str]:
    """How far its end has drifted: ["colour ΔE 3.6", "13 % softer"]; empty where nobody has measured it."""
    colour, sharpness = _measured(clip)
    return [] if colour is None else [f"colour ΔE {colour:.1f}", *_softness(sharpness or 0.0)]


@register.filter
def drifts(branch: Branch) -> bool:
    """Whether the drift of any clip on the branch is measured, so that there is something to explain."""
    return any(drift(clip) for clip in _ends(branch))


@register.filter
def furthest(branch: Branch) -> float:
    """What a whole bar stands for, in ΔE: the same for all of a branch, so that its bars can be told apart."""
    return max(FAR, *(_measured(clip)[0] or 0.0 for clip in [None, *_ends(branch)]))


@register.simple_tag
def drift_graph(branch: Branch) -> Graph | None:
    """How the drift grows along a branch; None where fewer than two of its ends are measured."""
    # All else is measured against the end of the first clip, which is no distance from itself.
    ends = [(0.0, 0.0), *(_measured(step.clip) for step in branch.steps[1:])]
    if all(colour is None for colour, _ in ends[1:]):
        return None
    most = max(FAR, *(colour or 0.0 for colour, _ in ends))
    points = [_points(place, *end, most) for place, end in enumerate(ends)]
    colour, softness = (" ".join(filter(None, line)) for line in zip(*points, strict=True))
    return Graph(STEP * len(ends), HEIGHT, most, colour, softness)


@register.simple_tag
def drift_points(graph: Graph | None, place: int, clip: Clip | None) -> str:
    """Where `clip` is on the two lines of a graph, as its step `place` (from 0): attributes for what draws them."""
    end = _measured(clip) if place else (0.0, 0.0)
    points = _points(place, *end, graph.most) if graph else (None, None)
    named = [(name, point) for name, point in zip(("colour", "softness"), points, strict=True) if point]
    return format_html_join("", ' data-{}="{}"', named)


def _ends(branch: Branch) -> list[Clip]:
    """The clips whose drift a branch tells: the chosen one of each step, and at its end all of them."""
    ends = [branch.here.clip] if branch.here.clip else branch.here.task.clips
    return [step.clip for step in branch.earlier if step.clip and step.place] + ends


def _measured(clip: Clip | None) -> tuple[float | None, float | None]:
    return (clip.drift_colour, clip.drift_sharpness) if clip and clip.is_stored else (None, None)


def _softness(octaves: float) -> list[str]:
    """How much fine detail there is against the original, in per cent; nothing where nobody would see it."""
    change = round(100 * (2**octaves - 1))
    if abs(change) <= UNSEEN_PERCENT:
        return []
    return [f"{-change} % softer" if change < 0 else f"{change} % harsher"]


def _points(place: int, colour: float | None, sharpness: float | None, most: float) -> tuple[str | None, str | None]:
    """The points of colour and softness, in the middle of the step at `place`; None for what is not measured."""
    softness = None if sharpness is None else 1 - 2 ** min(0.0, sharpness)
    return _point(place, None if colour is None else colour / most), _point(place, softness)


def _point(place: int, share: float | None) -> str | None:
    """A share of the height; what is more than all of it stands at the top."""
    return None if share is None else f"{STEP * place + STEP // 2},{HEIGHT * (1 - min(1.0, share)):.0f}"
