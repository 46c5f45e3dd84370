"""The demo of the sandbox: its known password and its pretend tasks may not meet an APIFRAME that costs money."""

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction

from extender.tasks.models import Task
from extender.team.models import Member

NAME = PASSWORD = "demo"  # noqa: S105, it opens the sandbox's installation alone
# The form of the demo's own task: the mark of a database in which it was made.
FORM = uuid.UUID("6f1c2f0a-2f57-4d0e-9f25-0f6c8b1d9a37")
REFUSAL = "The database was made by the sandbox: its demo account would open an installation that spends money."
WAY_OUT = "Name another one in DATABASE_URL, or remove the demo and all that is its: manage.py remove_demo"


def is_here() -> bool:
    """Whether the demo may sign in or spend here. Raises `DatabaseError`."""
    demo = Member.objects.filter(username=NAME, is_active=True).first()
    return demo is not None and (
        Task.objects.filter(owner=demo, form_nonce=FORM).exists() or demo.check_password(PASSWORD)
    )


def remove() -> bool:
    """Deletes the demo and all that it made. Returns whether it was here."""
    with transaction.atomic():
        if not is_here():
            return False
        demo = Member.objects.get(username=NAME)
        # What is continued stays until what continues it is gone.
        while Task.objects.owned_by(demo).filter(extensions=None).delete()[0]:
            pass
        demo.delete()
    return True


def refuse() -> None:
    """Raises `ImproperlyConfigured` where a real key meets the demo. A database that is away is another matter."""
    if settings.SANDBOX or _is_unmade():
        return
    try:
        if is_here():
            raise ImproperlyConfigured(f"{REFUSAL} {WAY_OUT}")
    except DatabaseError:
        pass
    finally:
        connection.close()


def check(**_: Any) -> list[CheckMessage]:
    """The same for `manage.py check`, and for each command that checks before it begins, such as the worker's."""
    try:
        refuse()
    except ImproperlyConfigured:
        return [Error(REFUSAL, hint=WAY_OUT, id="operations.E001")]
    return []


def _is_unmade() -> bool:
    """Whether the database is a file that is not there: to ask would make it."""
    return connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists()
