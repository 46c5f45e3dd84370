"""Clips whose pictures do not come evenly: a step shows another picture, never the same twice."""

from collections.abc import Callable
from operator import gt, lt

import pytest

from tests.browser.conftest import do, sign_in
from tests.browser.scene import RATE, START_SECONDS
from tests.browser.test_film import READ, await_picture
from tests.browser.test_wall import pictures
from tests.helpers import eventually


@pytest.fixture(scope="module")
def task(directory, house) -> str:
    """An extension whose clip 2 is uneven, of an original whose clip 2 is."""
    code = "from tests.browser.scene import stage; print(stage(uneven=True, prompt='The lock opens').pk)"
    return f"{house.url}/tasks/{do(directory, code)}/"


def test_a_step_on_the_wall_shows_a_new_picture(task, house, open_page):
    page = sign_in(open_page(), house, "stage", task)
    page.wait_for_selector(".toggle:not([hidden])")

    def press(key: str, is_there: Callable[[list[int]], bool]) -> list[int]:
        """What is seen once it is there: a browser takes its time to paint what it has sought."""
        page.keyboard.press(key)
        return eventually(lambda: is_there(seen := pictures(page)) and seen)

    def step(key: str, is_on: Callable[[int, int], bool], before: list[int]) -> list[int]:
        return press(key, lambda after: all(map(is_on, after, before)))

    seen = press("ArrowRight", bool)
    for key, is_on in [("ArrowRight", gt)] * 5 + [("ArrowLeft", lt)] * 4:
        seen = step(key, is_on, seen)
    # Alone it shows each of its pictures.
    for key in ("2", "2", "Home"):
        page.keyboard.press(key)
    for key, numbers in (("ArrowRight", [1, 2, 3, 4, 5]), ("ArrowLeft", [4, 3, 2, 1, 0])):
        for number in numbers:
            press(key, lambda after, number=number: after[1] == number)


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
