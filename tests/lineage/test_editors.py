"""A film as editors take it away: in one zip, under names that every system and program takes."""

import io
import zipfile

import pytest

from extender.states import State
from extender.tasks.models import Task
from tests.helpers import age, extend, make_clip, make_task, queries


def address(task: Task, index: int = 1) -> str:
    return f"/tasks/{task.pk}/clips/{index}/film/editors/"


def taken(web, task: Task, index: int = 1) -> dict[str, bytes]:
    """The files by name."""
    response = web.get(address(task, index))
    assert response.status_code == 200
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as zipped:
        return {info.filename: zipped.read(info) for info in zipped.infolist()}


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("雨が降る 🎬", "00-clip-1.mp4"),
        ("Café / CON: *?\\..", "00-cafe-con-1.mp4"),
        ("w" * 300, f"00-{'w' * 40}-1.mp4"),
    ],
)
def test_its_names_are_safe_on_every_system(web, start, prompt, name):
    age(start, prompt=prompt)
    copy = make_clip(start)
    files = taken(web, start)
    assert [inner for inner in files if inner.startswith("clips/")] == [f"clips/{name}"]
    assert files[f"clips/{name}"].startswith(f"clip {copy.index} of".encode())


def test_there_is_none_of_a_clip_that_did_not_come_nor_before_any_is_stored_nor_of_somebody_elses(
    web, browser_of, start, stranger
):
    assert web.get(address(start)).status_code == 404
    make_clip(start, 2)
    assert taken(web, start)
    assert web.get(address(start, 5)).status_code == 404
    assert web.get(address(make_task(start.owner, State.PROCESSING, due_at=None))).status_code == 404
    assert browser_of(stranger).get(address(start)).status_code == 404


def test_it_costs_the_same_number_of_queries_however_long_the_film_is(web, start):
    prices, task = [], start
    for _ in range(3):
        make_clip(task)
        prices.append(queries(lambda: taken(web, task)))  # noqa: B023
        task = extend(task)
    assert set(prices) == {5}, "session, member, task, branch, all their copies"
