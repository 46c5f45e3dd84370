"""A transaction that is always rolled back: each generated example begins on an empty database."""

from django.db import transaction


class RolledBack(transaction.Atomic):
    """`with RolledBack():` keeps nothing of what is written inside."""

    def __init__(self) -> None:
        super().__init__(using=None, savepoint=True, durable=False)

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            transaction.set_rollback(True)
        super().__exit__(kind, error, trace)
