"""The templates: lines that a person can read, and nothing in them that only a script could open."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = {
    str(file.relative_to(ROOT / "templates")): file.read_text() for file in (ROOT / "templates").rglob("*.html")
}
LONGEST = 160
# A tag of HTML, whatever Django's own tags inside it hold.
TAG = re.compile(r"<([a-z]+)\b((?:\{%.*?%\}|\{\{.*?\}\}|[^<>{]|\{(?![%{]))*)>")
# What only asks on, every few seconds: without a script the page reloads itself, or stands as it is.
POLLS = re.compile(r'hx-trigger="[^"]*\bevery \d')


def test_every_line_can_be_read():
    long = {
        f"{name}:{number}"
        for name, text in TEMPLATES.items()
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > LONGEST
    }
    assert long == set()


def test_what_is_included_is_there():
    wanted = {
        other for text in TEMPLATES.values() for other in re.findall(r'\{% (?:include|extends) "([^"]+)"', text)
    }
    assert wanted - set(TEMPLATES) == set()


def test_every_part_is_included_somewhere():
    code = "\n".join(file.read_text() for file in (ROOT / "extender").rglob("*.py"))
    text = "\n".join([code, *TEMPLATES.values()])
    assert {name for name in TEMPLATES if "/_" in name and f'"{name}"' not in text} == set()


def test_what_a_script_asks_for_is_to_be_had_without_one():
    missing = set()
    for name, text in TEMPLATES.items():
        for tag, attributes in TAG.findall(text):
            asked = re.search(r'\bhx-(?:get|post)="([^"]*)"', attributes)
            # A page that asks for a part of itself is to be had as it is.
            if not asked or POLLS.search(attributes) or "hx-select=" in attributes:
                continue
            # Beside it, or, where it is neither a link nor a form, as a link inside.
            where = attributes if tag in ("a", "form") else text
            if not re.search(rf'\b(?:href|(?:form)?action)="{re.escape(asked[1])}"', where):
                missing.add(f"{name}: {asked[1]}")
    assert missing == set()
