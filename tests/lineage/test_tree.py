"""The page of a tree: what it shows and whose, at what price, and how it keeps itself up to date."""

import gzip
import re
import time
import tracemalloc
import uuid
from html.parser import HTMLParser

import pytest
from django.template import Context

from extender.lineage.branches import tree_of
from extender.lineage.templatetags.trees import nested
from extender.states import State
from extender.tasks.models import Clip, Task
from extender.tasks.picks import pick
from tests.helpers import become_due, extend, make_clip, make_task, queries

VOID = {"img", "input", "link", "meta"}


def tree(task: Task) -> str:
    return f"/tasks/{task.pk}/tree/"


def poll(page: str) -> str:
    """Where the page asks for its news; "" where it does not ask."""
    found = re.search(r'id="tree"\s+hx-get="([^"]+)"', page)
    return found[1] if found else ""


class Kinship(HTMLParser):
    """Who is nested in whom, by the ids of the links: {child: parent}; fails on tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parents: dict[str, str] = {}
        self._open: list[tuple[str, list[str]]] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append((tag, []))
        if (found := dict(attrs).get("id") or "").startswith("node-"):
            items = [named for name, named in self._open if name == "li"]
            items[-1].append(found[5:])
            self.parents[found[5:]] = items[-2][0] if len(items) > 1 else ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """It opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, tag


