"""Statements: written once with SQLAlchemy Core, compiled once per dialect, run by the drivers.

Place: between ``units`` (which yield ``Call``s) and ``sqlite``/``postgresql`` (which run them).
All that differs between the two databases in the text of a statement stands in this file.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Final, Literal, TypeAlias, TypeVar

from sqlalchemy import (
    Boolean,
    ColumnElement,
    LargeBinary,
    Table,
    TableClause,
    bindparam,
    column,
    table,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql_dialect
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import Executable
from sqlalchemy.types import ARRAY, TypeEngine

T = TypeVar("T")
Row: TypeAlias = Sequence[Any]
Values: TypeAlias = Mapping[str, Any]

SQLITE: Final[Dialect] = sqlite_dialect(paramstyle="qmark")
POSTGRESQL: Final[Dialect] = postgresql_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement's text for one database, with the order of its parameters."""

    text: str
    names: tuple[str, ...]
    constants: Values
    take: Callable[[Values], tuple[Any, ...]]
    """Takes the parameters out of a mapping, in order."""
    binary: tuple[int, ...] = ()
    """Places of columns of ``given`` that hold bytes (SQLite: see ``_document_columns``)."""

    def complete(self, rows: Sequence[Values]) -> Sequence[Values]:
        """Return the rows with the constants of the text among their parameters."""
        return [{**self.constants, **row} for row in rows] if self.constants else rows


class Statement:
    """One statement. Calling it with its parameters gives what a unit of work yields.

    With ``given`` the statement works on a whole set of rows at once, as on a table: 5,000 rows
    cost one step of the database, during which other threads of the process run.
    """

    __slots__ = ("_compiled", "_given", "construct")

    def __init__(self, construct: Executable, given: TableClause | None = None) -> None:
        self.construct = construct
        self._given = given
        self._compiled: dict[str, Compiled] = {}

    def __call__(self, **values: Any) -> Call:
        """Run once, with these parameters; returns rows."""
        return Call(self, (values,), "rows")

    def each(self, rows: Sequence[Values]) -> Call:
        """Run once per row; what it returns has no meaning."""
        return Call(self, rows, "each")

    def given(self, rows: Rows, **values: Any) -> Call:
        """Run once over ``rows``, each in the order of the columns of ``given``.

        Returns one row: how many rows of the table it changed.
        """
        return Call(self, (values,), "given", rows)

    def compiled(self, dialect: Dialect) -> Compiled:
        """Return the text for a database; compiled at first use."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = _compile(self.construct, dialect)
            if self._given is not None:
                found = _with_given(found, self._given, dialect)
            self._compiled[dialect.name] = found
        return found


class Rows:
    """Rows for a set-wise statement; a driver may bring them into its form ahead of time."""

    __slots__ = ("count", "form", "rows")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.count = len(rows)
        self.form: Any = None
        """What the driver passes on; with it the rows themselves are needed no more."""

    def formed(self, form: Any) -> None:
        """Keep the driver's form in place of the rows."""
        self.rows, self.form = (), form


@dataclass(frozen=True, slots=True)
class Call:
    """A statement with its parameters, to be run within the unit's transaction."""

    statement: Statement
    rows: Sequence[Values]
    how: Literal["rows", "each", "given"]
    given: Rows | None = None
    """The set of rows, where the statement works on one."""


Unit: TypeAlias = Generator[Call, Sequence[Row], T]
"""One unit of work: yields calls, is sent their rows, returns its result. Knows no database and
does no waiting, so that the same unit runs in SQLite's writer thread and awaits PostgreSQL."""


def _compile(construct: Executable, dialect: Dialect) -> Compiled:
    compiled = construct.compile(dialect=dialect)  # type: ignore[attr-defined]  # every one has it
    assert isinstance(compiled, SQLCompiler)
    names = tuple(compiled.positiontup or ())
    constants = {
        name: bound.effective_value for name, bound in compiled.binds.items() if not bound.required
    }
    return Compiled(compiled.string, names, constants, _taker(names))


