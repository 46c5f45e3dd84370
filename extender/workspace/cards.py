"""The history's cards: each is rendered once for a version of its task."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import prefetch_related_objects
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from extender.tasks.models import Task

# Whoever looks at a history does so again soon; no card is kept for ever.
KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Card:
    """A task as the history shows it, and whether that may soon change."""

    html: SafeString
    is_watched: bool


def cards_of(tasks: Sequence[Task]) -> list[Card]:
    """The cards of `tasks` (timed), in their order. One query for the clips of those that are not kept."""
    keys = [_key(task) for task in tasks]
    kept = cache.get_many(keys)
    missing = {key: task for key, task in zip(keys, tasks, strict=True) if key not in kept}
    if missing:
        prefetch_related_objects(list(missing.values()), "clip_set")
        made = {key: _made(task) for key, task in missing.items()}
        cache.set_many(made, KEPT_SECONDS)
        kept |= made
    return [kept[key] for key in keys]


def _key(task: Task) -> str:
    # A version counts whatever changes in the row or its clips; the other two change without one.
    return f"card-{task.pk}-{task.version}-{task.parent_id}-{task.has_just_ended}"


def _made(task: Task) -> Card:
    return Card(render_to_string("workspace/_card.html", {"task": task}), task.is_watched)
