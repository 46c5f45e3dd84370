"""The styles: a parser as strict as no browser reads them, and nothing in them is for what no page has."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
SHEETS = sorted((ROOT / "static" / "css").rglob("*.css"))
# What is made of a number, by Django, or by htmx.
MADE = re.compile(r"(choose|columns|frame|pick)-\d|errorlist|htmx-request")
MOMENTS = re.compile(r"(?:from|to|\d+%)(?:, (?:from|to|\d+%))*")
COMPOUND = r"(?:[a-z][a-z0-9]*|\*)?(?:[.#][\w-]+|\[[^\]]+\]|::?[\w-]+(?:\([^{}]*\))?)*"
SELECTOR = re.compile(rf"{COMPOUND}(?:(?: [>+~] | ){COMPOUND})*")


def bare(sheet: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)


def selectors(sheet: Path) -> list[str]:
    """What stands before each brace of rules."""
    heads = [" ".join(head.split()) for head in re.findall(r"([^{};]+)\{", bare(sheet))]
    return [head for head in heads if not head.startswith("@") and not MOMENTS.fullmatch(head)]


def text_of(folder: str, kind: str) -> str:
    return "\n".join(file.read_text() for file in (ROOT / folder).rglob(kind))


@pytest.fixture(scope="module")
def given() -> set[str]:
    """The names of classes, of elements and of data that templates, scripts and tags of ours give."""
    templates, scripts = text_of("templates", "*.html"), text_of("static", "*.js")
    values = re.findall(r'\b(?:class|id)="([^"]*)"', templates) + re.findall(
        r"\b(hidden|inert|disabled|popover|data-[a-z-]+|[a-z-]+(?==))", templates
    )
    values += re.findall(r'"([\w-]+)"', scripts + text_of("extender", "*.py"))
    data = {
        re.sub(r"[A-Z]", lambda letter: "-" + letter[0].lower(), n) for n in re.findall(r"dataset\.(\w+)", scripts)
    }
    return set(re.findall(r"[\w-]+", " ".join(values))) | {f"data-{name}" for name in data}


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_a_sheet_says_only_what_is_a_rule(sheet):
    text = bare(sheet)
    assert text.count("{") == text.count("}")
    assert "*/" not in text
    for head in selectors(sheet):
        for selector in re.split(r", (?![^()]*\))", head):
            assert SELECTOR.fullmatch(selector), selector


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_a_sheet_styles_only_what_some_page_has(sheet, given):
    named = set(re.findall(r"[.#]([a-zA-Z][\w-]*)|\[([\w-]+)", " ".join(selectors(sheet))))
    missing = {name for pair in named for name in pair if name and not MADE.fullmatch(name)} - given
    assert missing == set()


def test_every_value_that_a_sheet_takes_is_given_somewhere():
    text = "\n".join(map(bare, SHEETS))
    scripts = "\n".join(file.read_text() for file in (ROOT / "static").rglob("*.js"))
    given = set(re.findall(r"(--[\w-]+)\s*:", text)) | set(re.findall(r'"(--[\w-]+)"', scripts))
    taken = set(re.findall(r"var\((--[\w-]+)", text))
    assert taken - given == set()
    assert given - taken == set()


def test_every_sheet_is_linked_once_on_the_pages_that_link_it():
    links: dict[str, list[str]] = {}
    # A page that is made in a hurry stands for itself.
    of_their_own = {"busy_door.html"}
    for template in (ROOT / "templates").rglob("*.html"):
        links[template.name] = re.findall(r"static 'css/([^']+)'", template.read_text())
    linked = [sheet for sheets in links.values() for sheet in sheets]
    assert {str(sheet.relative_to(ROOT / "static" / "css")) for sheet in SHEETS} == set(linked)
    shared = links.pop("base.html")
    for template, sheets in links.items():
        beside = [] if template in of_their_own else shared
        assert len(beside + sheets) == len({*beside, *sheets}), template
