"""The sandbox's ledger held against the rows of a site: what was paid for, and what its owner can see of it."""

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.test import override_settings

from extender.tasks.models import Task
from tests.faults.installation import SECRET_KEY, Installation

SUBMITS = {"/imagine-video-extend", "/imagine-video", "/imagine"}
# Answers that say that nothing was taken on: the request may be made again.
TURNED_AWAY = {401, 429}
SHOWN = {"finished", "pending", "processing", "unconfirmed"}
COLUMNS = ("id", "form_nonce", "state", "remote_id", "attempts", "prompt")


@dataclass(frozen=True)
class Reconciliation:
    """What both say, read once everything is calm."""

    rows: list[dict[str, Any]]
    submits: list[dict[str, Any]]
    bills: list[dict[str, Any]]
    heard: set[str]
    """The ids at APIFRAME of tasks about whose end a webhook was taken with 200."""

    @classmethod
    def of(cls, site: Installation) -> "Reconciliation":
        """Reads them."""
        columns = ", ".join(COLUMNS)
        found = site.rows(f"SELECT {columns} FROM tasks_task WHERE kind <> 'original'")
        ledger = site.sandbox.ledger()
        heard = {
            post["task_id"]
            for post in ledger["webhooks"]
            if post["answer"] == 200 and post["status"] in ("finished", "failed")
        }
        submits = [request for request in ledger["requests"] if request["path"] in SUBMITS]
        return cls([dict(zip(COLUMNS, row, strict=True)) for row in found], submits, ledger["bills"], heard)

    def forms_without_a_row(self, forms: set[uuid.UUID]) -> set[uuid.UUID]:
        """Lost: somebody was told that it was kept."""
        return forms - {_uuid(row["form_nonce"]) for row in self.rows}

    def forms_with_more_rows(self) -> set[uuid.UUID]:
        """Repeated: one press of a button stands twice in the history."""
        return {form for form, count in Counter(_uuid(row["form_nonce"]) for row in self.rows).items() if count > 1}

    def submits_without_a_row(self) -> set[str]:
        """Lost: APIFRAME was asked for something that nobody here can see."""
        return {submit["nonce"] for submit in self.submits} - {nonce_of(row) for row in self.rows}

    def sent_twice(self) -> set[str]:
        """Rows whose request was made again although it had not been turned away, or that were billed twice."""
        left = Counter(submit["nonce"] for submit in self.submits if submit["status"] not in TURNED_AWAY)
        billed = Counter(submit["nonce"] for submit in self.submits if submit["billed"])
        return {nonce for nonce, count in (left | billed).items() if count > 1}

    def hidden(self) -> list[tuple[str, str]]:
        """Bills whose row does not say that something was, or may have been, paid for: the bill and the state."""
        called_at = {submit["task_id"]: submit["nonce"] for submit in self.submits if submit["billed"]}
        state_of = {nonce_of(row): row["state"] for row in self.rows}
        states = {bill["task_id"]: state_of.get(called_at.get(bill["task_id"]), "no row") for bill in self.bills}
        return [(bill, state) for bill, state in states.items() if state not in SHOWN]

    def unconfirmed_against_better_knowledge(self) -> list[str]:
        """Rows that stand as unconfirmed although APIFRAME's word on how they ended was taken."""
        heard = {submit["nonce"] for submit in self.submits if submit["task_id"] in self.heard}
        return [row["id"] for row in self.rows if row["state"] == "unconfirmed" and nonce_of(row) in heard]

    def __str__(self) -> str:
        states = Counter(row["state"] for row in self.rows)
        said = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        return f"{len(self.rows)} rows ({said}), {len(self.submits)} requests, {len(self.bills)} bills"


def nonce_of(row: dict[str, Any]) -> str:
    """How the address ends at which APIFRAME calls back about `row`."""
    with override_settings(SECRET_KEY=SECRET_KEY):
        return Task(pk=_uuid(row["id"])).webhook_nonce


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))
