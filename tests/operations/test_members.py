"""The page of the members: who may come in, who may decide that, and what becomes of what somebody made who left."""

import re
from functools import partial

import pytest
from axes.models import AccessLog

from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Picture, Task
from extender.team import accounts
from extender.team.models import Member
from tests.helpers import at_once, extend, make_task, queries

ADDRESS = "/team/members/"


@pytest.fixture
def boss(browser_of, db):
    """The HTTP client of a superuser."""
    return browser_of(Member.objects.create_superuser("root"))


@pytest.fixture
def gone(member) -> Member:
    """The member, who has left."""
    member.is_active = False
    member.save()
    return member


def shown(web, address: str = ADDRESS) -> str:
    return " ".join(web.get(address).content.decode().split())


def press(web, member: Member, deed: str, **fields):
    return web.post(f"{ADDRESS}{member.pk}/{deed}/", fields)


def picture_of(owner: Member, sha256: str = "a" * 64, **fields) -> Picture:
    return Picture.objects.create(owner=owner, sha256=sha256, width=1, height=1, preview=b"", **fields)


def test_a_member_is_deactivated_and_had_back(staff, web, member, log):
    make_task(member, State.QUEUED)
    assert ADDRESS in shown(staff, "/team/")
    assert "Deactivate mira" in shown(staff)
    assert press(staff, member, "deactivate")["Location"] == ADDRESS
    assert web.get("/tasks/")["Location"].startswith("/login/"), "signed out at once"
    page = shown(staff)
    assert "Reactivate mira" in page
    assert "1 not sent" in page
    press(staff, member, "reactivate")
    member.refresh_from_db()
    assert member.is_active
    assert f"member {member.pk} was deactivated by member" in log.getvalue()


@pytest.mark.parametrize("rank", ["is_staff", "is_superuser"])
def test_nobody_decides_over_who_may_as_much_or_more_but_a_superuser(staff, boss, member, rank):
    setattr(member, rank, True)
    member.save()
    assert "Deactivate mira" not in shown(staff)
    assert "Deactivate mira" in shown(boss)
    refused = press(staff, member, "deactivate")
    assert (refused.status_code, b"Only another superuser" in refused.content) == (403, True)
    assert Member.objects.get(pk=member.pk).is_active
    press(boss, member, "deactivate")
    assert not Member.objects.get(pk=member.pk).is_active
    for deed in ("reactivate", "hand-over", "anonymise"):
        assert press(staff, member, deed, sure="on", heir=Member.objects.get(username="ada").pk).status_code == 403


def test_nobody_decides_over_themselves(boss):
    root = Member.objects.get()
    for deed in ("deactivate", "reactivate", "anonymise"):
        assert press(boss, root, deed, sure="on").status_code == 403
    assert Member.objects.get() == root
    assert Member.objects.get().is_superuser


def test_who_is_had_back_signs_in_anew(staff, web, member):
    press(staff, member, "deactivate")
    press(staff, member, "reactivate")
    assert web.get("/tasks/").status_code == 302
    web.force_login(member)
    assert web.get("/tasks/").status_code == 302
    web.force_login(Member.objects.get(pk=member.pk))
    assert web.get("/tasks/").status_code == 200


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_of_two_superusers_who_deactivate_each_other_one_stays(browser_of):
    people = [Member.objects.create_superuser(name) for name in ("ada", "root")]
    browsers = [browser_of(person) for person in people]
    at_once(*[partial(press, web, other, "deactivate") for web, other in zip(browsers, people[::-1], strict=True)])
    assert Member.objects.filter(is_active=True).count() == 1


