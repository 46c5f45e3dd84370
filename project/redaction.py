"""Addresses that are keys are cut out of the log: whoever reads it may not open what guests and APIFRAME may."""

import logging
import re

# The token of a guest's link, and the nonce of a webhook; where the site lies at /s, and where somebody pasted more
# between the two than belongs there.
KEYS = re.compile(r"((?:/s)+/|/webhooks/apiframe/)[/ \"'\\]*[^/\s\"']+")
# What gunicorn cannot read it writes down as it came: a piece of anything, spelt in any way.
UNREADABLE = re.compile(r"(Invalid request from ip=\S*?|gunicorn\.http\.errors\.\w+): .*")


class Redacted(logging.Formatter):
    """Writes records as `inner` would, tracebacks included, but for each secret, which becomes "…".

    All lines of a record but its first are indented: nobody's words can look like a record of their own.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self.inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines."""
        written = UNREADABLE.sub(r"\1: …", KEYS.sub(r"\1…", self.inner.format(record)))
        return "\n    ".join(written.splitlines())
