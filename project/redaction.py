"""Addresses that are keys are cut out of the log: whoever reads it may not open what guests and APIFRAME may."""

import logging
import re

# The token of a guest's link, and the nonce of a webhook.
KEYS = re.compile(r"(/s/|/webhooks/apiframe/)[^/\s\"']+")


class RedactionFilter(logging.Filter):
    """Replaces each key in a record's message by "…"."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        redacted = KEYS.sub(r"\1…", message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        return True
