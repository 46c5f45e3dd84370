"""A task's life as a function of time alone."""

import json
import math

import pytest

from extender.sandbox import misbehaviour, wire
from extender.sandbox.life import moment
from tests.sandbox_process import PROJECT


def course(*words: str, seconds: float = 20.0, painted: bool = True) -> list[tuple[str, object]]:
    """The distinct moments of a life, looked at every hundredth of it."""
    seen = []
    for step in range(121):
        now = moment(seconds * step / 100, seconds, words, painted=painted)
        if (now.status, now.percentage) not in seen[-1:]:
            seen.append((now.status, now.percentage))
    return seen


def test_a_life_goes_through_every_phase_and_its_percentage_only_grows():
    seen = course()
    assert seen[:3] == [("pending", None), ("staged", None), ("starting", "0")]
    assert seen[-1] == ("finished", None)
    percentages = [int(percentage) for status, percentage in seen if status == "processing"]
    assert percentages == sorted(set(percentages))
    assert len(percentages) > 8


@pytest.mark.parametrize("seconds", [0.3, 7, 3600])
def test_a_life_has_the_same_course_whatever_its_length(seconds):
    assert course(seconds=seconds) == course()


def test_nothing_finishes_before_its_clips_exist():
    assert course(painted=False)[-1] == ("processing", "93")
    assert moment(99, 0, painted=False).status == "processing"
    assert moment(0, 0).status == "finished"


def test_a_task_that_cannot_be_painted_fails_with_the_reason():
    assert moment(21, 20, painted=False, trouble="no paint") == ("failed", None, "no paint")


def test_a_clock_that_was_set_back_does_no_harm():
    assert moment(-500, 20).status == "pending"


def test_failing_stuck_and_odd_lives():
    assert {course(word)[-1][0] for word in ("fail", "fail-error", "fail-list")} == {"failed"}
    assert "Banned prompt detected" in moment(10, 20, ("fail",)).reason
    assert course("stuck")[-1] == ("processing", "31")
    assert "processing" not in {status for status, _ in course("odd-status")}
    assert course("odd-status")[-1][0] == "finished"


def test_a_retry_goes_back_once_and_starts_its_percentage_again():
    seen = course("retry")
    assert [status for status, _ in seen].count("retrying") == 1
    after = seen[seen.index(("retrying", None)) + 1 :]
    assert after[0] == ("processing", "0")
    assert after[-1] == ("finished", None)


def test_nonsense_percentages_come_in_turn_and_1e999_is_on_the_wire():
    given = [percentage for status, percentage in course("nonsense-percentage") if status == "processing"]
    assert all(each in given for each in ("", "NaN", -5, math.inf, "140%", [], None))
    assert wire.encoded({"percentage": math.inf}) == b'{"percentage": 1e999}'
    assert json.loads(wire.encoded({"percentage": math.inf})) == {"percentage": math.inf}


def test_words_are_read_from_brackets_and_the_rest_is_only_text():
    words = misbehaviour.words_in("A [red] boat [stall] at [seconds-0.5] sea [fail][seconds-N] [STUCK] retry")
    assert words == ("stall", "seconds-0.5", "fail")
    assert misbehaviour.life_seconds(words, 20) == 0.5
    assert misbehaviour.life_seconds((), 20) == 20


def test_every_word_of_the_table_is_known_and_explained_in_the_help():
    text = misbehaviour.explained()
    for word, fault in misbehaviour.TABLE.items():
        assert word == "seconds-N" or misbehaviour.is_known(word)
        assert word in text
        assert fault.says in text


def test_the_documentation_names_every_misbehaviour_with_its_sentence():
    text = " ".join((PROJECT / "docs" / "sandbox.md").read_text().split())
    for word, fault in misbehaviour.TABLE.items():
        assert f"`{word}`: {fault.says}" in text


@pytest.mark.parametrize(
    ("prompt", "count"),
    [("A boat", 4), ("A boat --bs 1", 1), ("--bs 2 a boat", 2), ("--bs 4", 4), ("--bs 3", 4), ("--bs 12", 4)],
)
def test_the_prompt_decides_how_many_clips_are_made(prompt, count):
    assert wire.batch_size(prompt) == count
