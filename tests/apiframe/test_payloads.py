"""APIFRAME's JSON in our words: the documented examples as they stand, and what is not documented and does occur."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extender.apiframe.addresses import usable_clip_url
from extender.apiframe.finding import objects_in
from extender.apiframe.payloads import UNREADABLE, TaskUpdate, parse_task, parse_tasks
from extender.apiframe.reasons import reason_of, refusal_in
from extender.states import State
from tests.helpers import growth
from tests.sizes import size

ID = "29f1a0c4-8f6e-4d55-9c02-6d2f9a4b7e13"
URLS = [f"https://cdn.apiframe.pro/{ID}-{index}.mp4" for index in range(1, 5)]
usable = usable_clip_url(None)


def parse(**body) -> TaskUpdate:
    return parse_task({"task_id": ID, **body}, usable)


def test_the_documented_answer_of_a_running_task():
    text = f'{{"task_id": "{ID}", "task_type": "imagine-video-extend", "status": "processing", "percentage": "40"}}'
    assert parse_task(json.loads(text), usable) == TaskUpdate(State.PROCESSING, ID, 40)


def test_the_documented_answer_of_a_finished_task_has_no_status():
    text = json.dumps({"task_id": ID, "task_type": "imagine-video-extend", "video_urls": URLS})
    assert parse_task(json.loads(text), usable) == TaskUpdate(State.FINISHED, ID, 100, tuple(URLS))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("pending", State.PENDING),
        ("staged", State.PENDING),
        ("retry", State.PENDING),
        ("retrying", State.PENDING),
        ("starting", State.PROCESSING),
        ("processing", State.PROCESSING),
        ("Processing", State.PROCESSING),
        ("upscaling", State.PROCESSING),
        (None, State.PROCESSING),
        (7, State.PROCESSING),
        ("failed", State.FAILED),
        ("error", State.FAILED),
        ("FAIL", State.FAILED),
        ("errored", State.FAILED),
    ],
)
def test_each_word_has_a_state_and_an_unknown_one_means_still_open(word, state):
    assert parse(status=word).state == state


def test_only_a_retry_may_let_the_percentage_fall():
    assert parse(status="retrying").retried
    assert not parse(status="pending").retried


@pytest.mark.parametrize(
    ("said", "percentage"),
    [
        ("40", 40), (40, 40), ("40%", 40), (" 40 % ", 40), (40.9, 40), ("140%", 100), (-5, 0), (10**400, None),
        ("", None), ("NaN", None), ("1e999", None), (float("inf"), None), ([], None), ({}, None), (None, None),
        (True, None), ("soon", None), ("40,5", 40), ("1e1", 10), ("101", 100), ("-3", 0), ("40/100", None),
    ],
)  # fmt: skip
def test_a_percentage_is_a_whole_number_from_0_to_100_or_not_known(said, percentage):
    assert parse(status="processing", percentage=said).percentage == percentage
    assert parse(status="processing").percentage is None


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Banned prompt", "error": "second"},
        {"message": "", "error": "Banned prompt"},
        {"error": {"message": "Banned prompt"}},
        {"errors": [{"msg": "Banned prompt"}]},
        {"error_messages": ["Banned prompt"]},
        {"message": None, "error": {}, "errors": [], "error_messages": ["Banned prompt", "other"]},
        {"errors": ["", None, {}, {"msg": "Banned prompt"}]},
        {"message": [], "reason": {"text": ["Banned prompt"]}},
        {"error": '{"message": "Banned prompt"}'},
        *({name: "Banned prompt"} for name in ("error_msg", "failure_message", "statusReason", "fail-msg")),
    ],
)
def test_the_reason_is_the_first_that_is_not_empty(body):
    assert parse(status="failed", **body) == TaskUpdate(State.FAILED, ID, reason="Banned prompt")


def test_a_message_beside_a_running_task_is_no_failure():
    assert parse(status="processing", message="Hurry up").state == State.PROCESSING


def test_a_failure_without_a_reason_still_has_a_sentence():
    assert parse(status="failed").reason == "APIFRAME gave no reason."
    assert reason_of("nothing") == ""


@pytest.mark.parametrize("urls", [[], None, "https://x/1.mp4", ["javascript:alert(1)"], ["http://x/1.mp4"], [7]])
def test_a_success_that_cannot_be_read_is_open_and_says_so(urls):
    for update in (parse(video_urls=urls), parse(status="finished", video_urls=urls)):
        assert (update.state, update.percentage) == (State.PROCESSING, 100)
        assert "cannot be read yet" in update.reason


def test_four_pictures_are_clips_too_and_known_as_pictures():
    body = {"task_id": ID, "task_type": "imagine", "original_image_url": URLS[0], "image_urls": URLS}
    update = parse_task(body, usable)
    assert (update.state, update.clip_urls, update.has_pictures) == (State.FINISHED, tuple(URLS), True)
    assert "cannot be read yet" in parse_task({**body, "image_urls": [None]}, usable).reason
    assert not parse_task({"task_id": ID, "video_urls": URLS}, usable).has_pictures


def test_a_running_task_may_have_an_empty_list_of_videos():
    assert parse(status="processing", video_urls=[]).state == State.PROCESSING


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"video_urls": URLS[:2]}, State.PROCESSING),
        ({"video_urls": URLS, "percentage": "50"}, State.PROCESSING),
        ({"image_urls": URLS[:1], "percentage": "50"}, State.PROCESSING),
        ({"video_urls": URLS}, State.FINISHED),
        ({"video_urls": URLS, "percentage": "100"}, State.FINISHED),
    ],
)
def test_the_first_clips_of_a_running_task_do_not_finish_it(said, state):
    assert parse(status="processing", **said).state == state
    assert parse(**said).state == parse(status="finished", **said).state == State.FINISHED


def test_clips_keep_their_places():
    doubled = parse(video_urls=[URLS[0], URLS[0], "javascript:alert(1)", URLS[3]])
    assert doubled.clip_urls == (URLS[0], None, None, URLS[3])
    assert parse(video_urls=[*URLS, "https://x/5.mp4"]).clip_urls == tuple(URLS)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/1.mp4", "javascript:alert(1)", "//cdn.example/1.mp4", "https://", "https:///1.mp4",
        "https://user@cdn.example/1.mp4", "https://cdn.example/a b.mp4", "https://cdn.example/\n.mp4",
        "https://[::1/1.mp4", "http://127.0.0.1:8792/1.mp4", "",
    ],
)  # fmt: skip
def test_only_https_addresses_are_clips_and_those_of_the_sandbox(url):
    assert not usable_clip_url("http://127.0.0.1:8791")(url)
    assert usable_clip_url("http://127.0.0.1:8791")("http://127.0.0.1:8791/1.mp4")


@pytest.mark.parametrize(
    "body",
    [None, [], "x", 7, {}, {"task_id": 7.5}, {"task_id": True}, {"task_id": "  "}, {"task_id": 10**999}, {"id": "7"}],
)
def test_what_is_not_about_a_task_is_said_to_be_so(body):
    with pytest.raises(ValueError, match="not a task"):
        parse_task(body, usable)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ["status", "percentage", "video_urls", "message", "error", "errors", "error_messages", "task_type"]


# The first draw of any text reads Unicode's tables, which takes seconds on a slow machine.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=size(100, 300))
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, json_values)))
def test_whatever_is_said_of_a_task_means_something(body):
    update = parse(**body)
    assert update.percentage is None or 0 <= update.percentage <= 100
    assert len(update.clip_urls) <= 4
    assert (update.state == State.FINISHED) == any(update.clip_urls)
    assert update.reason or update.state != State.FAILED


def test_what_no_database_stores_is_left_out():
    body = json.loads(r'{"task_id": "ID", "status": "failed", "message": "cut \ud83d in two\u0000"}')
    update = parse_task(body, usable)
    assert update.reason == "cut ? in two"
    update.raw.encode()
    assert "\0" not in update.raw


def test_the_record_keeps_no_secret_at_any_depth():
    raw = parse(status="failed", request={"webhook_secret": 's3cr"et', "deep": [{"webhook_url": "https://x/y"}]}).raw
    assert "s3cr" not in raw
    assert "x/y" not in raw


def test_a_body_of_great_depth_is_survived():
    deep: list = []
    for _ in range(900):
        deep = [deep]
    assert parse(status="processing", deep=deep).state == State.PROCESSING


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(lambda count: {"video_urls": " ," * count}, id="what stands between addresses"),
        pytest.param(lambda count: {"video_urls": "https://x " * count}, id="addresses in a row"),
        pytest.param(lambda count: {"video_urls": "[" * count}, id="lists"),
        pytest.param(lambda count: {"message": "\\" * count, "status": "failed"}, id="a reason"),
        pytest.param(lambda count: {"video_urls": [f"https://x/{' ' * count}"]}, id="blanks"),
        pytest.param(lambda count: {"percentage": " 4" * count}, id="a percentage"),
    ],
)
def test_what_a_hostile_body_costs_grows_with_its_length_and_not_with_its_square(hostile):
    assert growth(lambda body: parse(**body), hostile(4_000), hostile(32_000)) < 24


def test_of_a_body_that_lists_too_much_the_first_is_read():
    assert len(list(objects_in([{}] * 100_000))) < 10_000


def test_an_id_that_no_column_holds_is_none():
    with pytest.raises(ValueError, match="not a task"):
        parse_task({"task_id": "x" * 256}, usable)


@pytest.mark.parametrize(
    "body",
    [
        {"taskId": ID, "Status": "finished", "videoUrls": URLS},
        {"data": {"task-id": ID, "video_urls": URLS}},
        [{"result": {"TaskID": ID, "status": "success", "videos": [{"videoUrl": url} for url in URLS]}}],
        {"status": "success", "data": {"task": {"task_id": ID, "status": "completed", "output": URLS}}},
        {"task_id": ID, "status": "finished", "result": {"status": "ok", "video_urls": URLS}},
        {"id": ID, "status": "finished", "output": {"urls": URLS}},
        {"job_id": ID, "parent": {"task_id": "another"}, "video_urls": URLS},
        {"request": {"task_id": ID}, "response": {"task_id": ID, "video_urls": URLS}},
        {ID: {"video_urls": URLS}},
        {"task_id": ID, "status": "finished", "video_urls": [{"video": {"url": url}} for url in URLS]},
        {"task_id": ID, "status": "finished", "video_urls": [url.replace("https:", "HTTP:") for url in URLS]},
        {"task_id": ID, "status": "finished", "video_urls": [url.replace("https:", "") for url in URLS]},
    ],
)
def test_a_result_is_read_however_it_is_wrapped_or_named(body):
    assert parse_task(body, usable, ids={ID}) == TaskUpdate(State.FINISHED, ID, 100, tuple(URLS))


@pytest.mark.parametrize(
    "listed",
    [
        json.dumps(URLS),
        json.dumps({"data": URLS}),
        ",".join(URLS),
        "\n".join(URLS),
        {str(place): url for place, url in enumerate(URLS)},
        {str(place): {"url": url} for place, url in enumerate(URLS, 1)},
        {f"video_{place}": url for place, url in reversed([*enumerate(URLS, 1)])},
        {"urls": URLS},
        {"urls": URLS, "thumbnail": "https://x/1.jpg"},
        [URLS],
        [{"downloadUrl": url, "id": 7} for url in URLS],
        [URLS[:2], URLS[2:]],
        [[url] for url in URLS],
        [{"urls": [url]} for url in URLS],
        [{"url": url, "index": index} for index, url in reversed([*enumerate(URLS)])],
        [{"url": url, "Index": str(index)} for index, url in reversed([*enumerate(URLS, 1)])],
        [f'"<{url}>"\u200b' for url in URLS],
        [url.replace("/", "\\/") for url in URLS],
    ],
)
def test_a_list_of_clips_is_read_however_it_is_written(listed):
    assert parse(video_urls=listed) == TaskUpdate(State.FINISHED, ID, 100, tuple(URLS))


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        ("//cdn.example/1", "https://cdn.example/1"),
        ("HTTP://cdn.example:80/a b", "https://cdn.example:80/a%20b"),
        ("https://münchen.example:8443/雪?ü#ü", "https://xn--mnchen-3ya.example:8443/雪?ü#ü"),
        ("https://mu\u0308nchen.example", "https://xn--mnchen-3ya.example"),
        ("https://cdn.example./1.mp4#t=1", "https://cdn.example./1.mp4#t=1"),
        ("https://user:secret@cdn.example/1.mp4", None),
        ("https://\u2100.example/1.mp4", None),
        ("https://①②⑦.0.0.1/1.mp4", None),
        ("cdn.example/1.mp4", None),
    ],
)
def test_an_address_is_kept_as_it_came_or_as_it_would_have_to_be_written(came, kept):
    assert parse(status="finished", video_urls=[came]).clip_urls == ((kept,) if kept else ())


def test_an_object_of_clips_leaves_out_what_it_lacks():
    assert parse(video_urls={"mp4": URLS[0]}).clip_urls == (URLS[0],)
    assert parse(video_urls={"2": URLS[1], "4": URLS[3]}).clip_urls == (None, URLS[1], None, URLS[3])


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"status": "finished", "video_urls": URLS}, State.FINISHED),
        ({"request_id": ID, "video_urls": URLS}, State.FINISHED),
        ({"status": "success", "data": {"status": "finished", "video_urls": URLS}}, State.FINISHED),
        ({"status": "processing", "percentage": "40"}, State.PROCESSING),
    ],
)
def test_an_answer_that_names_no_task_is_about_the_one_that_was_asked_about(body, state):
    update = parse_task(body, usable, ids={ID})
    assert (update.state, update.remote_id) == (state, ID)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "error", "message": "Slow down"},
        {"status": "success", "message": "OK"},
        {"message": "OK", "data": {}},
    ],
)
def test_but_an_envelope_ends_none(body):
    with pytest.raises(ValueError, match="not a task"):
        parse_task(body, usable, ids={ID})


def test_an_id_of_digits_may_come_as_a_number():
    assert parse_task({"data": {"id": 10**15}}, usable, ids={str(10**15)}).remote_id == str(10**15)


def test_an_id_in_another_case_of_letters_is_the_same_where_no_other_is_nearer():
    loud = {"data": {"TASK_ID": ID.upper(), "result": {"task_id": ID.title(), "video_urls": URLS}}}
    assert parse_task(loud, usable, ids={ID}) == TaskUpdate(State.FINISHED, ID, 100, tuple(URLS))
    many = [
        {"task_id": "AB", "status": "failed"},
        {"task_id": "ab", "status": "pending"},
        {"id": "C", "percentage": 7},
    ]
    found = parse_tasks({"tasks": many}, usable, ["ab", "c"])
    assert [(known, update.state) for known, update in found.items()] == [
        ("ab", State.PENDING),
        ("c", State.PROCESSING),
    ]
    assert parse_tasks({"tasks": many[:1]}, usable, ["ab", "aB"]) == {}
    assert parse_tasks({"C": {"status": "pending"}}, usable, ["c"])["c"].state == State.PENDING


def test_where_several_tasks_are_named_and_none_is_known_nobody_guesses():
    several = {"tasks": [{"task_id": ID}, {"task_id": "another"}]}
    assert parse_task(several, usable, but="another").remote_id == ID
    for but in ("", ID):
        with pytest.raises(ValueError, match="not a task"):
            parse_task(several if not but else {"task_id": ID}, usable, but=but)


def test_an_envelopes_words_are_not_its_tasks():
    body = {"status": "error", "message": "3 of 4 failed", "data": [{"task_id": ID, "status": "processing"}]}
    assert parse_task(body, usable).state == State.PROCESSING
    clips = parse(video_urls=URLS, result={"status": "failed"}, results=[{"status": "failed"}])
    assert clips.state == State.FINISHED


@pytest.mark.parametrize(
    ("body", "update"),
    [
        (
            {"status": "success", "data": {"status": "processing", "percentage": 30}},
            TaskUpdate(State.PROCESSING, ID, 30),
        ),
        (
            {"message": "success", "data": {"status": "failed", "message": "No"}},
            TaskUpdate(State.FAILED, ID, reason="No"),
        ),
        ({"status": "finished", "video_url": URLS[0]}, TaskUpdate(State.FINISHED, ID, 100, (URLS[0],))),
        ({"video_urls": URLS[0]}, TaskUpdate(State.FINISHED, ID, 100, (URLS[0],))),
        (
            {"video_urls": ["https://a.example/b c.mp4"]},
            TaskUpdate(State.FINISHED, ID, 100, ("https://a.example/b%20c.mp4",)),
        ),
        ({"videos": URLS}, TaskUpdate(State.FINISHED, ID, 100, tuple(URLS))),
        ({"output": {"urls": URLS}, "percentage": "50"}, TaskUpdate(State.PROCESSING, ID, 50)),
        (
            {"status": "finished", "output": {"thumb": URLS[0], "mp4": URLS[1]}},
            TaskUpdate(State.PROCESSING, ID, 100, reason=UNREADABLE),
        ),
        ({"task_status": "failed", "failedReason": "No"}, TaskUpdate(State.FAILED, ID, reason="No")),
        ({"state": "Timed-Out", "failure_reason": "No"}, TaskUpdate(State.FAILED, ID, reason="No")),
        ({"status": "failed", "errors": {"prompt": ["No"]}}, TaskUpdate(State.FAILED, ID, reason="No")),
        ({"status": "Failure"}, TaskUpdate(State.FAILED, ID, reason="APIFRAME gave no reason. It says: failure.")),
    ],
)
def test_a_task_is_read_in_the_words_of_others_too(body, update):
    assert parse(**body) == update


def test_what_is_said_in_a_wrapping_is_said():
    update = parse_task({"result": {"task_id": ID, "data": {"status": "failed", "errors": ["No"]}}}, usable)
    assert (update.state, update.reason) == (State.FAILED, "No")


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"msg": "No"}]},
        {"data": {"errors": [{"message": "No"}]}},
        [{"error": {"detail": "No"}}],
        {"error": True, "message": "No"},
        {"success": False, "message": "No"},
        {"status": "error", "message": "No", "data": None},
        {"result": {"ok": False, "description": "No"}},
        {"errors": [{"msg": "No", "request_id": "r-123456"}], "task_id": None},
    ],
)
def test_errors_without_a_task_are_a_refusal(body):
    assert refusal_in(body) == "No"
    assert refusal_in({"id": "r1", "result": body}) == ""
