"""Whatever people and APIFRAME write, it is text on every page: the same elements stand there as for plain words."""

import re
from html.parser import HTMLParser

from django.db import transaction

from extender.tasks.models import Gate
from extender.team.models import Member
from tests.hostile_words import WORDS, plant
from tests.project.test_security import Scanner
from tests.sizes import size

STEP = 1 if size(0, 1) else 31


class Elements(HTMLParser):
    """The elements of a page, each with the names of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))


def shown(browser_of, guest, words: list[str]) -> dict[str, str]:
    """The pages on which words of people and of APIFRAME stand, by what they are; nothing of them stays."""
    with transaction.atomic():
        member = Member.objects.create_superuser(words[0][:150])
        Gate.objects.update_or_create(pk=1, defaults={"cause": "key", "said": words[0]})
        web, pages = browser_of(member), {}
        for number, said in enumerate(words):
            task, link = plant(member, said)
            one = f"/tasks/{task.pk}/"
            pages |= {f"{at} {number}": web.get(one + at) for at in ("", "events/")}
            pages[f"failed {number}"] = web.get(f"/tasks/{task.parent_id}/")
            pages[f"guest {number}"] = guest.get(link.get_absolute_url())
        pages |= {at: web.get(one + at) for at in ("tree/", "clips/2/film/")}
        account = f"/team/members/{member.pk}/"
        for at in ("/tasks/", "/new/", "/team/", "/team/members/", account, "/team/links/", "/team/archive/"):
            pages["account" if at == account else at] = web.get(at)
        transaction.set_rollback(True)
    assert {page.status_code for page in pages.values()} == {200}
    return {name: page.content.decode() for name, page in pages.items()}


def test_whatever_people_and_apiframe_write_is_text_on_every_page(db, browser_of, guest):
    assert len(set(WORDS)) == 300
    words = WORDS[::STEP]
    hostile = shown(browser_of, guest, words)
    plain = shown(browser_of, guest, [re.sub(r"[^\s\0-\x1f]", "x", said) for said in words])
    for name, page in hostile.items():
        assert Scanner(page).found == [], name
        assert Elements(page).found == Elements(plain[name]).found, name
