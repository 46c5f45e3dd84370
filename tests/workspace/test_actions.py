"""What may be done with each clip: extend it with one press, edit first, download; and that one press pays once."""

import html
import re
import uuid
from html.parser import HTMLParser

import pytest

from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Task
from tests.helpers import become_due, eventually, form_of, make_clip, make_task


class _Buttons(HTMLParser):
    """The forms that extend at once: by the words of their button the fields that it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self._fields = {} if "data-once" in values and values["action"] == "/tasks/new/" else None
        elif self._fields is None:
            return
        elif tag == "input":
            self._fields[str(values["name"])] = values["value"] or ""
        elif tag == "button":
            self.found[str(values["aria-label"])] = self._fields

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None


def buttons(web, task: Task) -> dict[str, dict[str, str]]:
    """What each button that extends at once would send."""
    parser = _Buttons()
    parser.feed(web.get(f"/tasks/{task.pk}/").content.decode())
    return parser.found


def panels(response) -> list[str]:
    """What stands under each clip."""
    page = html.unescape(response.content.decode())
    return re.findall(r'<div class="actions".*?</div>\s*</div>', page, re.DOTALL)


def submits(sandbox) -> int:
    return sum(request["path"] == "/imagine-video-extend" for request in sandbox.ledger()["requests"])


@pytest.fixture
def done(web, submit, sandbox) -> Task:
    """A finished extension, made through the front door."""
    sandbox.options(seconds=0)
    task = submit("and then\nit “snows” & <melts>")

    def finished() -> bool:
        web.get(f"/tasks/{become_due(task).pk}/status/")
        task.refresh_from_db()
        return task.state == State.FINISHED

    eventually(finished)
    return task


def test_one_press_extends_with_the_words_of_the_task(web, done, sandbox):
    for label, index, motion in (("Extend, calm: clip 3", 3, "low"), ("Extend, lively: clip 4", 4, "high")):
        response = web.post("/tasks/new/", buttons(web, done)[label])
        made = Task.objects.get(pk=response["Location"].split("/")[2])
        assert (made.parent, made.index, made.motion, made.prompt) == (done, index, motion, done.prompt)
        asked = sandbox.ledger()["requests"][-1]
        assert asked["path"] == "/imagine-video-extend"
    assert submits(sandbox) == 3


def test_the_button_sends_the_very_fields_of_the_form(web, done):
    at_once = buttons(web, done)["Extend, calm: clip 2"]
    form = form_of(web.get(f"/tasks/new/?parent={done.pk}&index=2"))
    assert {**at_once, "nonce": "", "csrfmiddlewaretoken": ""} == {**form, "nonce": "", "csrfmiddlewaretoken": ""}


def test_the_same_press_twice_is_one_row_and_one_request(web, done, sandbox):
    fields = buttons(web, done)["Extend, calm: clip 1"]
    first, second = (web.post("/tasks/new/", fields) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert submits(sandbox) == 2, "the one that was extended, and this"


def test_each_button_is_a_request_of_its_own_and_a_fresh_one_each_time_it_is_shown(web, member):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    shown = [fields["nonce"] for _ in range(2) for fields in buttons(web, task).values()]
    assert len(shown) == len(set(shown)) == 16


@pytest.mark.parametrize("lacks", ["prompt", "remote_id"])
def test_where_one_press_cannot_work_there_is_only_the_way_to_the_words(web, member, lacks):
    task = make_task(member, **{"remote_id": str(uuid.uuid4()), lacks: ""})
    assert buttons(web, task) == {}
    panel = panels(web.get(f"/tasks/{task.pk}/"))[1]
    link = re.search(r"<a [^>]*data-extend[^>]*>(.*?)</a>", panel)
    assert link[1] == "Say what happens next"
    assert f'href="/tasks/new/?parent={task.pk}&index=2"' in link[0]
    assert "data-edit" in link[0]
    assert "Edit first" not in panel


def test_every_action_says_which_clip_it_is_for_and_can_be_found_by_a_key(web, member):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    for index, panel in enumerate(panels(web.get(f"/tasks/{task.pk}/")), 1):
        labels = re.findall(r'aria-label="([^"]*)"', panel)
        assert labels == [
            f"Pick clip {index}",
            f"Extend, calm: clip {index}",
            f"Extend, lively: clip {index}",
            f"Edit first, then extend clip {index}",
            f"Download clip {index}",
            f"Open clip {index} in a new tab",
            f"Save this frame of clip {index}",
            f"Start from this frame of clip {index}",
        ]
        for key in ("data-pick", "data-extend", "data-edit", "data-download", "data-save", "data-start"):
            assert panel.count(key) == 1
        assert panel.count('title="Sends one paid request"') == 2


def test_a_lost_clip_can_be_extended_and_not_downloaded(web, member):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    make_clip(task, state="lost")
    lost, other = panels(web.get(f"/tasks/{task.pk}/"))[:2]
    assert "Download" not in lost
    assert ">Open<" not in lost
    assert "Extend, calm" in lost
    assert "Download" in other


def test_the_fragment_brings_the_actions_and_what_one_press_costs_is_said_once(web, member):
    task = make_task(member, remote_id=str(uuid.uuid4()))
    assert len(panels(web.get(f"/tasks/{task.pk}/status/"))) == 4
    page = web.get(f"/tasks/{task.pk}/").content.decode()
    assert page.count("sends one paid request") == 1


def test_a_guest_may_do_none_of_it(client, member):
    task = make_task(member, remote_id=str(uuid.uuid4()), picks=(2,))
    address = Share.objects.create(task=task, show_prompt=True).get_absolute_url()
    for path in ("", "status/", "copies/"):
        shown = client.get(address + path).content.decode()
        for word in ("Keep", "Kept", "★", "Extend,", "data-once", 'class="actions"', 'id="branch"', str(task.pk)):
            assert word not in shown, (path, word)
