"""A tree of many tasks for pages to draw: made inside a running installation; all clips share a few files."""

import random
import uuid

from django.utils import timezone

from extender.states import FileState
from extender.tasks.models import Clip, Task
from extender.tasks.picks import pick
from extender.team.models import Member
from tests.browser.scene import OWNER, member_called, stage

SHARED = ("source_url", "sha256", "bytes", "duration_ms", "width", "height", "codec", "frame_rate", "facts")
WORDS = (
    "The camera rises over the harbour and the lights come on",
    "Fog rolls in; only the lantern stays",
    "She turns, and the whole street turns with her, slowly, as if it had been waiting for a sign all along",
    "Cut to the gulls, low over the water",
    "A train crosses the bridge behind her",
)
DEEPEST = 4


def plant(
    size: int = 100, *, running: int = 2, failed: int = 3, owner: str = OWNER, prompt: str = "Night ferry"
) -> Task:
    """The original of a tree of `size` tasks: the first of them grow on, the last `running` and `failed` are that."""
    member = member_called(owner)
    staged = stage(1, prompt="Staged for a tree")
    made = list(Clip.objects.filter(task__in=[staged, staged.parent]).order_by("task__created_at", "index"))
    chance = random.Random(7)
    root = _task(member, None, prompt, "finished")
    tasks, depth = [root], {root: 0}
    for number in range(1, size):
        state = (
            "processing"
            if number >= size - running
            else "failed"
            if number >= size - running - failed
            else "finished"
        )
        grows = [task for task in tasks[:40] if depth[task] < DEEPEST and task.state == "finished"]
        parent = chance.choice(grows[: 1 + len(grows) * 2 // 3])
        task = _task(member, parent, WORDS[number % len(WORDS)], state, index=chance.choice((1, 2, 2, 3, 4)))
        tasks.append(task)
        depth[task] = depth[parent] + 1
    for number, task in enumerate(tasks):
        for index in range(1, 5) if task.state == "finished" else ():
            like = made[(number + index) % len(made)]
            shared = {name: getattr(like, name) for name in SHARED}
            Clip.objects.create(task=task, index=index, state=FileState.STORED, due_at=None, **shared)
    Task.objects.filter(pk__in=[staged.pk, staged.parent_id]).update(created_at="2020-01-01T00:00:00Z")
    for task in tasks[:12:3]:
        pick(task.clip(2), True)
    return root


def _task(member: Member, parent: Task | None, prompt: str, state: str, index: int | None = None) -> Task:
    now = timezone.now()
    ended = {"ended_at": now, "due_at": None}
    more = {
        "finished": ended,
        "failed": {"reason": "APIFRAME refused the prompt: a word in it is banned.", **ended},
        # Nobody asks about it: it changes when a test says so.
        "processing": {"percentage": 40, "due_at": None},
    }
    return Task.objects.create(
        owner=member,
        parent=parent,
        kind=Task.Kind.EXTENSION if parent else Task.Kind.ORIGINAL,
        parent_task_id=parent.remote_id if parent else "",
        index=index,
        remote_id=str(uuid.uuid4()),
        prompt=prompt,
        state=state,
        sent_at=now,
        **more[state],
    )