def test_all_that_somebody_made_is_handed_over(staff, browser_of, gone, stranger):
    start = make_task(gone, kind=Task.Kind.ORIGINAL, index=None, remote_id="r1")
    picture = picture_of(gone)
    task = extend(start, picture=picture)
    queued = make_task(gone, State.QUEUED)
    link = Share.objects.create(task=task)
    assert "1 task of theirs is not sent yet" in shown(staff, f"{ADDRESS}{gone.pk}/")
    assert press(staff, gone, "hand-over", heir=stranger.pk)["Location"] == ADDRESS
    assert set(Task.objects.owned_by(stranger)) == {start, task, queued}
    assert set(stranger.pictures.all()) == {picture}
    web = browser_of(stranger)
    assert web.get(f"/tasks/{task.pk}/").status_code == web.get(link.get_absolute_url()).status_code == 200
    assert "Nothing here is theirs" in shown(staff, f"{ADDRESS}{gone.pk}/")


def test_of_what_both_had_one_row_stays_and_all_hangs_on_it(staff, gone, stranger):
    known = make_task(stranger, kind=Task.Kind.ORIGINAL, index=None, remote_id="r1")
    same = make_task(gone, kind=Task.Kind.ORIGINAL, index=None, remote_id="r1", picks=(2,))
    have = picture_of(stranger)
    task = extend(same, picture=picture_of(gone, image_url="https://pictures.example/1.jpg"))
    brought = make_task(gone, kind=Task.Kind.VIDEO, start_clip=same.clip(2))
    link = Share.objects.create(task=same)
    press(staff, gone, "hand-over", heir=stranger.pk)
    assert not Task.objects.filter(pk=same.pk).exists()
    for row in (task, brought, link, known, have):
        row.refresh_from_db()
    assert (task.parent, link.task, task.picture) == (known, known, have)
    assert brought.start_clip == known.clip(2)
    assert (known.clip(2).picked, known.has_picks) == (True, True)
    assert have.image_url == "https://pictures.example/1.jpg"


def test_who_was_anonymised_is_nobody_any_more(staff, gone, client):
    gone.first_name, gone.last_name, gone.email = "Mira", "Holm", "mira@example.org"
    gone.save()
    task = make_task(gone)
    AccessLog.objects.create(username="mira")
    assert press(staff, gone, "anonymise")["Location"] == f"{ADDRESS}{gone.pk}/"
    assert Member.objects.get(pk=gone.pk).username == "mira"
    press(staff, gone, "anonymise", sure="on")
    rows = Member.objects.filter(pk=gone.pk).values()
    assert not any(word in str(rows.get()).lower() for word in ("mira", "holm"))
    page = shown(staff)
    assert f"former member {gone.pk}" in page
    assert f"Reactivate former member {gone.pk}" not in page
    assert press(staff, gone, "reactivate").status_code == 403
    answer = client.post("/login/", {"username": f"former member {gone.pk}", "password": "a long enough one"})
    assert answer.status_code == 200, "not signed in"
    assert Task.objects.get() == task
    assert "mira" not in str(list(AccessLog.objects.values()))


def test_what_cannot_be_undone_is_for_those_who_left(staff, member, stranger):
    task = make_task(member)
    assert press(staff, member, "hand-over", heir=stranger.pk).status_code == 403
    assert press(staff, member, "anonymise", sure="on").status_code == 403
    assert "Hand over" not in shown(staff, f"{ADDRESS}{member.pk}/")
    task.refresh_from_db()
    assert (task.owner, task.owner.username) == (member, "mira")


@pytest.mark.parametrize("heir", ["", "x", "9" * 30, "ddba123a-0752-4d09-9549-fbc40b6fe847"])
def test_an_heir_is_an_active_member(staff, gone, heir):
    assert press(staff, gone, "hand-over", heir=heir).status_code == 400
    assert press(staff, gone, "hand-over", heir=gone.pk).status_code == 400


@pytest.mark.races
@pytest.mark.parametrize("number", [0, 10**9, 10**30])
def test_a_member_that_there_is_not_is_nobody(staff, number):
    assert staff.get(f"{ADDRESS}{number}/").status_code == 404
    assert staff.post(f"{ADDRESS}{number}/deactivate/").status_code == 404


