"""A transaction that is always undone: each generated example begins in an empty house."""

from django.db import transaction


class Undone(transaction.Atomic):
    """`with Undone():` keeps nothing of what is written inside."""

    def __init__(self) -> None:
        super().__init__(using=None, savepoint=True, durable=False)

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            transaction.set_rollback(True)
        super().__exit__(kind, error, trace)