def grow(root: Task, size: int) -> list[Task]:
    """A tree of `size` tasks under `root`, five generations; each has four copies, which share their files."""
    tasks = [root]
    one = make_clip(root)
    shared = {name: getattr(one, name) for name in ("state", "sha256", "bytes", "duration_ms", "width", "height")}
    root.clip_set.all().delete()
    while len(tasks) < size:
        tasks.append(extend(tasks[(len(tasks) - 1) // 4], (len(tasks) - 1) % 4 + 1, urls=[]))
    Clip.objects.bulk_create(
        Clip(task=task, index=index, source_url=one.source_url, **shared) for task in tasks for index in range(1, 5)
    )
    return tasks


def test_every_extension_of_every_clip_is_nested_in_what_it_continues(web, start):
    late, early = extend(start, 3), extend(start, 1)
    leaf, other, failed = extend(late, 2), extend(late, 2), extend(start, 1, State.FAILED, reason="A banned word")
    for task in (start, leaf):
        page = web.get(tree(task)).content.decode()
        assert Kinship(page).parents == {
            str(start.pk): "",
            **{str(task.pk): str(start.pk) for task in (late, early, failed)},
            **{str(task.pk): str(late.pk) for task in (leaf, other)},
        }
        assert page.count('aria-current="true"') == 1
        assert re.search(r'id="node-([^"]+)"[^>]*aria-current', page)[1] == str(task.pk)
    assert "6 videos, 1 failed" in page
    assert page.count(">clip 2</span>") == 2
    assert "The tree of “a kite”" in page


def test_states_reasons_and_kept_clips_are_said_in_words(web, start):
    extend(start, 1, State.PROCESSING, percentage=40)
    extend(start, 1, State.FAILED, reason="Banned prompt detected")
    extend(start, 2, State.UNCONFIRMED, reason="No answer came")
    pick(start.clip(3), True)
    page = web.get(tree(start)).content.decode()
    for words in ("Rendering", "40 %", "Failed", "Banned prompt detected", "Unconfirmed", "No answer came"):
        assert words in page
    assert "4 videos, 1 running, 1 unconfirmed, 1 failed" in page
    assert "clip 3 picked" in page


def test_what_brought_nothing_is_folded_into_a_number_unless_one_is_there(web, start):
    failed, _, lost = extend(start, 1, State.FAILED), extend(start, 2, State.CANCELLED), extend(start, 3)
    lost.clip_set.update(state="lost")
    grown = extend(start, 4)
    grown.clip_set.update(state="lost")
    extend(grown, 1)
    for task, attribute in ((start, ""), (failed, " open")):
        page = web.get(tree(task)).content.decode()
        fold = re.search(r'<details class="folded" id="[^"]+"( open)?>(.*?)</details>', page, re.S)
        assert (fold[1] or "") == attribute
        assert "1 failed, 1 cancelled, 1 lost</summary>" in fold[2]
        assert fold[2].count('class="plate"') == 3, "what leads on is not folded"
    news = f"/tasks/{start.pk}/tree/{start.pk}/news/"
    assert "1 lost</summary>" in web.get(news).content.decode()


def test_stills_come_from_our_copies_and_nothing_loads_a_video(web, start):
    copies = [make_clip(start, index) for index in (1, 2)]
    extend(start)
    page = web.get(tree(start)).content.decode()
    assert re.findall(r'src="/clips/([^"]+)\.thumbnail\.webp"', page) == [str(copy.pk) for copy in copies]
    assert "clips.example" not in page
    assert "<video" not in page


def test_one_video_alone_says_what_to_do_next(web, start):
    page = web.get(tree(start)).content.decode()
    assert "1 video<" in page
    assert f'href="/tasks/{start.pk}/?clip=1#composer_prompt"' in page
    extend(start)
    assert "No extensions yet" not in web.get(tree(start)).content.decode()


def test_what_is_somebody_elses_is_not_there(web, start, stranger):
    theirs = make_task(stranger, State.PROCESSING, parent=start, prompt="their secret", due_at=None)
    assert web.get(tree(theirs)).status_code == 404
    assert b"their secret" not in web.get(tree(start)).content
    news = "/tasks/{}/tree/{}/news/"
    for task, root in ((theirs, theirs), (start, theirs), (theirs, start), (start, make_task(start.owner))):
        assert web.get(news.format(task.pk, root.pk)).status_code == 404
    assert web.get(news.format(uuid.uuid4(), start.pk)).status_code == 404
    assert b"their secret" not in web.get(news.format(start.pk, start.pk)).content


def test_a_hundred_nodes_cost_the_same_queries_as_two_and_little_time(web, start, say):
    small = grow(start, 2)
    big = grow(make_task(start.owner, kind=Task.Kind.ORIGINAL, index=None, remote_id="b"), 100)
    few, many = (queries(lambda task=tasks[-1]: web.get(tree(task))) for tasks in (small, big))
    assert few == many == 8
    began = time.perf_counter()
    response = web.get(tree(big[-1]), headers={"Accept-Encoding": "gzip"})
    took = time.perf_counter() - began
    whole = gzip.decompress(response.content)
    assert len(Kinship(whole.decode()).parents) == 100
    say(
        f"the tree of 100: {took * 1000:.0f} ms, {many} queries, "
        f"{len(response.content) / 1000:.1f} kB compressed of {len(whole) / 1000:.0f} kB"
    )
    assert len(response.content) < 30_000


def test_a_branch_may_be_longer_than_pythons_stack(web, start):
    task = start
    for _ in range(300):
        task = extend(task)
    page = web.get(tree(task)).content.decode()
    assert len(Kinship(page).parents) == 301


def test_what_a_branch_takes_of_memory_grows_with_its_length_and_not_with_its_square(start):
    def peak(steps: int) -> int:
        for _ in range(steps):
            tips.append(extend(tips[-1]))
        tracemalloc.start()
        try:
            nested(Context({"task": start}), tree_of(start))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    tips = [start]
    # Once, for the templates.
    peak(1)
    short, long = peak(29), peak(210)
    assert long < 20 * short


def test_a_poll_without_news_is_204_at_three_queries_and_one_with_news_brings_the_lists(web, start):
    task = extend(start, state=State.PROCESSING, percentage=40)
    for _ in range(20):
        extend(start)
    page = web.get(tree(start)).content.decode()
    assert web.get(poll(page)).status_code == 204
    assert queries(lambda: web.get(poll(page))) == 3
    Task.objects.filter(pk=task.pk).update(version=2, percentage=60)
    response = web.get(poll(page))
    news = response.content.decode()
    assert response.status_code == 200
    assert "60 %" in news
    assert "<html" not in news
    assert len(Kinship(news).parents) == 22
    assert poll(news) != poll(page)
    assert web.get(poll(news)).status_code == 204
    assert queries(lambda: web.get(poll(page))) == 5


def test_what_is_kept_or_added_is_news_too(web, start):
    extend(start, state=State.PROCESSING)
    page = web.get(tree(start)).content.decode()
    pick(start.clip(1), True)
    news = web.get(poll(page)).content.decode()
    assert "clip 1 picked" in news
    extend(start, prompt="one more")
    assert "one more" in web.get(poll(news)).content.decode()


def test_nobody_asks_any_more_when_nothing_can_change(web, start):
    task = extend(start, state=State.PROCESSING)
    page = web.get(tree(start)).content.decode()
    Task.objects.filter(pk=task.pk).update(version=2, state=State.FINISHED)
    news = web.get(poll(page)).content.decode()
    assert 'id="tree"' in news
    assert not poll(news)
    assert not poll(web.get(tree(start)).content.decode())


def test_stills_keep_their_name_until_they_change(web, start):
    """By it a page keeps the pictures that it has: all others would flicker each time that one node has news."""
    extend(start, state=State.PROCESSING)
    before = re.findall(r'id="(stills-[^"]+)" hx-preserve', web.get(tree(start)).content.decode())
    assert len(before) == 1
    Task.objects.renumber(start.pk)
    after = re.findall(r'id="(stills-[^"]+)" hx-preserve', web.get(tree(start)).content.decode())
    assert len(after) == 1
    assert after != before


@pytest.mark.parametrize("scripted", [True, False], ids=["by its poll", "without a script"])
def test_the_page_finishes_its_tasks_without_a_worker(web, submit, original, sandbox, scripted):
    task = submit()
    sandbox.finished(task.remote_id)
    become_due(task)
    page = web.get(tree(original)).content.decode()
    assert 'data-state="finished"' in page
    assert '<noscript><meta http-equiv="refresh" content="15; url=?refresh">' in page
    web.get(poll(page) if scripted else tree(original) + "?refresh")
    task.refresh_from_db()
    assert task.state == State.FINISHED
    # Read before the look, which waits for APIFRAME in the background: the next poll shows it.
    assert web.get(poll(page)).content.decode().count('data-state="finished"') == 2