def test_it_is_for_staff_alone(web, stranger):
    assert web.get(ADDRESS).status_code == web.get(f"{ADDRESS}{stranger.pk}/").status_code == 404
    for deed in ("deactivate", "reactivate", "anonymise"):
        assert press(web, stranger, deed, sure="on").status_code == 404
    assert press(web, stranger, "hand-over", heir=stranger.pk).status_code == 404
    assert Member.objects.filter(pk=stranger.pk, is_active=True, username="otto").exists()


def test_it_is_read_by_pages_at_the_same_cost(staff, member):
    few = queries(lambda: staff.get(ADDRESS))
    Member.objects.bulk_create(Member(username=f"n{number:02}") for number in range(60))
    assert queries(lambda: staff.get(ADDRESS)) == few
    assert "n47" in shown(staff)
    assert "n48" not in shown(staff)
    second = shown(staff, f"{ADDRESS}?after=n47")
    assert "n59" in second
    assert "More members" not in second


def told(response) -> str:
    """The password that a page says."""
    (password,) = re.findall(r'<code id="password">(.*?)</code>', response.content.decode())
    assert "no-store" in response["Cache-Control"]
    return password


def test_staff_make_an_account_that_signs_in(staff, guest, log):
    assert f"{ADDRESS}new/" in shown(staff)
    assert 'name="username"' in shown(staff, f"{ADDRESS}new/")
    password = told(staff.post(f"{ADDRESS}new/", {"username": "nora", "is_staff": "on", "is_superuser": "on"}))
    nora = Member.objects.get(username="nora")
    assert (nora.is_staff, nora.is_superuser) == (False, False)
    assert guest.post("/login/", {"username": "nora", "password": password})["Location"] == "/tasks/"
    assert password not in log.getvalue()
    again = staff.post(f"{ADDRESS}new/", {"username": "nora"})
    assert b"already exists" in again.content
    assert b'id="password"' not in again.content


def test_a_new_password_ends_the_old_one_with_its_sign_ins(staff, web, guest, member):
    account = f"{ADDRESS}{member.pk}/"
    assert account in shown(staff)
    assert f"{account}password/" in shown(staff, account)
    password = told(press(staff, member, "password"))
    assert web.get("/tasks/")["Location"].startswith("/login/")
    assert guest.post("/login/", {"username": "mira", "password": password})["Location"] == "/tasks/"


def test_superusers_alone_say_who_is_staff(staff, boss, web, member):
    assert "Make staff" not in shown(staff, f"{ADDRESS}{member.pk}/")
    assert "Make staff" in shown(boss, f"{ADDRESS}{member.pk}/")
    for browser, given, status, is_staff in (
        (staff, {"staff": "on"}, 403, False),
        (web, {"staff": "on"}, 404, False),
        (boss, {"staff": "on"}, 302, True),
        (staff, {}, 403, True),
        (boss, {}, 302, False),
    ):
        assert press(browser, member, "staff", **given).status_code == status
        member.refresh_from_db()
        assert member.is_staff == is_staff
    assert press(web, member, "password").status_code == web.get(f"{ADDRESS}new/").status_code == 404


@pytest.mark.parametrize("rank", ["is_staff", "is_superuser"])
def test_nobody_takes_the_account_of_who_may_as_much_or_more(staff, member, rank):
    Member.objects.filter(pk=member.pk).update(**{rank: True})
    assert press(staff, member, "password").status_code == 403
    assert Member.objects.get(pk=member.pk).password == member.password


@pytest.mark.parametrize("name", ["mira", "Mira"])
def test_nobody_gets_a_name_that_is_read_as_anothers(staff, member, name):
    answer = staff.post(f"{ADDRESS}new/", {"username": name})
    assert "already exists" in answer.content.decode()
    assert Member.objects.filter(username__iexact="mira").count() == 1


def test_a_name_that_is_taken_while_its_account_is_made_is_said(staff, monkeypatch):
    monkeypatch.setattr(accounts, "_new_password", lambda: Member.objects.create_user("taken").password)
    answer = staff.post(f"{ADDRESS}new/", {"username": "taken"})
    assert (answer.status_code, b"already exists" in answer.content) == (200, True)
    assert Member.objects.filter(username="taken").count() == 1
