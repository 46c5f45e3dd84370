"""Says where this machine cannot shut in what reads strangers' files. Everything works all the same."""

from typing import Any

from django.core.checks import CheckMessage, Warning

from extender.video import cell


def lack() -> str:
    """What is missing, in a sentence; "" where nothing is."""
    missing = " and ".join(cell.missing())
    return missing and f"This machine has no {missing}: what reads strangers’ files is not wholly shut in."


def check(**_: Any) -> list[CheckMessage]:
    """The same for `manage.py check --deploy`."""
    hint = "See “The cell” in docs/deploy.md."
    return [Warning(sentence, hint=hint, id="operations.W001")] if (sentence := lack()) else []
