"""How the film's page offers the film to be taken away."""

from django import template
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from extender.archive.exports.asking import Offer
from extender.archive.exports.choices import remembered
from extender.archive.exports.models import Export
from extender.archive.templatetags.clips import file_words
from extender.lineage.branches import Branch
from extender.states import EXPORT_WORDS, ExportState
from extender.tasks.models import Clip

register = template.Library()


@register.simple_tag
def offered(request: HttpRequest, branch: Branch) -> Offer | None:
    """The film of `branch` that was chosen last; None where there is nothing to be filmed."""
    choices = remembered(request.session, branch)
    return Offer(branch, choices) if choices.is_valid() else None


@register.filter
def export_words(state: str) -> str:
    """Where an export stands, in a few words."""
    return EXPORT_WORDS[ExportState(state)]


@register.filter
def what_is_missing(clip: Clip) -> str:
    """Why the film cannot be made yet, of one clip in a few words."""
    return "not compared with the clip before yet" if clip.is_stored else file_words(clip.state)


@register.filter
def film_facts(export: Export) -> list[str]:
    """What an exported film is: ["21.0 s", "832 × 464", "12.4 MB"]."""
    return [
        f"{(export.duration_ms or 0) / 1000:.1f} s",
        f"{export.width} × {export.height}",
        filesizeformat(export.bytes or 0),
    ]
