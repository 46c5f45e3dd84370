"""The cut list as files that editing programs open."""

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from extender.lineage.editors.cutlist import FOLDER, CutList, Shot, Take
from extender.lineage.editors.table import facts

OURS = "extender"  # the name under which stands what is not the format's own


def as_otio(cuts: CutList) -> str:
    """OpenTimelineIO: one track of shots, each of which has the other takes of its step as alternative media.

    A shot has one in and one out for whichever media is active; those of each take stand with its media.
    """
    return _written([_clip(shot, cuts.rate) for shot in cuts.shots], cuts.branch.here.task.title)


def _written(clips: list[otio.schema.Clip], title: str) -> str:
    timeline = otio.schema.Timeline(title)
    timeline.tracks.append(otio.schema.Track("Film", kind=otio.schema.TrackKind.Video, children=clips))
    return otio.adapters.write_to_string(timeline, "otio_json")


def _clip(shot: Shot, film_rate: float) -> otio.schema.Clip:
    frames = shot.take.frames
    source = _span(*frames) if frames else _span(0, round(shot.take.seconds * film_rate), film_rate)
    task = shot.take.step.task
    note = otio.schema.Marker(task.title, TimeRange(source.start_time), comment=task.prompt)
    clip = otio.schema.Clip(shot.take.name, source_range=source, markers=[note], metadata={OURS: facts(shot.take)})
    others = {f"take {take.clip.index}": _media(take) for take in shot.others}
    clip.set_media_references({clip.DEFAULT_MEDIA_KEY: _media(shot.take), **others}, clip.DEFAULT_MEDIA_KEY)
    return clip


def _media(take: Take) -> otio.core.MediaReference:
    told = {"name": take.name, "metadata": {OURS: facts(take)}}
    if not take.clip.is_stored:
        return otio.schema.MissingReference(**told)
    whole = _span(0, take.frames.end, take.frames.rate) if take.frames else None
    return otio.schema.ExternalReference(FOLDER + take.name, whole, told["metadata"])


def _span(first: int, end: int, rate: float) -> TimeRange:
    return TimeRange(RationalTime(first, rate), RationalTime(end - first, rate))
