"""Makes the clips of tasks in the background: two painting processes, originals first."""

import itertools
import queue
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from extender.sandbox import log, render_process, tiny
from extender.sandbox.life import FAILING
from extender.sandbox.render_process import RenderProcess
from extender.sandbox.store import EXTEND, PICTURES, START, Store, Task

PROCESSES = 2
ATTEMPTS = 2
IDLE_SECONDS = 60.0  # an idle painting process is let go after this long
SECONDS = {START: 5.0, EXTEND: 4.0, PICTURES: 0.0}  # what a clip lasts
NEVER_FINISHING = {*FAILING, "stuck"}


class Job(NamedTuple):
    """One clip to paint. The first two fields decide the order."""

    is_later: bool  # False for an original
    serial: int
    task: Task
    take: int


class RenderQueue:
    """Paints what it is given, and what an earlier process left unpainted."""

    def __init__(self, store: Store, directory: Path, command: Sequence[str] = render_process.COMMAND) -> None:
        self.store = store
        self.directory = directory
        self.videos = directory / "videos"
        self.uploads = directory / "uploads"
        self.videos.mkdir(parents=True, exist_ok=True)
        self._command = command  # starts a painting process
        self._jobs: queue.PriorityQueue[Job] = queue.PriorityQueue()
        self._serial = itertools.count()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._processes: set[RenderProcess] = set()
        self._stopped = False

    def file(self, task: Task, take: int) -> Path:
        return self.videos / task.task_id / f"{take}.{task.suffix}"

    def make(self, task: Task, *, is_tiny: bool) -> None:
        """Makes the task's missing clips: at once if they are tiny, else in the background."""
        if NEVER_FINISHING.intersection(task.words):
            return
        missing = sorted(set(range(1, task.takes + 1)) - set(self.store.clips(task.task_id)))
        if is_tiny:
            self._copy(task, missing)
            return
        for take in missing:
            self._jobs.put(Job(not task.original, next(self._serial), task, take))
        with self._lock:
            while missing and len(self._threads) < PROCESSES:
                thread = threading.Thread(target=self._work, name="render", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _copy(self, task: Task, takes: list[int]) -> None:
        source = self.directory / f"tiny.{task.suffix}"
        with self._lock:
            if not source.exists():
                tiny.encode(source)
        (self.videos / task.task_id).mkdir(exist_ok=True)
        for take in takes:
            tiny.copy(source, self.file(task, take), f"{task.task_id} {take}")
            self.store.add_clip(task.task_id, take, None)

    def _work(self) -> None:
        """One thread's life: it holds a painting process while there is something to paint."""
        held: RenderProcess | None = None
        while not self._stopped:
            try:
                job = self._jobs.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                self._end_process(held)
                held = None
                continue
            trouble = None
            for _ in range(ATTEMPTS):
                held = held or self._start_process()
                trouble = self._paint(held, job.task, job.take)
                if not trouble or self._stopped:
                    break
                log.line(f"painting {job.task.task_id}/{job.take} failed: {trouble}")
                self._end_process(held)  # a fresh process may do better
                held = None
            if trouble and not self._stopped:
                self.store.give_up(job.task.task_id, f"The sandbox could not paint this video ({trouble}).")

    def _paint(self, held: RenderProcess, task: Task, take: int) -> str | None:
        """Has one clip painted and notes it; returns what went wrong, or None."""
        if self.store.task(task.task_id) is None:
            return None  # forgotten by a reset
        answer = held.paint(self._shot(task, take), self.file(task, take))
        if "error" in answer:
            return answer["error"]
        if not self._stopped and not self.store.add_clip(task.task_id, take, answer["ending"]):
            shutil.rmtree(self.videos / task.task_id, ignore_errors=True)
        return None

    def _shot(self, task: Task, take: int) -> dict[str, Any]:
        parent = None
        if task.parent_task_id and task.parent_index:
            parent = self.store.clips(task.parent_task_id).get(task.parent_index)
        return {
            "prompt": task.prompt,
            "motion": task.motion,
            "index": take,
            "seed": task.seed,
            "seconds": SECONDS[task.task_type],
            "parent": parent,
            "ratio": task.ratio,
            "picture": str(self.uploads / task.picture) if task.picture else None,
        }

    def _start_process(self) -> RenderProcess:
        held = RenderProcess(self._command)
        with self._lock:
            self._processes.add(held)
        if self._stopped:
            held.kill()
        return held

    def _end_process(self, held: RenderProcess | None) -> None:
        if held:
            with self._lock:
                self._processes.discard(held)
            held.kill()

    def forget(self, keep: set[str]) -> None:
        """Removes the files of every task but `keep`. A job of a forgotten task is passed over."""
        for folder in self.videos.iterdir():
            if folder.name not in keep:
                shutil.rmtree(folder, ignore_errors=True)

    def stop(self) -> None:
        """Ends the painting processes; what they were painting is painted again after a restart."""
        self._stopped = True
        with self._lock:
            for held in self._processes:
                held.kill()
