"""What a member chooses of a film: its steps, its shape, its colours, its format. Remembered in the session."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.sessions.backends.base import SessionBase

from extender.lineage.branches import Branch
from extender.lineage.steps import Step

REMEMBERED = "film"
AS_IT_IS, VIDEO = "as it is", "mp4"
FITS = {"bars": "with bars", "crop": "cropped"}
SHAPES = [
    (AS_IT_IS, "As it is"),
    *((f"{shape} {fit}", f"{shape}, {words}") for shape in ("16:9", "9:16", "1:1") for fit, words in FITS.items()),
]
FORMATS = [(VIDEO, "MP4"), ("gif", "GIF, 8 MB at most"), ("webp", "Animated WebP, 8 MB at most")]


class Choices(forms.Form):
    """The choices beside a film, bound to what was `chosen`; what is left out is the whole film, as it is, as MP4."""

    first = forms.TypedChoiceField(label="From", coerce=int)
    last = forms.TypedChoiceField(label="To", coerce=int)
    shape = forms.ChoiceField(label="Shape", choices=SHAPES)
    format = forms.ChoiceField(label="Format", choices=FORMATS)
    even_colours = forms.BooleanField(label="Even out the colours", required=False)

    def __init__(self, branch: Branch, chosen: Mapping[str, Any]) -> None:
        self._steps = branch.played
        named = [(step.place, step.name.capitalize()) for step in self._steps]
        ends = {"first": named[0][0], "last": named[-1][0]} if named else {}
        self._whole = {**ends, "shape": AS_IT_IS, "format": VIDEO, "even_colours": False}
        super().__init__(
            {name: chosen.get(name, left_out) for name, left_out in self._whole.items()},
            auto_id="export-%s",
            label_suffix="",
        )
        for name in ("first", "last"):
            self.fields[name].choices = named  # type: ignore[attr-defined]

    @property
    def steps(self) -> list[Step]:
        """The steps of which the film is made: those that the page plays, from the one to the other."""
        first, last = sorted((self.cleaned_data["first"], self.cleaned_data["last"]))
        return [step for step in self._steps if first <= step.place <= last]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is chosen but the whole film, as it is, as MP4."""
        return self.cleaned_data == self._whole

    @property
    def looks(self) -> dict[str, Any]:
        """How the film is to look, as a cut list has it."""
        shape, _, fit = self.cleaned_data["shape"].rpartition(" ")
        shaped = {} if self.cleaned_data["shape"] == AS_IT_IS else {"shape": shape, "fit": fit}
        # To what the first step ends with: without another one nothing would change.
        even = self.cleaned_data["even_colours"] and len(self.steps) > 1
        return {**shaped, "format": self.cleaned_data["format"], "even_colours": even}


def remember(session: SessionBase, branch: Branch, choices: Choices) -> None:
    """Keeps the choices for the next film, and the steps for this one."""
    session[REMEMBERED] = {**choices.cleaned_data, "of": _name(branch)}


def remembered(session: SessionBase, branch: Branch) -> Choices:
    """What was chosen last, as far as it can be had of this film."""
    kept = dict(session.get(REMEMBERED, {}))
    if kept.pop("of", "") != _name(branch):
        kept = {name: value for name, value in kept.items() if name not in ("first", "last")}
    choices = Choices(branch, kept)
    # Clips that were here may be lost by now, and shapes that there were forgotten.
    return choices if choices.is_valid() else Choices(branch, {})


def _name(branch: Branch) -> str:
    clip = branch.here.clip
    return f"{branch.here.task.pk}/{clip.index if clip else ''}"
