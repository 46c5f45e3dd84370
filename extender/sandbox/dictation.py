"""Answers of one's own choice, given in turn in place of the sandbox's own."""

import binascii
from base64 import b64decode
from collections import deque
from typing import Any

from extender.sandbox.answers import CUT, PLAIN, Answer

Dictated = dict[str, deque[Answer]]


def read(body: Any) -> Dictated:
    """The answers by the path of their call, as `/_sandbox/answers` takes them; ValueError with a sentence."""
    try:
        return {path: deque(map(_answer, listed)) for path, listed in body.items()}
    except (AttributeError, TypeError, KeyError, binascii.Error) as error:
        raise ValueError("answers must be lists of objects with body, status, headers and cut, by path") from error


def _answer(given: dict[str, Any]) -> Answer:
    """`body`: base64 of its bytes; `cut`: whether more is announced than comes."""
    return Answer(
        int(given.get("status", 200)),
        b64decode(given["body"], validate=True),
        type=None,
        headers={str(name): str(text) for name, text in given.get("headers", {}).items()},
        delivery=CUT if given.get("cut") else PLAIN,
    )
