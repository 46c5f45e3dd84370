"""The page of all open links, for staff: whose they are, and one press to close any."""

import re

import pytest

from extender.sharing.models import Share
from extender.team.models import Member
from tests.helpers import make_task, queries

ADDRESS = "/team/links/"


def shown(staff, address: str = ADDRESS) -> str:
    return " ".join(staff.get(address).content.decode().split())


def test_staff_see_whose_they_are_and_close_them(staff, guest, member, stranger, log):
    assert "No open links" in shown(staff)
    mine = Share.objects.create(task=make_task(member, prompt="their secret words"), title="For the <client>")
    other = Share.objects.create(task=make_task(stranger))
    Member.objects.filter(pk=stranger.pk).update(is_active=False)
    page = shown(staff)
    assert "For the &lt;client&gt;" in page
    assert "mira" in page
    assert "its owner is deactivated" in page
    assert all(hidden not in page for hidden in (mine.token, other.token, "their secret words"))
    assert ADDRESS in shown(staff, "/team/")
    assert staff.post(f"{ADDRESS}{mine.pk}/close/")["Location"] == ADDRESS
    assert guest.get(mine.get_absolute_url()).status_code == 404
    assert "For the" not in shown(staff)
    (who,) = Member.objects.filter(username="ada")
    assert f"link {mine.pk} was closed by member {who.pk}" in log.getvalue()


@pytest.mark.parametrize("owner_was_first", [False, True])
def test_what_staff_have_closed_its_owner_cannot_have_back(staff, web, guest, member, owner_was_first):
    link = Share.objects.create(task=make_task(member))
    theirs = f"/tasks/{link.task_id}/share/{link.pk}"
    if owner_was_first:
        web.post(f"{theirs}/revoke/")
    staff.post(f"{ADDRESS}{link.pk}/close/")
    assert "too late to undo" in web.post(f"{theirs}/undo/", follow=True).content.decode()
    assert guest.get(link.get_absolute_url()).status_code == 404


def test_it_is_for_staff_alone(web, browser_of, stranger, member):
    link = Share.objects.create(task=make_task(member))
    for browser in (web, browser_of(stranger)):
        assert browser.get(ADDRESS).status_code == 404
        assert browser.post(f"{ADDRESS}{link.pk}/close/").status_code == 404
    link.refresh_from_db()
    assert link.revoked_at is None


def test_it_is_read_by_pages_at_the_same_cost(staff, member):
    task = make_task(member)
    Share.objects.create(task=task, title="link 0")
    few = queries(lambda: staff.get(ADDRESS))
    for number in range(1, 60):
        Share.objects.create(task=task, title=f"link {number}")
    assert queries(lambda: staff.get(ADDRESS)) == few
    first = shown(staff)
    (older,) = re.findall(r'href="(\?before=\d+)"', first)
    second = shown(staff, ADDRESS + older)
    assert "Older links" not in second
    titles = [re.findall(r"link \d+</span>", page) for page in (first, second)]
    assert list(map(len, titles)) == [50, 10]
    assert len({*titles[0], *titles[1]}) == 60


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "٣"])
def test_a_place_that_is_none_is_a_404(staff, before):
    assert staff.get(ADDRESS, {"before": before}).status_code == 404
