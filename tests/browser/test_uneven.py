"""Clips whose pictures do not come evenly: a step shows another picture, never the same twice."""

from itertools import pairwise

import pytest

from tests.browser.conftest import do, sign_in
from tests.browser.scene import RATE, START_SECONDS
from tests.browser.test_film import READ, await_picture
from tests.browser.test_wall import pictures


@pytest.fixture(scope="module")
def task(directory, house) -> str:
    """An extension whose clip 2 is uneven, of an original whose clip 2 is."""
    code = "from tests.browser.scene import stage; print(stage(uneven=True, prompt='The lock opens').pk)"
    return f"{house.url}/tasks/{do(directory, code)}/"


def test_a_step_on_the_wall_shows_a_new_picture(task, house, open_page):
    page = sign_in(open_page(), house, "stage", task)
    page.wait_for_selector(".toggle:not([hidden])")

    def press(key: str) -> list[int]:
        page.keyboard.press(key)
        return pictures(page)

    forwards = [press("ArrowRight") for _ in range(6)]
    assert all(new > old for before, after in pairwise(forwards) for old, new in zip(before, after, strict=True))
    backwards = forwards[-1:] + [press("ArrowLeft") for _ in range(4)]
    assert all(new < old for before, after in pairwise(backwards) for old, new in zip(before, after, strict=True))
    # Alone it shows each of its pictures.
    for key in ("2", "2", "Home"):
        page.keyboard.press(key)
    assert [press("ArrowRight")[1] for _ in range(5)] == [1, 2, 3, 4, 5]
    assert [press("ArrowLeft")[1] for _ in range(5)] == [4, 3, 2, 1, 0]


def test_steps_lead_through_the_film_picture_by_picture(task, house, open_page):
    page = sign_in(open_page(), house, "stage", f"{task}clips/2/film/")
    page.evaluate(READ)
    last = round(START_SECONDS * RATE) - 1
    page.keyboard.press("]")
    await_picture(page, 1, 2, 0)
    for key, way in (
        ("Right", [(1, 1), (1, 2), (1, 3)]),
        ("Left", [(1, 2), (1, 1), (1, 0), (0, last), (0, last - 1), (0, last - 2)]),
        ("Right", [(0, last - 1), (0, last), (1, 0)]),
    ):
        for step, number in way:
            page.keyboard.press(f"Arrow{key}")
            await_picture(page, step, 2, number)
