"""Asking for a film to take away, whoever asks; and what there is of one."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.http import Http404
from django.shortcuts import get_object_or_404

from extender.archive.exports.choices import AS_IT_IS, Choices
from extender.archive.exports.models import Export, cut_list
from extender.lineage.branches import Branch
from extender.lineage.steps import Segment, Step
from extender.tasks.models import Clip
from extender.team.models import Member
from extender.video.cutlist import CutList, Part, part_of


class NotStored(Exception):
    """Not every file of the film is here and measured, or none adds anything: half a film is none."""


@dataclass(frozen=True)
class Offer:
    """The film of a branch that is wanted by these (valid) choices, and what there is of it."""

    branch: Branch
    choices: Choices

    @property
    def _filmed(self) -> list[tuple[Step, Segment]]:
        """The chosen steps that add anything to the film, with what they add."""
        chosen = [(step, step.segment) for step in self.choices.steps]
        return [(step, segment) for step, segment in chosen if segment and segment.adds_footage]

    @property
    def is_empty(self) -> bool:
        """Whether none of the chosen steps adds anything."""
        return not self._filmed

    @property
    def missing(self) -> list[Step]:
        """The steps whose files are not here, or of which it is not known yet where their footage begins."""
        return [step for step in self.choices.steps if step.clip and not _is_ready(step.clip)]

    @cached_property
    def export(self) -> Export | None:
        """Its export, where somebody has asked for it. One query."""
        return (
            None if self.missing or self.is_empty else Export.objects.filter(cut_list=cut_list(*self.made_of)).first()
        )

    @property
    def made_of(self) -> tuple[list[str], CutList]:
        """The files by their SHA-256, and the cut list."""
        segments = [segment for _, segment in self._filmed]
        parts = tuple(Part(segment.repeated_ms, segment.ends_ms or 0) for segment in segments)
        return [segment.clip.sha256 for segment in segments], CutList(parts, **self.choices.looks)

    @property
    def state(self) -> str:
        """Where it stands: "missing" (files), "empty", "new", or the state of its export."""
        known = "missing" if self.missing else "empty" if self.is_empty else "new"
        return self.export.state if self.export else known

    @property
    def reason(self) -> str:
        """Why its export is not stored, with the steps by their names."""
        part, reason = part_of(self.export.reason if self.export else "")
        return f"{self._filmed[part - 1][0].name.capitalize()}: {reason}" if part else reason

    @property
    def is_watched(self) -> bool:
        """Whether a page that shows it has to go on asking."""
        coming = any(step.clip and (step.clip.is_awaited or step.clip.is_under_way) for step in self.missing)
        return coming or bool(self.export and self.export.is_under_way)

    @property
    def version(self) -> str:
        """A text that differs as soon as a page shows something else of it."""
        shown = [self.state, *([self.export.percentage, self.export.reason] if self.export else [])]
        return "-".join(map(str, [*shown, *(step.clip.state for step in self.missing if step.clip)]))


def export_of(member: Member, branch: Branch, choices: Choices) -> Export:
    """The film of `branch` by these (valid) choices, made from now on or made before. Raises `NotStored`, `TooMany`.

    Whoever may see the branch may ask: nothing of it is changed.
    """
    offer = Offer(branch, choices)
    if offer.missing or offer.is_empty:
        raise NotStored
    return Export.objects.ask_for(member, *offer.made_of)


def export_shown(branch: Branch, pk: uuid.UUID) -> Export:
    """The export `pk` for who may see `branch`: 404 where it holds footage that is not of this branch."""
    export = get_object_or_404(Export, pk=pk)
    if set(export.files) - {clip.sha256 for clip in branch.clips}:
        raise Http404
    return export


def file_name(branch: Branch, export: Export) -> str:
    """What it is called on somebody's disk: `a-cat-dancing-film.mp4`, `a-cat-dancing-film-steps-1-3-9x16.mp4`."""
    filmed = [step for step in branch.played if step.segment and step.segment.adds_footage]
    numbers = [step.place for step in filmed if step.clip and step.clip.sha256 in export.files]
    steps = f"-steps-{numbers[0]}-{numbers[-1]}" if len(numbers) < len(filmed) else ""
    cuts = export.as_cut_list()
    shape = "" if cuts.shape == AS_IT_IS else f"-{cuts.shape.replace(':', 'x')}"
    colours = "-even-colours" if cuts.even_colours else ""
    return f"{branch.here.task.slug}-film{steps}{shape}{colours}{export.end}"


def _is_ready(clip: Clip) -> bool:
    return clip.is_stored and bool(clip.contains_parent)
