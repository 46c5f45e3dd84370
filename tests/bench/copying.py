"""What it costs to copy extensions of 9 s, which begin with their parent's footage, by a worker of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from extender.sandbox.painter import Shot, paint
from extender.states import State
from extender.tasks.models import Clip, Task
from extender.team.models import Member
from tests import films
from tests.bench.load import processor_seconds
from tests.faults.clips import offer
from tests.helpers import eventually
from tests.paths import PROJECT
from tests.sandbox_process import Sandbox

TASKS, TAKES = 3, 4
PATIENCE = 600


def rows(owner: Member) -> Iterator[tuple[str, str]]:
    """The name of the row, and what was measured."""
    with TemporaryDirectory() as folder, Sandbox() as sandbox, _worker(sandbox) as pid:
        whole, start = Path(folder, "whole.mp4"), Path(folder, "start.mp4")
        paint(Shot("a sailing boat at sunset", "high", 1, 5, 9.0, None), whole)
        films.write(start, films.read(whole)[: 5 * films.RATE])
        parent = _finished(owner, sandbox, [start])
        eventually(_are_all_copied, PATIENCE)
        before, began = processor_seconds([pid]), time.monotonic()
        for _ in range(TASKS):
            _finished(owner, sandbox, TAKES * [whole], parent=parent, kind=Task.Kind.EXTENSION)
        eventually(_are_all_copied, PATIENCE)
        lasted, clips = time.monotonic() - began, TASKS * TAKES
        spent = (processor_seconds([pid]) - before) / clips
        assert Clip.objects.filter(contains_parent="yes").count() == clips
        yield "copying an extension of 9 s", f"{spent:.2f} s of CPU, {60 * clips / lasted:.0f} clips a minute"


def _are_all_copied() -> bool:
    return not Clip.objects.not_stored().exists() and not Clip.objects.filter(contains_parent="").exists()


def _finished(owner: Member, sandbox: Sandbox, clips: list[Path], **how: object) -> Task:
    """A task whose clips are still to be copied."""
    remote_id = offer(sandbox, [clip.read_bytes() for clip in clips])
    task = Task.objects.create(owner=owner, state=State.FINISHED, remote_id=remote_id, index=1, due_at=None, **how)
    Clip.objects.bulk_create(
        Clip(
            task=task,
            index=index,
            source_url=f"{sandbox.url}/videos/{remote_id}/{index}.mp4",
            contains_parent=Clip.Contains.before_looking(task),
        )
        for index in range(1, len(clips) + 1)
    )
    return task


@contextmanager
def _worker(sandbox: Sandbox) -> Iterator[int]:
    environment = {**os.environ, "APIFRAME_BASE_URL": sandbox.url}
    process = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=PROJECT, env=environment)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)
