"""Queries whose text is made once: for what open pages ask every few seconds, and for what every request asks.

Django makes the SQL anew each time that a queryset is read. For a wide row that takes thirty times as long as the
database needs, and was more than half of a poll.
"""

import copy
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=models.Model)


class Given(models.Expression):
    """Stands in a `CompiledQuery` for the value `name`, which is given with each reading."""

    def __init__(self, name: str, output_field: models.Field) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> Any:
        return "%s", [self]


class CompiledQuery(Generic[Row]):
    """The queryset that `build` returns, to be read with other values for each `Given` in it.

    Nothing of it is prefetched: that would be further queries.
    """

    def __init__(self, build: Callable[[], models.QuerySet[Row]]) -> None:
        self._build = build

    def rows(self, **given: Any) -> list[Row]:
        """The rows that the queryset holds for these values."""
        queryset, compiler = self._compiled()
        iterable: Any = queryset._iterable_class  # type: ignore[attr-defined]
        # Django's own way from the answer to objects reads nothing else of a queryset.
        asked = SimpleNamespace(get_compiler=lambda using: _filled(compiler, given))
        reading: Any = SimpleNamespace(query=asked, db=DEFAULT_DB_ALIAS, _known_related_objects={})
        return list(iterable(reading))

    def first(self, **given: Any) -> Row | None:
        """The first of these rows."""
        return next(iter(self.rows(**given)), None)

    def _compiled(self) -> tuple[models.QuerySet[Row], Any]:
        # With the connection, which belongs to one thread as a compiler does.
        connection: Any = connections[DEFAULT_DB_ALIAS]
        known = connection.__dict__.setdefault("_compiled_queries", {})
        if self not in known:
            queryset = self._build()
            compiler: Any = queryset.query.get_compiler(connection=connection)
            text = compiler.as_sql()
            compiler.as_sql = lambda *_, **__: text
            known[self] = queryset, compiler
        return known[self]


def _filled(compiler: Any, given: dict[str, Any]) -> Any:
    """`compiler`, with the values in their places."""
    sql, params = compiler.as_sql()
    filled = copy.copy(compiler)
    filled.as_sql = lambda *_, **__: (sql, _values(params, given, compiler.connection))
    return filled


def _values(params: Sequence[Any], given: dict[str, Any], connection: Any) -> list[Any]:
    return [
        value.output_field.get_db_prep_value(given[value.name], connection) if isinstance(value, Given) else value
        for value in params
    ]
