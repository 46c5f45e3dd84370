"""The keys of pages: a page's list of them is made from these tables, and its script reads that list."""

from dataclasses import dataclass, field
from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from extender.tasks.models import Task

register = template.Library()

FACES = {
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
    "Escape": "Esc",
    "-": "−",
}


@dataclass(frozen=True)
class Key:
    """A key, and the command that it gives to its page's script."""

    names: str  # as browsers name them: "k", "Space", "Shift+ArrowLeft"; several, with a space between, do the same
    command: str
    to: str | int = ""

    @property
    def face(self) -> str:
        """What stands on it."""
        name = self.names.split()[0].removeprefix("Shift+")
        return FACES.get(name, name.capitalize())


@dataclass(frozen=True)
class Line:
    """Some keys that belong together, and the words for them in the list."""

    words: str
    keys: list[Key] = field(default_factory=list)

    @property
    def held(self) -> str:
        """The key that is held down with each of them; empty where there is none."""
        return "Shift" if self.keys[0].names.startswith("Shift+") else ""


PLAYING = [
    Line("play and pause", [Key("Space", "play"), Key("k", "play")]),
    Line("one frame", [Key("ArrowLeft", "step", -1), Key("ArrowRight", "step", 1)]),
    Line("one second", [Key("Shift+ArrowLeft", "second", -1), Key("Shift+ArrowRight", "second", 1)]),
    Line("the beginning, the end", [Key("Home", "start"), Key("End", "end")]),
]
SPEED = [Line("loop", [Key("l", "loop")]), Line("slower, faster", [Key(",", "speed", -1), Key(".", "speed", 1)])]
FRAMES = [Line("save this frame", [Key("s", "save")]), Line("start from this frame", [Key("n", "begin")])]
LIST = Line("this list", [Key("?", "keys")])
DIRECTIONS = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")


@register.simple_tag
def wall_keys(task: Task, guest: bool) -> SafeString:
    """The list of the keys of a task's wall, or of a guest's, who is not told of cuts and changes nothing."""
    return _wall_list(task.clip_count, not guest and task.has_cuts, bool(guest))


@register.simple_tag
def film_keys() -> SafeString:
    """The list of the keys of a branch's film."""
    return _film_list()


# The lists are a tenth of what a page takes to make, and there are a handful of them.
@cache
def _wall_list(count: int, has_cuts: bool, guest: bool) -> SafeString:
    return _list(_wall_lines(count, has_cuts, guest))


@cache
def _film_list() -> SafeString:
    steps = Line("the clip before, the next", [Key("[", "previous"), Key("]", "next")])
    return _list([*PLAYING, steps, *SPEED, *FRAMES, Line("full screen", [Key("f", "full")]), LIST])


def _list(lines: list[Line]) -> SafeString:
    return render_to_string("shared/_key_list.html", {"lines": lines})


def _wall_lines(count: int, has_cuts: bool, guest: bool) -> list[Line]:
    lines = list(PLAYING)
    if count > 1:
        words = "a clip alone" if guest else "choose a clip; again: alone"
        lines.append(Line(words, [Key(str(number), "number", number) for number in range(1, count + 1)]))
    if count > 1 or has_cuts:
        lines.append(Line("all clips" if count > 1 else "the clip again", [Key("Escape", "back")]))
    if count > 1:
        lines.append(Line("compare two", [Key("c", "view", "compare")]))
    if has_cuts:
        lines.append(Line("the cuts", [Key("j", "view", "cut")]))
    lines += SPEED
    if not guest:
        lines.append(Line("pick a clip", [Key("p", "pick")]))
        lines.append(Line("download it", [Key("d", "download")]))
        lines.append(Line("write what happens next", [Key("e", "write")]))
        lines.append(Line("along what was sent", [Key("[", "along", -1), Key("]", "along", 1)]))
        lines += FRAMES
    return [*lines, LIST]


@register.simple_tag
def tree_keys() -> list[Line]:
    """The keys of a tree."""
    return [
        Line("parent, extensions, neighbours", [Key(name, "go", name) for name in DIRECTIONS]),
        Line("the original", [Key("Home", "root")]),
        Line("move the view", [Key(f"Shift+{name}", "pan", name) for name in DIRECTIONS]),
        Line(
            "closer, farther, everything",
            [Key("+ =", "zoom", "in"), Key("-", "zoom", "out"), Key("0", "zoom", "fit")],
        ),
    ]
