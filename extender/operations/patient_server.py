"""Says where the site is told to run under a worker in which slow visitors keep others waiting."""

import os
import re
from typing import Any

from django.core.checks import CheckMessage, Warning

OTHER_WORKER = re.compile(r"(?:^|\s)(?:-k|--worker-class)\b")


def check(**_: Any) -> list[CheckMessage]:
    """A part of `manage.py check --deploy`."""
    if not OTHER_WORKER.search(os.environ.get("GUNICORN_CMD_ARGS", "")):
        return []
    sentence = "GUNICORN_CMD_ARGS names another worker than gunicorn.conf.py: in it each slow visitor holds a thread."
    hint = "Leave it out, or have the proxy take requests and answers whole (“The proxy” in docs/deploy.md)."
    return [Warning(sentence, hint=hint, id="operations.W002")]
