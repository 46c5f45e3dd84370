"""Statements whose text is made once: what open pages and each request ask, and what each webhook writes.

Django makes the SQL anew each time that a queryset is read. For a wide row that takes thirty times as long as the
database needs, and was more than half of a poll.
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, Error, connections, models, transaction
from django.db.models.expressions import RawSQL
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import ROW_COUNT

Row = TypeVar("Row", bound=models.Model)
Answer = TypeVar("Answer")


class Given(models.Expression):
    """Stands in a `CompiledQuery` for the value `name`, which is given with each reading."""

    def __init__(self, name: str, output_field: models.Field) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> Any:
        return "%s", [self]


class _Compiled:
    """What Django makes of one query, once for each connection: that belongs to one thread as a compiler does."""

    def _build(self) -> tuple[Any, models.sql.Query]:
        """Whatever is needed to read the answer, and the query."""
        raise NotImplementedError

    def _sql(self, compiler: Any) -> tuple[str, Sequence[Any]]:
        """The statement, and what stands in its places: values, and `Given` for others."""
        sql, params = compiler.as_sql()
        return sql, params

    def _compiled(self, given: dict[str, Any]) -> tuple[Any, Any]:
        """What `_build` returned, and a compiler that has the values in their places."""
        connection: Any = connections[DEFAULT_DB_ALIAS]
        known = connection.__dict__.setdefault("_compiled_queries", {})
        if self not in known:
            kept, query = self._build()
            compiler: Any = query.get_compiler(connection=connection)
            known[self] = kept, compiler, self._sql(compiler)
        kept, compiler, (sql, params) = known[self]
        # Not by `copy`: of a query with a CTE that would make the class.
        filled = object.__new__(type(compiler))
        filled.__dict__.update(compiler.__dict__)
        filled.as_sql = lambda *_, **__: (sql, _values(params, given, connection))
        return kept, filled


class CompiledQuery(_Compiled, Generic[Row]):
    """The queryset that `build` returns, to be read with other values for each `Given` in it.

    Nothing of it is prefetched: that would be further queries.
    """

    def __init__(self, build: Callable[[], models.QuerySet[Row]]) -> None:
        self._queryset = build

    def rows(self, **given: Any) -> list[Row]:
        """The rows that the queryset holds for these values."""
        return repeatable(lambda: self._read(given))

    def _read(self, given: dict[str, Any]) -> list[Row]:
        queryset, compiler = self._compiled(given)
        # Django's own way from the answer to objects reads nothing else of a queryset.
        asked = SimpleNamespace(get_compiler=lambda using: compiler)
        reading: Any = SimpleNamespace(query=asked, db=DEFAULT_DB_ALIAS, _known_related_objects={})
        return list(queryset._iterable_class(reading))

    def first(self, **given: Any) -> Row | None:
        """The first of these rows."""
        return next(iter(self.rows(**given)), None)

    def _build(self) -> tuple[models.QuerySet[Row], models.sql.Query]:
        queryset = self._queryset()
        return queryset, queryset.query


class CompiledUpdate(_Compiled):
    """Sets `changes` in the rows of a queryset of one table; there are `Given` in either."""

    def __init__(self, rows: models.QuerySet[Any], changes: Mapping[str, Any]) -> None:
        self._rows, self._changes = rows, changes

    def run(self, **given: Any) -> int:
        """Changes the rows; returns how many there were."""
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            return self._compiled(given)[1].execute_sql(ROW_COUNT)

    def _build(self) -> tuple[None, models.sql.Query]:
        query: Any = self._rows.query.chain(UpdateQuery)
        query.add_update_values(self._changes)
        return None, query


class CompiledInsert(_Compiled):
    """Adds a row to the table of `model`, of which `columns` are given; the others have the database's defaults.

    With `where`, a queryset, only where that holds a row.
    """

    def __init__(self, model: type[models.Model], *columns: str, where: models.QuerySet[Any] | None = None) -> None:
        self._model, self._columns, self._where = model, columns, where

    def run(self, **given: Any) -> int:
        """Adds the row; returns how many that were."""
        return self._execute(given, lambda cursor: cursor.rowcount)

    def _execute(self, given: dict[str, Any], read: Callable[[Any], Any]) -> Any:
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            sql, params = self._compiled(given)[1].as_sql()
            with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
                cursor.execute(sql, params)
                return read(cursor)

    def _build(self) -> tuple[None, models.sql.Query]:
        query: Any = InsertQuery(self._model)
        fields: list[Any] = [self._model._meta.get_field(column) for column in self._columns]
        row = SimpleNamespace(**{field.attname: self._value(field) for field in fields})
        query.insert_values(fields, [row], raw=True)
        return None, query

    def _value(self, field: Any) -> models.Expression:
        return Given(field.attname, field)

    def _sql(self, compiler: Any) -> tuple[str, Sequence[Any]]:
        # Django would write several statements for several rows.
        [(sql, params)] = compiler.as_sql()
        if self._where is None:
            return sql, params
        exists, known = self._where.query.exists().get_compiler(connection=compiler.connection).as_sql()
        into, _, row = sql.partition(" VALUES ")
        return f"{into} SELECT {row[1:-1]} WHERE EXISTS ({exists})", [*params, *known]


class CompiledChange:
    """A `CompiledUpdate`, and a row of `model` that tells of it: its column `outcome` says whether any row changed.

    Both happen or neither does. Where the database can do both in one statement, no transaction has to be begun and
    ended: that halves the ways there and back. With `where`, a queryset, the row is added only where that holds one;
    it asks of nothing that `update` changes.
    """

    def __init__(
        self,
        update: CompiledUpdate,
        model: type[models.Model],
        *columns: str,
        outcome: str,
        where: models.QuerySet[Any] | None = None,
    ) -> None:
        self._update, self._outcome = update, outcome
        self._insert = CompiledInsert(model, *columns, outcome, where=where)
        self._both = _UpdateAndInsert(update, model, *columns, outcome, where=where)

    def run(self, **given: Any) -> bool | None:
        """Changes the rows and adds the one; returns whether there were any to change, None where none was added."""
        if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
            return self._both.changed(**given)
        with transaction.atomic(savepoint=False):
            changed = bool(self._update.run(**given))
            added = self._insert.run(**given, **{self._outcome: changed})
        return changed if added else None


class _UpdateAndInsert(CompiledInsert):
    """One statement of PostgreSQL's; the last of the columns says whether it changed a row."""

    def __init__(self, update: CompiledUpdate, model: type[models.Model], *columns: str, **how: Any) -> None:
        super().__init__(model, *columns, **how)
        self._update = update

    def changed(self, **given: Any) -> bool | None:
        return self._execute(given, lambda cursor: (cursor.fetchone() or [None])[0])

    def _value(self, field: Any) -> models.Expression:
        if field.name == self._columns[-1]:
            return RawSQL("EXISTS (SELECT FROM changed_rows)", [])
        return super()._value(field)

    def _sql(self, compiler: Any) -> tuple[str, Sequence[Any]]:
        update, changes = self._update._build()[1].get_compiler(connection=compiler.connection).as_sql()
        insert, row = super()._sql(compiler)
        outcome = compiler.connection.ops.quote_name(self._columns[-1])
        return f"WITH changed_rows AS ({update} RETURNING 1) {insert} RETURNING {outcome}", [*changes, *row]


def repeatable(ask: Callable[[], Answer]) -> Answer:
    """What `ask` returns, which does no harm if it is done twice.

    It is called again, over a new connection, where the old one was lost when a request first used it.
    Django asks `SELECT 1` of a connection before that. This shows as much, and a poll or a webhook begins with it:
    half of its ways to the database would be for that question. A transaction has asked when it began.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.connection is None or connection.health_check_done:
        return ask()
    connection.health_check_done = True
    try:
        return ask()
    except Error:
        if connection.is_usable():
            raise
        connection.close()
    return ask()


def _values(params: Sequence[Any], given: dict[str, Any], connection: Any) -> list[Any]:
    return [
        value.output_field.get_db_prep_value(given[value.name], connection) if isinstance(value, Given) else value
        for value in params
    ]
