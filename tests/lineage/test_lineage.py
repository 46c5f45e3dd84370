"""Branches and trees: what continues what, how long the film has become, and at what price in queries."""

import pytest

from extender.lineage import branches, steps
from extender.states import State
from extender.tasks.models import Task
from tests.helpers import extend, make_clip, make_task, queries


def fresh(task: Task) -> Task:
    return Task.objects.get(pk=task.pk)


def test_a_branch_leads_from_the_original_with_the_clip_that_was_chosen_at_each_step(start):
    first = extend(start, 3)
    second = extend(first, 2)
    extend(first, 4)
    branch = branches.branch_to(fresh(second))
    assert [step.task for step in branch.steps] == [start, first, second]
    assert [step.clip and step.clip.index for step in branch.steps] == [3, 2, None]
    assert [step.number for step in branch.steps] == [0, 1, 2]
    assert [clip.index for clip in branches.branch_to(fresh(second), 4).clips] == [3, 2, 4]
    assert branches.branch_to(fresh(start)).steps[0].task == start


def test_what_is_not_known_here_counts_as_one_step_more(member):
    task = extend(make_task(member, parent=None, index=2))
    branch = branches.branch_to(fresh(task))
    assert branch.starts_elsewhere
    assert [step.number for step in branch.steps] == [1, 2]
    assert branch.seconds == 5 + 4 + 4


@pytest.mark.races
def test_a_branch_shows_no_task_of_somebody_else(start, stranger):
    theirs = make_task(stranger, parent=start)
    assert [step.task for step in branches.branch_to(fresh(theirs)).steps] == [theirs]
    assert branches.tree_of(fresh(start)).extensions == []


@pytest.mark.parametrize(
    ("contains", "durations", "seconds"),
    [
        ("no", (5200, 4000, 4100), 13.3),
        ("yes", (5200, 9200, 13_100), 13.1),
        ("unknown", (5200, 4000, 4100), 13.3),
    ],
)
def test_the_length_of_the_film_counts_repeated_footage_once(start, contains, durations, seconds):
    first = extend(start)
    second = extend(first)
    before = 0
    for task, duration in zip((start, first, second), durations, strict=True):
        make_clip(task, 1, duration_ms=duration, cut_ms=before, contains_parent=contains if before else "unknown")
        before = duration
    assert branches.branch_to(fresh(second), 1).seconds == pytest.approx(seconds)


def test_the_length_is_a_guess_where_nothing_is_measured_and_the_longest_where_nothing_is_chosen(start):
    task = extend(start, state=State.PROCESSING)
    assert branches.branch_to(fresh(task)).seconds == 9
    done = extend(start)
    for index, duration in ((1, 4000), (2, 4500)):
        make_clip(done, index, duration_ms=duration, contains_parent="no")
    assert branches.branch_to(fresh(done)).seconds == 9.5


def test_the_end_that_midjourney_is_known_for_is_near_after_four_steps(start):
    task = start
    for number in range(5):
        assert branches.branch_to(fresh(task)).is_near_end == (number == 4)
        task = extend(task)


@pytest.mark.races
def test_a_tree_holds_every_extension_of_every_clip_wherever_one_begins_to_look(start):
    late, early = extend(start, 3), extend(start, 1)
    again = extend(start, 1, State.FAILED)
    leaf = extend(late, 2)
    tree = branches.tree_of(fresh(leaf))
    assert tree.task == start
    assert [node.task for node in tree.extensions] == [early, again, late]
    assert [node.task for node in tree.extensions[2].extensions] == [leaf]
    assert [node.task for node in tree.nodes] == [start, early, again, late, leaf]


@pytest.mark.races
def test_both_cost_the_same_number_of_queries_however_large_they_are(start):
    task = extend(start)
    make_clip(start)
    few = [queries(lambda: branches.branch_to(fresh(task))), queries(lambda: branches.tree_of(fresh(task)))]
    for _ in range(4):
        for _ in range(6):
            make_clip(extend(task))
        task = extend(task)
    many = [queries(lambda: branches.branch_to(fresh(task))), queries(lambda: branches.tree_of(fresh(task)))]
    assert many == few == [3, 4]


def segment(task: Task, index: int = 1) -> steps.Segment:
    return branches.branch_to(fresh(task), index).here.segment


def test_a_clip_that_begins_with_its_parents_footage_joins_the_film_where_that_ends(start):
    make_clip(start, duration_ms=5200)
    made = {}
    for contains, cut in (("yes", 5208), ("no", 0), ("unknown", None), ("", None)):
        task = made[contains] = extend(start)
        make_clip(task, duration_ms=9200, contains_parent=contains, cut_ms=cut)
    found = {contains: segment(task) for contains, task in made.items()}
    assert {contains: part.begins for contains, part in found.items()} == {"yes": 5.208, "no": 0, "unknown": 0, "": 0}
    assert [contains for contains, part in found.items() if part.may_repeat] == ["unknown", ""]
    assert (found["yes"].ends, segment(start).ends) == (9.2, 5.2)
    assert not segment(start).may_repeat
    late = extend(start)
    make_clip(late, duration_ms=9200, contains_parent="yes", cut_ms=5208, facts={"starts_ms": 500.0})
    assert (segment(late).begins, segment(late).ends) == (5.708, 9.7)


def test_a_clip_that_is_not_copied_joins_the_film_whole_and_may_repeat(start):
    task = extend(start)
    make_clip(task, 2, "copying", contains_parent="")
    for index in (1, 2):
        part = segment(task, index)
        assert (part.begins, part.ends, part.may_repeat) == (0, None, True)


def test_every_clip_of_a_step_is_a_take_of_it(start):
    assert [part.clip.index for part in branches.branch_to(fresh(extend(start))).steps[0].takes] == [1, 2, 3, 4]
    assert branches.branch_to(fresh(start)).here.segment is None
