"""Words that want to be run, or to break a page, in a real browser on a phone: nothing runs, leaves or sticks out."""

import json

import pytest

from tests.browser.conftest import do, sign_in
from tests.hostile_words import WORDS
from tests.sizes import size

CODE = """
import json
from extender.team.models import Member
from tests.browser.scene import member_called
from tests.hostile_words import plant
owner = member_called("wordy")
owner.is_staff = owner.is_superuser = True
owner.save()
found = ["/tasks/", "/team/", "/team/members/"]
for words in json.loads({words!r}):
    task, link = plant(owner, words)
    Member.objects.create(username=words[:150], is_active=False)
    found += [f"/tasks/{{task.pk}}/", f"/tasks/{{task.parent_id}}/", link.get_absolute_url()]
print(",".join([*found, f"/tasks/{{task.pk}}/tree/", f"/tasks/{{task.pk}}/clips/2/film/"]))
"""
# Other tests of this house are to find it as it was.
TAKE_AWAY = """
from extender.tasks.models import Task
from extender.team.models import Member
Task.objects.filter(owner__username="wordy").exclude(parent=None).delete()
Task.objects.filter(owner__username="wordy").delete()
Member.objects.filter(is_active=False).delete()
print("done")
"""


@pytest.fixture
def addresses(directory, house):
    # In `make test`: some that run, and what is long without a break.
    words = size((WORDS[1], WORDS[264], WORDS[276], WORDS[288]), tuple(WORDS))
    yield do(directory, CODE.format(words=json.dumps(words))).split(",")
    do(directory, TAKE_AWAY)


def test_nothing_runs_leaves_or_sticks_out(house, directory, open_page, addresses):
    # Clips lie at a host that there is not.
    page = open_page(390, 844, expected=("Failed to load resource",))
    asked, dialogs, wide = set(), [], []
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    sign_in(page, house, "wordy", f"{house.url}/tasks/")
    for address in addresses:
        page.goto(house.url + address, wait_until="domcontentloaded")
        if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
            wide.append(address)
    assert (dialogs, wide) == ([], [])
    assert asked <= {house.url.split("/")[2], "clips.example"}
