"""Prompts that run from right to left, or turn what stands beside them: each keeps to its own place."""

import re

import pytest

from tests.helpers import extend, make_task

PROMPTS = ["\u05d2\u05dc \u05e2\u05d5\u05dc\u05d4", "\u0645\u0648\u062c\u0629 3", "a wave \u202e rises"]
ISOLATED = r'<(?:a|h1|h2|h3|p|span|textarea)\b[^>]*\bdir="auto"[^>]*>[^<]*$'


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize(
    "address", ["/tasks/", "/tasks/{}/", "/tasks/{}/tree/", "/tasks/{}/events/", "/tasks/new/?parent={}", "/s/{}/"]
)
def test_a_prompt_is_isolated_wherever_it_is_shown(web, member, start, prompt, address):
    task = extend(make_task(member, prompt=prompt, remote_id="r1", due_at=None), prompt=prompt, remote_id="r2")
    link = task.shares.create(show_prompt=True)
    page = web.get(address.format(link.token if "/s/" in address else task.pk)).content.decode()
    shown = re.sub(r"<title>.*?</title>|<input[^>]*>", "", page, flags=re.S)
    places = [found.start() for found in re.finditer(re.escape(prompt), shown)]
    assert places
    for place in places:
        assert re.search(ISOLATED, shown[:place]), shown[place - 200 : place]
