"""Paints the sandbox's videos: short calm clips that stand in for those of the real service."""

import os
import pathlib
from dataclasses import dataclass

from .painting import film, scenes
from .painting.course import plot


@dataclass(frozen=True)
class Shot:
    """One clip to paint; `parent` is what `paint` returned for the clip it continues."""

    prompt: str
    motion: str  # "low" | "high"
    index: int  # 1..4, which of the four takes
    seed: int  # stable per task
    seconds: float  # 5.0 for a start clip, 4.0 for an extension
    parent: dict | None


def paint(shot: Shot, target: pathlib.Path) -> dict:
    """Writes an MP4 at `target`; returns its ending, JSON-serialisable, as `Shot.parent` of a continuation."""
    course = plot(shot)
    scene = scenes.build(course.world)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        film.expose((scene.paint(moment) for moment in course.moments()), draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return course.ending()
