"""How far the end of a clip is from its original's: in words, and as two lines over the branch."""

import pytest

from extender.lineage.branches import branch_to
from extender.lineage.templatetags.drift import drift, drift_graph, drift_points
from extender.tasks.models import Clip, Task
from tests.helpers import make_clip, make_task


def clip_of(task: Task, index: int = 1) -> Clip:
    return Task.objects.get(pk=task.pk).clip(index)


@pytest.mark.parametrize(
    ("colour", "sharpness", "words"),
    [
        (3.64, -0.2, ["colour ΔE 3.6", "13 % softer"]),
        (0.0, 0.0, ["colour ΔE 0.0"]),
        (12.0, -1.0, ["colour ΔE 12.0", "50 % softer"]),
        (1.0, 0.5, ["colour ΔE 1.0", "41 % harsher"]),
        (1.0, None, ["colour ΔE 1.0"]),
        (None, None, []),
    ],
)
def test_drift_is_told_in_colour_and_in_what_is_left_of_the_fine_detail(start, colour, sharpness, words):
    make_clip(start, drift_colour=colour, drift_sharpness=sharpness)
    assert drift(clip_of(start)) == words


def test_a_clip_that_is_not_here_has_no_drift(start):
    make_clip(start, state="lost", drift_colour=3.0)
    assert drift(clip_of(start)) == drift(clip_of(start, 2)) == []


def test_the_graph_rises_with_what_is_measured_and_passes_over_what_is_not(member, start):
    make_clip(start)
    task = start
    for colour, sharpness in ((2.0, -0.5), (None, None), (20.0, -1.0)):
        task = make_task(member, parent=task, index=1)
        make_clip(task, drift_colour=colour, drift_sharpness=sharpness)
    graph = drift_graph(branch_to(Task.objects.get(pk=task.pk), 1))
    assert (graph.width, graph.height) == (400, 100)
    assert graph.colour == "50,100 150,90 350,0"
    assert graph.softness == "50,100 150,71 350,50"


def test_there_is_no_graph_of_nothing(member, start):
    make_clip(start)
    assert drift_graph(branch_to(Task.objects.get(pk=start.pk), 1)) is None
    task = make_task(member, parent=start, index=1)
    assert drift_graph(branch_to(Task.objects.get(pk=task.pk), 1)) is None


def test_each_take_says_where_it_is_on_the_lines_and_never_above_them(member, start):
    make_clip(start)
    task = make_task(member, parent=start, index=1)
    for index, colour, sharpness in ((1, 2.0, -0.5), (2, 30.0, 0.4), (3, None, None), (4, 1.0, None)):
        make_clip(task, index, drift_colour=colour, drift_sharpness=sharpness)
    graph = drift_graph(branch_to(Task.objects.get(pk=task.pk), 1))
    points = [drift_points(graph, 1, clip_of(task, index)) for index in range(1, 5)]
    assert points == [
        ' data-colour="150,80" data-softness="150,71"',
        ' data-colour="150,0" data-softness="150,100"',
        "",
        ' data-colour="150,90"',
    ]
    assert drift_points(graph, 0, clip_of(start)) == ' data-colour="50,100" data-softness="50,100"'
    assert drift_points(None, 1, clip_of(task)) == ""
