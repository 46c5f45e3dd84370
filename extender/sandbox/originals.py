"""The two start videos that are always there, so that there is something to extend at the first start."""

import time

from extender.sandbox.render_queue import RenderQueue
from extender.sandbox.store import START, Store, Task

ORIGINALS = {
    "5b0c9f5e-3c1d-4a57-9d0e-2f6a1b7c8d10": "Dusk among the firs, the last light behind the ridges",
    "c2a4d8f1-7e36-4b92-8a5d-91f0e3b6c724": "First light over the ridges, the air still cold",
}


def prepare(store: Store, render_queue: RenderQueue, *, is_tiny: bool) -> None:
    """Keeps both originals as tasks that nobody paid for, and has their missing clips made."""
    for task_id, prompt in ORIGINALS.items():
        store.keep(Task(task_id, START, prompt, "low", started=time.time(), seconds=0, original=True))
    for task in store.originals():
        clips = store.clips(task.task_id)
        lost = any(not render_queue.file(task, take).exists() for take in clips)
        outgrown = not is_tiny and None in clips.values()  # made by an earlier `--tiny`
        if task.trouble or lost or outgrown:
            store.forget_clips(task.task_id)
        render_queue.make(task, is_tiny=is_tiny)
