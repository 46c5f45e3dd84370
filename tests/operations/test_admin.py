"""The admin: off unless it is wanted, and never a way to a secret or to more than one may."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.urls import NoReverseMatch, reverse

from extender.operations.admin import site
from extender.sharing.models import Share
from extender.states import State
from extender.team.models import Member
from tests.helpers import make_clip, make_task

SECRET = re.compile("token|nonce|digest|seed|secret|session|password")


@pytest.fixture
def root(browser_of, db):
    return browser_of(Member.objects.create_superuser("root"))


@pytest.fixture
def clerk(db) -> Member:
    """Staff with every right that the admin knows, and no superuser."""
    clerk = Member.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.all())
    return clerk


def fields_of(member: Member, **changes: str) -> dict[str, str]:
    """What the form of an account would send."""
    dates = {f"{name}_{part}": "" for name in ("date_joined", "last_login") for part in "01"}
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {"username": member.username, **dates, **joined, **changes}


def test_it_is_off_and_no_page_leads_there(root, member):
    make_clip(make_task(member, State.UNCONFIRMED, due_at=None), state="refused")
    with pytest.raises(NoReverseMatch):
        reverse("admin:index")
    assert root.get("/admin/").status_code == root.get("/admin/login/").status_code == 404
    for address in ("/tasks/", "/team/", "/team/archive/", "/team/no-result/"):
        assert "/admin/" not in root.get(address).content.decode()


def test_where_it_is_on_staff_are_led_there(root, admin_on, member):
    task = make_task(member, State.UNCONFIRMED, due_at=None)
    page = root.get("/team/").content.decode()
    assert 'href="/admin/"' in page
    assert f"/admin/tasks/task/{task.pk}/change/" in page
    assert root.get(f"/admin/tasks/task/{task.pk}/change/").status_code == 200


def test_its_scripts_may_write_what_they_write(root, admin_on, member):
    account = f"/admin/team/member/{member.pk}"
    for address in ("/admin/", "/admin/team/member/add/", f"{account}/change/", f"{account}/password/"):
        assert "trusted-types" not in root.get(address)["Content-Security-Policy"], address


def test_it_has_no_door_of_its_own(admin_on, guest, web, root):
    assert guest.get("/admin/", follow=True).redirect_chain[-1] == ("/login/?next=%2Fadmin%2F", 302)
    assert web.get("/admin/", follow=True).status_code == 404
    assert root.get("/admin/password_change/")["Location"] == "/password/"


@pytest.mark.parametrize("model", site._registry, ids=lambda model: model.__name__)
def test_no_list_is_asked_for_by_a_secret(root, admin_on, model):
    records = site._registry[model]
    names = {field.name for field in model._meta.concrete_fields}
    names |= {
        f"{field.name}__{far.name}"
        for field in model._meta.concrete_fields
        if field.is_relation
        for far in field.related_model._meta.concrete_fields
    }
    shown = {*records.list_display, *records.search_fields, *records.list_filter, *(records.ordering or ())}
    assert not [name for name in shown if SECRET.search(name)]
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert root.get(address).status_code == 200
    for name in sorted(filter(SECRET.search, names)) or ["id"]:
        for asked in (f"{name}__startswith", f"{name}__regex", name):
            assert root.get(address, {asked: "a"}).status_code == 400, asked


def test_no_record_says_a_secret_or_leads_to_one(root, admin_on, member):
    link = Share.objects.create(task=make_task(member))
    page = root.get(f"/admin/sharing/share/{link.pk}/change/").content.decode()
    assert not [secret for secret in (link.token, link.digest, link.seed) if secret in page]
    kind = ContentType.objects.get_for_model(Share).pk
    assert root.get(f"/admin/r/{kind}/{link.pk}/").status_code == 404
    assert "View on site" not in page


def test_whoever_may_change_members_becomes_no_superuser(browser_of, admin_on, clerk, member):
    boss, web = Member.objects.create_superuser("boss"), browser_of(clerk)
    ranks = {"is_staff": "on", "is_superuser": "on", "user_permissions": ["1"], "is_active": "on"}
    for other in (boss, clerk, Member.objects.create_user("ada", is_staff=True)):
        for deed in ("change", "password", "delete"):
            fields = ranks | {"username": "taken", "password1": "a long enough one", "password2": "a long enough one"}
            assert web.post(f"/admin/team/member/{other.pk}/{deed}/", fields).status_code in (302, 403, 404)
    page = web.get(f"/admin/team/member/{member.pk}/change/").content.decode()
    assert 'name="username"' in page
    assert 'name="is_superuser"' not in page
    web.post(f"/admin/team/member/{member.pk}/change/", fields_of(member, **ranks | {"username": "renamed"}))
    member.refresh_from_db()
    assert (member.username, member.is_staff, member.is_superuser) == ("renamed", False, False)
    assert not member.user_permissions.exists()
    assert list(Member.objects.filter(is_superuser=True)) == [boss]
    assert not Member.objects.filter(username="taken").exists()


def test_a_superuser_takes_anothers_rank_there_and_never_their_own(root, browser_of, admin_on):
    mine, other = Member.objects.get(), Member.objects.create_superuser("boss")
    theirs = browser_of(other)
    for member in (other, mine):
        root.post(f"/admin/team/member/{member.pk}/change/", fields_of(member))
    assert list(Member.objects.filter(is_superuser=True)) == [mine]
    assert theirs.post(f"/admin/team/member/{mine.pk}/change/", fields_of(mine)).status_code in (302, 403)
    assert list(Member.objects.filter(is_superuser=True)) == [mine]


def test_who_has_left_is_not_had_back_there(root, admin_on, member):
    Member.objects.filter(pk=member.pk).update(is_active=False)
    root.post(f"/admin/team/member/{member.pk}/change/", fields_of(member, is_active="on"))
    assert not Member.objects.get(pk=member.pk).is_active


def test_a_search_finds_what_is_exactly_that(root, admin_on, task):
    def found(words: str) -> int:
        return (
            root.get("/admin/tasks/task/", {"q": words})
            .content.decode()
            .count(f"/admin/tasks/task/{task.pk}/change/")
        )

    assert found(str(task.pk)) == found(task.remote_id) == 1
    assert found(task.remote_id[:8]) == found("no id") == 0
    assert root.get("/admin/tasks/clip/", {"q": str(task.pk)}).status_code == 200
