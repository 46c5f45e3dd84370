"""How much is made for a page: templates and addresses, counted. No clock is asked."""

import pytest
from django.test.signals import template_rendered
from django.urls import URLResolver

from tests.helpers import make_clip, make_task

CARDS = 24


@pytest.fixture
def made(monkeypatch):
    """Counts the templates that are rendered for a request, and the addresses that are reversed."""
    counted = {"templates": 0, "addresses": 0}
    reverse = URLResolver._reverse_with_prefix

    def count_reverse(*args, **kwargs):
        counted["addresses"] += 1
        return reverse(*args, **kwargs)

    def count_template(**_):
        counted["templates"] += 1

    monkeypatch.setattr(URLResolver, "_reverse_with_prefix", count_reverse)
    template_rendered.connect(count_template)

    def ask(request) -> tuple[int, int]:
        counted.update(templates=0, addresses=0)
        request()
        return counted["templates"], counted["addresses"]

    yield ask
    template_rendered.disconnect(count_template)


@pytest.fixture
def task(member):
    """The last of so many finished tasks with four clips as a page of the history shows."""
    for _ in range(CARDS):
        task = make_task(member, due_at=None)
        for index in range(1, 5):
            make_clip(task, index, due_at=None)
    return task


def test_a_history_that_was_seen_before_is_not_made_again(made, task, web):
    first, again = (made(lambda: web.get("/tasks/")) for _ in range(2))
    # Each card is a handful of templates and ten addresses.
    assert first[0] > CARDS * 4
    assert first[1] > CARDS * 8
    assert again[0] <= 10
    assert again[1] <= 20


def test_a_poll_makes_nothing_but_its_news(made, web, member):
    running = make_task(member, "processing", due_at=None)
    status = f"/tasks/{running.pk}/status/"
    assert made(lambda: web.get(f"{status}?v={running.version}")) == (0, 0)
    templates, addresses = made(lambda: web.get(f"{status}?v=0"))
    assert templates <= 20
    assert addresses <= 10


@pytest.mark.parametrize(("path", "most"), [("/tasks/{}/", (125, 70)), ("/tasks/new/?parent={}&index=2", (80, 50))])
def test_a_page_is_made_of_no_more_than_that(made, task, web, path, most):
    templates, addresses = made(lambda: web.get(path.format(task.pk)))
    assert (templates <= most[0], addresses <= most[1]) == (True, True), (templates, addresses)
