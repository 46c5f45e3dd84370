"""A branch with clips that are here, for pages to play: made inside a running installation, and quicker than painted.

Each picture carries a code of 14 blocks along its lower edge, white for 1: 3 bits of the step on which it was made,
3 of the take, 8 of its number there. So a test can read from a screen which picture stands on it.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone

from extender.archive import storage
from extender.archive.files import STILLS
from extender.archive.looking import _columns
from extender.states import FileState
from extender.tasks.models import Clip, Task
from extender.team.models import Member
from tests import films
from tests.sizes import TORTURE
from tests.video.looks import examine

# Small films are made, decoded and drawn in a quarter of the time.
SCALE = 2 if TORTURE else 1
WIDTH, RATE = SCALE * films.WIDTH, films.RATE
BLOCKS, BLOCK_HEIGHT = 14, 12
START_SECONDS, STEP_SECONDS = 3.0, 2.0
CHOSEN = 2
OWNER = "stage"  # not the demo's member: their history stays as newcomers find it
CUT_DELTAS = {1: 4.2, 2: 2.4, 3: 0.6, 4: 7.1}  # the cut to the third take is the smoothest


def stage(
    steps: int = 1,
    *,
    contains: bool = False,
    uneven: bool = False,
    owner: str = OWNER,
    prompt: str = "The ferry leaves",
) -> Task:
    """The last task of a new branch with `steps` extensions, each of clip 2 of the one before, all four takes here.

    With `contains` each clip begins with all the footage of its parent; with `uneven` the pictures of each clip 2
    last a 96th of a second and seven in turn.
    """
    member = member_called(owner)
    task = _task(member, None, prompt)
    for number in range(steps + 1):
        for take in range(1, 5):
            _keep(task, take, number, contains=contains, uneven=uneven and take == CHOSEN)
        if number < steps:
            task = _task(member, task, f"{prompt}, part {number + 2}")
    return task


def member_called(name: str) -> Member:
    """The member with this name, which is their password too; made where there is none yet."""
    member, is_new = Member.objects.get_or_create(username=name, defaults={"is_staff": True, "is_superuser": True})
    if is_new:
        member.set_password(name)
        member.save()
    return member


def _task(member: Member, parent: Task | None, prompt: str) -> Task:
    now = timezone.now()
    return Task.objects.create(
        owner=member,
        parent=parent,
        kind=Task.Kind.EXTENSION if parent else Task.Kind.ORIGINAL,
        parent_task_id=parent.remote_id if parent else "",
        index=CHOSEN if parent else None,
        remote_id=str(uuid.uuid4()),
        prompt=prompt,
        state="finished",
        sent_at=now,
        ended_at=now,
        due_at=None,
    )


def _pictures(step: int, take: int) -> Iterator[np.ndarray]:
    """The new footage of one take: a camera along a landscape of its own, from where the step before has ended."""
    count = round((STEP_SECONDS if step else START_SECONDS) * RATE)
    for number, small in enumerate(
        films.pan(count, start=count * step, seed=step + 1 if take == CHOSEN else 10 + take)
    ):
        picture = small.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
        code = step << 11 | take << 8 | number
        for block in range(BLOCKS):
            left, right = block * WIDTH // BLOCKS, (block + 1) * WIDTH // BLOCKS
            picture[-BLOCK_HEIGHT:, left:right] = 255 * (code >> BLOCKS - 1 - block & 1)
        yield picture


def _keep(task: Task, index: int, step: int, *, contains: bool, uneven: bool) -> None:
    begins = START_SECONDS + (step - 1) * STEP_SECONDS if contains and step else 0.0
    cut = {"cut_delta_e": CUT_DELTAS[index], "cut_ms": round(1000 * begins)} if step else {}
    drift = {"drift_colour": 1.7 * step + index / 10, "drift_sharpness": -0.2 * step} if step else {}
    Clip.objects.create(
        task=task,
        index=index,
        source_url=f"https://clips.example/{index}.mp4",
        state=FileState.STORED,
        settled_at=timezone.now(),
        due_at=None,
        contains_parent=(Clip.Contains.YES if begins else Clip.Contains.NO) if step else Clip.Contains.UNKNOWN,
        **_film(step, index, contains=contains, uneven=uneven),
        **cut,
        **drift,
    )


def _film(step: int, take: int, *, contains: bool, uneven: bool) -> dict[str, Any]:
    """The columns of a copy of this film. Whoever stages it first, in whichever house, makes it."""
    made = Path(os.environ["FILMS"]) / f"{step}-{take}-{contains and step > 0}-{uneven}"
    made.mkdir(parents=True, exist_ok=True)
    columns = made / "columns.json"
    with (made / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not columns.exists():
            columns.write_text(json.dumps(_made(made, step, take, contains=contains, uneven=uneven)))
    found = json.loads(columns.read_text())
    _store(made, found["sha256"])
    return found


def _store(made: Path, sha256: str) -> None:
    """Puts a film and its pictures among this house's copies."""
    store = storage.current_store()
    for kind, file in {"clip": "film.mp4", **STILLS}.items():
        name = storage.name(sha256, kind)
        if not store.exists(name):
            with store.part() as part:
                part.write((made / file).read_bytes())
                store.put(part, name)


def _made(into: Path, step: int, take: int, *, contains: bool, uneven: bool) -> dict[str, Any]:
    before = [picture for earlier in range(step if contains else 0) for picture in _pictures(earlier, CHOSEN)]
    pictures = before + list(_pictures(step, take))
    how: dict[str, Any] = {"options": {"preset": "ultrafast", "crf": "20", "g": "12"}}
    if uneven:
        how |= {"rate": 4 * RATE, "stamps": [4 * number - 3 * (number % 2) for number in range(len(pictures))]}
    film = films.write(into / "film.mp4", pictures, **how)
    facts = examine(film, into)
    size = film.stat().st_size
    sha256 = hashlib.sha256(film.read_bytes()).hexdigest()
    return {"sha256": sha256, "bytes": size, "received": size, **_columns(facts.as_json())}
