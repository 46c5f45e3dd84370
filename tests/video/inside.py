"""Runs code of a test where strangers' files are looked into."""

import sys

from extender.video import process as probing


def run_instead(monkeypatch, code: str) -> None:
    """Has the process run `code` in place of its own program: `confine`, `limits` and `main()` are at hand.

    No file at hand makes today's decoder crash, hang or take all memory; the next one may.
    """
    given = (
        "import json, os, runpy, signal, sys, time\n"
        "from extender.video import limits\n"
        "from extender.video.limits import confine\n"
        "main = lambda: runpy.run_module('extender.video', run_name='__main__')\n"
    )
    monkeypatch.setattr(probing, "COMMAND", (sys.executable, "-s", "-c", given + code))
