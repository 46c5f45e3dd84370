"""The render queue has every clip painted once, in the right order, whatever befalls its painting processes.

The processes are real, the painter is not: it writes down what it was asked, and obeys a word in the prompt.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from extender.sandbox import originals
from extender.sandbox.database import Database
from extender.sandbox.render_queue import RenderQueue
from extender.sandbox.store import EXTEND, PICTURES, START, Store, Task

PAINTER = """
import json, os, pathlib, sys
from extender.sandbox import painter, render_process

def paint(shot, target):
    print("a library's chatter")
    with open(LOG, "a") as log:
        log.write(json.dumps({"prompt": shot.prompt, "take": shot.index, "parent": shot.parent,
                              "seconds": shot.seconds, "seed": shot.seed, "motion": shot.motion,
                              "ratio": shot.ratio, "picture": shot.picture}) + chr(10))
    marker = pathlib.Path(LOG + ".died")
    if "[die once]" in shot.prompt and not marker.exists():
        marker.touch()
        os._exit(9)
    if "[impossible]" in shot.prompt:
        raise ValueError("no such colour")
    target.write_bytes(b"clip")
    return {"of": f"{shot.prompt}/{shot.index}"}

painter.paint = paint
render_process.main()
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Database(tmp_path / "sandbox.sqlite3"))


@pytest.fixture
def render_queue(store: Store, tmp_path: Path) -> Iterator[RenderQueue]:
    script = PAINTER.replace("LOG", repr(str(tmp_path / "log")))
    render_queue = RenderQueue(store, tmp_path, command=(sys.executable, "-c", script))
    yield render_queue
    render_queue.stop()


@pytest.fixture
def painted(tmp_path: Path) -> Callable[[], list[dict]]:
    return lambda: [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]


def until(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def a_task(store: Store, number: int, prompt: str, **more: object) -> Task:
    task_id = f"{number:08x}-0000-4000-8000-000000000000"
    task = Task(task_id, EXTEND if "parent_task_id" in more else START, prompt, "high", time.time(), 0, **more)
    store.keep(task)
    return task


def test_the_originals_are_painted_first_and_one_after_the_other(store, render_queue, painted):
    task = a_task(store, 1, "later", takes=1)
    originals.prepare(store, render_queue, is_tiny=False)
    render_queue.make(task, is_tiny=False)
    until(lambda: not store.unpainted())
    order = list(dict.fromkeys(shot["prompt"] for shot in painted()))
    assert order == [*originals.ORIGINALS.values(), "later"]
    assert len(painted()) == 9
    originals.prepare(store, render_queue, is_tiny=False)
    assert render_queue._jobs.empty(), "what is painted is not painted again"


def test_an_extension_gets_the_ending_of_the_clip_that_it_continues(store, render_queue, painted):
    parent = a_task(store, 1, "start")
    for take in (1, 2, 3, 4):
        store.add_clip(parent.task_id, take, {"of": f"start/{take}"})
    child = a_task(store, 2, "on", takes=1, parent_task_id=parent.task_id, parent_index=3)
    render_queue.make(child, is_tiny=False)
    until(lambda: store.clips(child.task_id))
    (shot,) = painted()
    assert shot == {
        "prompt": "on",
        "take": 1,
        "parent": {"of": "start/3"},
        "seconds": 4.0,
        "seed": 2,
        "motion": "high",
        "ratio": 16 / 9,
        "picture": None,
    }
    assert store.clips(child.task_id) == {1: {"of": "on/1"}}
    assert store.moment(child).status == "finished"


def test_a_painting_process_that_dies_is_replaced_and_the_clip_painted_again(store, render_queue, painted):
    task = a_task(store, 1, "[die once]", takes=1)
    render_queue.make(task, is_tiny=False)
    until(lambda: store.clips(task.task_id))
    assert len(painted()) == 2


def test_a_clip_that_cannot_be_painted_fails_its_task_with_the_reason(store, render_queue):
    task = a_task(store, 1, "[impossible]", takes=1)
    render_queue.make(task, is_tiny=False)
    until(lambda: store.moment(store.task(task.task_id)).status == "failed")
    assert "no such colour" in store.moment(store.task(task.task_id)).reason


def test_only_missing_clips_are_painted_after_a_restart(store, render_queue, painted):
    task = a_task(store, 1, "half done", takes=2)
    store.add_clip(task.task_id, 1, {"of": "before"})
    (unpainted,) = store.unpainted()
    render_queue.make(unpainted, is_tiny=False)
    until(lambda: len(store.clips(task.task_id)) == 2)
    assert [shot["take"] for shot in painted()] == [2]


def test_tiny_originals_are_painted_once_the_sandbox_is_no_longer_tiny(store, render_queue, painted):
    originals.prepare(store, render_queue, is_tiny=True)
    assert store.unpainted() == []
    originals.prepare(store, render_queue, is_tiny=False)
    assert len(store.unpainted()) == 2
    until(lambda: not store.unpainted())
    assert len(painted()) == 8


def test_tasks_that_never_finish_are_not_painted(store, render_queue):
    for number, word in enumerate(("fail", "fail-error", "fail-list", "stuck")):
        render_queue.make(a_task(store, number, word, words=(word,)), is_tiny=False)
    assert render_queue._jobs.empty()


def test_a_video_begins_with_the_picture_that_it_was_given(store, render_queue, painted):
    picture = Task("0000000a-0000-4000-8000-000000000000", PICTURES, "a lake", "low", time.time(), 0, ratio=1)
    store.keep(picture)
    render_queue.make(picture, is_tiny=False)
    until(lambda: len(store.clips(picture.task_id)) == 4)
    video = Task("0000000b-0000-4000-8000-000000000000", START, "on", "low", time.time(), 0, takes=1)
    store.keep(replace(video, parent_task_id=picture.task_id, parent_index=2, picture="mine.png"))
    render_queue.make(store.task(video.task_id), is_tiny=False)
    until(lambda: store.clips(video.task_id))
    assert {(shot["seconds"], shot["ratio"]) for shot in painted()[:4]} == {(0, 1)}
    assert (painted()[-1]["seconds"], painted()[-1]["parent"]) == (5, {"of": "a lake/2"})
    assert painted()[-1]["picture"] == str(render_queue.uploads / "mine.png")
    assert sorted(path.name for path in render_queue.videos.glob("*/*")) == [
        "1.mp4",
        "1.png",
        "2.png",
        "3.png",
        "4.png",
    ]