def given(*columns: ColumnElement[Any]) -> TableClause:
    """Return the table of rows that a set-wise statement is given, with columns like these."""
    named = (column(it.key, it.type) for it in columns if it.key)
    return table("given", *named)


def _with_given(compiled: Compiled, rows: TableClause, dialect: Dialect) -> Compiled:
    """Name the rows before the statement: a JSON document on SQLite, arrays on PostgreSQL."""
    names = tuple(it.key for it in rows.c)
    binary = tuple(place for place, it in enumerate(rows.c) if isinstance(it.type, LargeBinary))
    if dialect.name == "sqlite":
        values = ", ".join(_document_columns(len(names), binary))
        source = f"SELECT {values} FROM jsonb_each(?1)"  # noqa: S608 (places and placeholders)
    else:
        first = len(compiled.names) + 1
        arrays = ", ".join(
            f"${first + place}::{_bare(it.type, dialect)}[]" for place, it in enumerate(rows.c)
        )
        source = f"SELECT * FROM unnest({arrays})"  # noqa: S608 (placeholders)
    text = f"WITH given({', '.join(names)}) AS MATERIALIZED ({source}) {compiled.text}"
    return replace(compiled, text=text, binary=binary)


def _document_columns(count: int, binary: Sequence[int]) -> Iterator[str]:
    """Yield what takes each column out of a row of the document (SQLite's first parameter).

    Bytes travel beside it in one piece (the second parameter); the document tells where in it a
    value begins and how long it is, in place of the value.
    """
    at = 0
    for place in range(count):
        if place in binary:
            yield f"substr(?2, value ->> {at}, value ->> {at + 1})"
        else:
            yield f"value ->> {at}"
        at += 2 if place in binary else 1


def _bare(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """Return a type's name without its collation, which an array cannot have."""
    return kind.compile(dialect).partition(" COLLATE")[0]


def _taker(names: tuple[str, ...]) -> Callable[[Values], tuple[Any, ...]]:
    if not names:
        return lambda _values: ()
    if len(names) == 1:
        only = names[0]
        return lambda values: (values[only],)
    return itemgetter(*names)


def upsert(
    table: Table,
    *update: str,
    also: Mapping[str, Any] | None = None,
    only: Sequence[str] | None = None,
) -> Insert:
    """Insert all columns named like parameters; where the key exists, update these columns.

    No ``update`` and no ``also``: an existing row stays. ``only``: besides the key a new row has
    these columns alone. Both dialects share the syntax.
    """
    key = [column.name for column in table.primary_key]
    given = [one.name for one in table.c] if only is None else [*key, *only]
    made = insert(table).values({name: bindparam(name) for name in given})
    changes = {name: made.excluded[name] for name in update} | dict(also or {})
    if not changes:
        return made.on_conflict_do_nothing(index_elements=key)
    return made.on_conflict_do_update(index_elements=key, set_=changes)


class AnyOf(ColumnElement[bool]):
    """Whether a column's value is among a parameter's (a list), in one text for any length."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], parameter: str) -> None:
        self.column = column
        self.list = bindparam(parameter, type_=_array(column.type))

    def self_group(self, against: Any = None) -> AnyOf:
        """Stay as it is: to a truth value on its own SQLAlchemy appends ``= 1`` on SQLite, which
        then uses no index for it and looks at everybody of an organization."""
        del against
        return self


def _array(item: TypeEngine[Any]) -> TypeEngine[Any]:
    return ARRAY(item)


@compiles(AnyOf, "sqlite")
def _any_sqlite(element: AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    # The list travels as JSON; see SqliteDriver. json_each keeps the text, hence the plan, one.
    column = compiler.process(element.column, **options)
    parameter = compiler.process(element.list, **options)
    return f"{column} IN (SELECT value FROM json_each({parameter}))"  # noqa: S608 (a placeholder)


@compiles(AnyOf, "postgresql")
def _any_postgresql(element: AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    return f"{column} = ANY ({compiler.process(element.list, **options)})"
