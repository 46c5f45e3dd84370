"""Films of several shots: a new one begins with a frame of the one before, and counts its steps anew."""

import re
from html import unescape
from typing import Any

import pytest

from extender.lineage.branches import branch_to
from extender.lineage.editors import CutList
from extender.lineage.steps import Segment
from extender.states import State
from extender.tasks.models import Clip, Task
from tests.helpers import extend, make_clip, make_task, queries
from tests.lineage.test_film import chosen, page


def cut_to(parent: Task, index: int = 1, **fields: Any) -> Task:
    """A new shot after clip `index` of `parent`."""
    return extend(parent, index, **{"kind": Task.Kind.VIDEO, "prompt": "a harbour", **fields})


def told(web, task: Task) -> str:
    return unescape(re.sub(r"\s+", " ", web.get(f"/tasks/{task.pk}/").content.decode()))


@pytest.fixture
def second(start) -> Task:
    """The second shot of a film, whose first ends at Midjourney's end, and an extension of it."""
    end = start
    for _ in range(4):
        end = extend(end)
    return extend(cut_to(end))


def test_a_new_shot_counts_its_steps_and_seconds_anew(web, second):
    branch = branch_to(second)
    assert [step.name for step in branch.steps] == [
        "original", "extension 1", "extension 2", "extension 3", "extension 4", "shot 2", "shot 2, extension 1",
    ]  # fmt: skip
    assert [step.place for step in branch.steps] == list(range(7))
    assert (branch.is_near_end, branch.seconds, branch.shot_seconds) == (False, 30, 9)
    shown = told(web, second)
    assert "Shot 2, extension 1 of about 4 · 9 of about 21 s · 30 s in all" in shown
    assert '<p class="shot-mark">Shot 2</p>' in shown
    form = unescape(re.sub(r"\s+", " ", web.get(f"/tasks/new/?parent={second.pk}").content.decode()))
    assert "This will be shot 2, extension 2 of about 4, 13 of about 21 s." in form


def test_a_video_by_itself_begins_a_film_and_the_first_cut_from_it_is_shot_2(member):
    video = make_task(member, kind=Task.Kind.VIDEO, index=None)
    branch = branch_to(video)
    assert ([step.name for step in branch.steps], branch.next_shot, branch.has_shots) == (["original"], 2, False)
    assert [step.name for step in branch_to(extend(cut_to(extend(video)))).steps[2:]] == [
        "shot 2",
        "shot 2, extension 1",
    ]


def test_what_came_before_a_video_made_elsewhere_is_not_counted_to_a_later_shot(member):
    shot = cut_to(make_task(member, parent_task_id="0" * 36))
    branch = branch_to(shot)
    assert (branch.starts_elsewhere, branch.seconds, branch.shot_seconds) == (True, 14, 5)


def test_a_new_shot_repeats_nothing_even_before_anybody_has_looked(start):
    steps = branch_to(extend(cut_to(start)), 1).steps
    assert [step.segment.may_repeat for step in steps] == [False, False, True]


def test_it_is_offered_at_the_end_and_where_an_extension_was_refused(web, second):
    shot = branch_to(second).steps[5].task
    assert "A new shot from the last frame" not in told(web, second)
    assert "A new shot from the last frame" not in told(web, shot)
    end = shot.parent
    assert f'action="/tasks/{end.pk}/clips/1/frame/" data-once' in told(web, end)
    refused = extend(end, 3, State.FAILED, reason="It cannot be extended again.")
    shown = told(web, refused)
    assert f'action="/tasks/{end.pk}/clips/3/frame/" data-once' in shown
    assert "A new shot from the last frame" in shown
    assert "Would have been shot 2" in told(web, cut_to(end, state=State.FAILED))


def test_the_tree_and_the_history_call_it_a_new_shot(web, start):
    cut_to(start, 2)
    tree = web.get(f"/tasks/{start.pk}/tree/").content.decode()
    assert 'data-clip="2">clip 2, new shot</span>' in tree
    assert re.search(r"new shot\s+from <a [^>]*>clip 2 of", web.get("/tasks/").content.decode())


def test_the_film_leaves_a_clip_where_its_frame_was_taken(web, start):
    make_clip(start, 2, duration_ms=5000, frame_rate=24.0, facts={"starts_ms": 500.0})
    make_clip(start, 3, duration_ms=4000, frame_rate=24.0)
    shot = cut_to(start, 2, out_ms=1250)
    make_clip(shot, 1, duration_ms=5000, frame_rate=24.0, contains_parent="no", cut_ms=0)
    shown = page(web, shot)
    assert [(take["data-from"], take["data-to"]) for take in chosen(shown)] == [
        ("0.500", "1.750"),
        ("0.000", "5.000"),
    ]
    assert "left at 1.3 s" in shown
    assert "plays in full" not in shown
    assert [f'data-name="{name}"' in shown for name in ("Original", "Shot 2")] == [True, True]
    assert re.search(r'<span id="lead"[^>]* data-ms="1250"', told(web, shot)), (
        "the wall's cut begins where it leaves it"
    )
    branch = branch_to(shot, 1)
    assert (branch.seconds, branch.playing_seconds) == (6.25, 6.25)
    cuts = CutList(branch)
    frames = [(played.take.name[:2], played.take.frames.first, played.take.frames.end) for played in cuts.shots]
    assert frames == [("00", 0, 30), ("01", 0, 120)]
    ends = {take.clip.index: take.frames.end for take in cuts.takes if take.step.place == 0 and take.frames}
    assert ends == {2: 30, 3: 96}, "another take would be left at its end"
    assert branch_to(extend(start, 2), 1).seconds == 9, "another branch plays all of it"


@pytest.mark.parametrize(
    ("state", "duration_ms", "repeats_ms", "out_ms", "ends_ms", "adds"),
    [
        ("stored", 5000, 0, None, 5000, True),
        ("stored", 5000, 0, 1250, 1250, True),
        ("stored", 1000, 0, 1250, 1000, True),  # a file that was copied anew may be shorter
        ("waiting", None, 0, 1250, 1250, True),
        ("waiting", None, 0, None, None, True),
        ("stored", 5000, 1000, 1000, 1000, False),
        ("stored", 5000, 1000, 1042, 1042, True),  # one picture
        ("stored", 5000, 1000, 1015, 1015, False),
        ("stored", 5000, 1000, 500, 500, False),
    ],
)
def test_a_clip_adds_what_lies_between_its_parents_footage_and_where_the_film_leaves_it(
    state, duration_ms, repeats_ms, out_ms, ends_ms, adds
):
    known = {"contains_parent": "yes" if repeats_ms else "no", "cut_ms": repeats_ms, "frame_rate": 24.0}
    segment = Segment(Clip(state=state, duration_ms=duration_ms, **known), out_ms)
    assert (segment.ends_ms, segment.adds_footage) == (ends_ms, adds)


def test_a_film_of_many_shots_costs_the_same_queries(web, start):
    shots = [start]
    for _ in range(12):
        shots.append(cut_to(shots[-1]))
    short, long = (f"/tasks/{task.pk}/clips/1/film/" for task in (shots[2], shots[-1]))
    web.get(short)
    assert queries(lambda: web.get(short)) == queries(lambda: web.get(long))
    assert Clip.objects.filter(task=shots[-1]).exists()
