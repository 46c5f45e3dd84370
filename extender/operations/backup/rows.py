"""Which rows are kept, and each as a line of JSON: the same from any database, for any other."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.apps.registry import Apps
from django.db.models import Model, QuerySet

from extender.paging import by_keys

# What is of a moment alone: sign-ins, wrong passwords, the gate, living workers, what was counted or reported last.
NOT_KEPT = {
    *("sessions.Session", "team.WrongPassword", "tasks.Gate"),
    *("operations.Heartbeat", "operations.Tally", "operations.Violation"),
}
APPS_NOT_KEPT = {"axes"}
# Django makes these by itself, under numbers of its own: they are replaced by those to which the kept rows refer.
MADE_BY_DJANGO = {"contenttypes.ContentType", "auth.Permission"}


def kept_models(apps: Apps) -> dict[str, type[Model]]:
    """Whose rows are kept, by their names ("tasks.Task"); tables of many-to-many relations too."""
    models = apps.get_models(include_auto_created=True)
    return {
        model._meta.label: model
        for model in models
        if model._meta.label not in NOT_KEPT and model._meta.app_label not in APPS_NOT_KEPT
    }


def read(rows: QuerySet, columns: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """These rows, all columns of them or those, by their keys, few at a time."""
    meta = rows.model._meta
    return by_keys(
        rows.values(*(columns or [field.attname for field in meta.concrete_fields])), itemgetter(meta.pk.attname)
    )


def as_line(row: object) -> bytes:
    """A row, or whatever else, as JSON: times as ISO 8601, bytes as Base64."""
    return json.dumps(row, default=_as_text, ensure_ascii=False).encode() + b"\n"


def _as_text(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return b64encode(value).decode()
    raise TypeError(f"a column holds {type(value).__name__}, for which there is no text")


def as_object(model: type[Model], row: dict[str, Any]) -> Model:
    """What `as_line` wrote, as an unsaved object."""
    columns = {field.attname: field for field in model._meta.concrete_fields}
    return model(**{name: columns[name].to_python(value) for name, value in row.items()})
