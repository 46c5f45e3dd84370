"""The cut list as files that editing programs open: OpenTimelineIO, and a CMX 3600 EDL."""

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange, to_timecode

from extender.lineage.editors.cutlist import FOLDER, CutList, Shot, Take, plain_words
from extender.lineage.editors.table import facts

OURS = "extender"  # the name under which stands what is not the format's own
NOTE_LENGTH = 200  # characters: old programs take no long lines


def as_otio(cuts: CutList) -> str:
    """OpenTimelineIO: one track of shots, each of which has the other takes of its step as alternative media.

    A shot has one in and one out for whichever media is active; those of each take stand with its media.
    """
    return _written([_clip(shot, cuts.rate) for shot in cuts.shots], cuts.branch.here.task.title, "otio_json")


def as_edl(cuts: CutList) -> str:
    """A CMX 3600 EDL. All of it counts frames at one rate: a shot that has another is cut at the nearest frame."""
    rate = RationalTime.nearest_valid_timecode_rate(cuts.rate)
    drops = "" if ";" in to_timecode(RationalTime(0, rate)) else "NON-"
    title = f"{plain_words(cuts.branch.here.task)} at {rate:.5g} fps"
    events = [_event(shot, rate) for shot in cuts.shots]
    # As Premiere writes it: that takes the files' names of no other style, and others take this one.
    written = _written(events, title, "cmx_3600", rate=rate, style="premiere", reelname_len=None)
    return written.replace("\n", f"\nFCM: {drops}DROP FRAME\n", 1)


def _written(clips: list[otio.schema.Clip], title: str, adapter: str, **how: object) -> str:
    timeline = otio.schema.Timeline(title)
    timeline.tracks.append(otio.schema.Track("Film", kind=otio.schema.TrackKind.Video, children=clips))
    return otio.adapters.write_to_string(timeline, adapter, **how)


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
    whole = _span(*take.whole) if take.whole else None
    return otio.schema.ExternalReference(FOLDER + take.name, whole, told["metadata"])


def _event(shot: Shot, rate: float) -> otio.schema.Clip:
    """A shot on the film's own grid of frames, so that no frame is missing between it and the next."""
    length = round(shot.ends * rate) - round(shot.begins * rate)
    frames = shot.take.frames
    first = round(frames.first / frames.rate * rate) if frames else 0
    media = otio.schema.ExternalReference(FOLDER + shot.take.name)
    words = _one_line(shot.take.step.task.prompt)
    notes = {"cmx_3600": {"comments": [f"PROMPT: {words}"]}} if words else {}
    return otio.schema.Clip(shot.take.name, media, _span(first, first + length, rate), notes)


def _span(first: int, end: int, rate: float) -> TimeRange:
    return TimeRange(RationalTime(first, rate), RationalTime(end - first, rate))


def _one_line(text: str) -> str:
    # What breaks a line would begin an event of its own.
    return " ".join(text.split())[:NOTE_LENGTH]
