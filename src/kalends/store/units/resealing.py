"""Sealing anew: what must live longer than the key that sealed it.

Used when a day's key is about to be destroyed (PostgreSQL), and after the master key was rotated.
A slice reads a bounded number of rows, so that no boundary waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Table, and_, bindparam, select, tuple_, update

from kalends.store.statements import Row, Statement, Unit
from kalends.store.tables import calendar, plan, secret, shown, sink_row, state, upload
from kalends.store.vault import Damaged, Vault, key_number


@dataclass(frozen=True)
class Sealed:
    """One sealed column; its context is the word, then ``named`` or the rest of the row's key."""

    table: Table
    column: str
    word: str
    lasting: bool = False
    named: tuple[str, ...] = ()
    """Columns that name whose it is, where the key does not."""

    def key(self) -> list[str]:
        """Return the names of the key's columns, the organization first."""
        return [column.name for column in self.table.primary_key]

    def before_all(self) -> list[str | int]:
        """Return what sorts before every key."""
        return ["" if it.type.python_type is str else -1 for it in self.table.primary_key]


COLUMNS: Final = (
    Sealed(shown, "presence", "presence", named=("person",)),
    Sealed(state, "manual", "manual"),
    Sealed(state, "hold", "hold"),
    Sealed(plan, "timeline", "timeline"),
    Sealed(calendar, "content", "calendar"),
    Sealed(sink_row, "memory", "sink", lasting=True),
    Sealed(upload, "body", "upload", lasting=True),
    Sealed(secret, "value", "secret", lasting=True),
)
"""Transitions are not here: they live an hour, every key more than a day."""


def _page(sealed: Sealed) -> Statement:
    key = [sealed.table.c[name] for name in sealed.key()]
    named = [sealed.table.c[name] for name in sealed.named]
    after: list[BindParameter[Any]] = [bindparam(f"after_{name}") for name in sealed.key()]
    return Statement(
        select(*key, *named, sealed.table.c[sealed.column])
        .where(tuple_(*key) > tuple_(*after))
        .order_by(*key)
        .limit(bindparam("count"))
        .with_for_update()
    )


def _save(sealed: Sealed) -> Statement:
    which = [sealed.table.c[name] == bindparam(f"of_{name}") for name in sealed.key()]
    return Statement(
        update(sealed.table).where(and_(*which)).values({sealed.column: bindparam("sealed")})
    )


_PAGES: Final = {sealed: _page(sealed) for sealed in COLUMNS}
_SAVES: Final = {sealed: _save(sealed) for sealed in COLUMNS}


def reseal(
    vault: Vault, sealed: Sealed, below: int, after: Sequence[str | int] | None, limit: int
) -> Unit[tuple[int, tuple[str | int, ...] | None]]:
    """Seal the next rows' values anew where their key's number is ``below``.

    Returns how many, and the last key seen (None: the column is done).
    """
    names = sealed.key()
    start = {
        f"after_{name}": it for name, it in zip(names, after or sealed.before_all(), strict=True)
    }
    rows = yield _PAGES[sealed](**start, count=limit)
    old = [row for row in rows if row[-1] is not None and key_number(row[-1]) < below]
    fresh = [it for row in old if (it := _anew(vault, sealed, names, row)) is not None]
    if fresh:
        yield _SAVES[sealed].each(fresh)
    return len(fresh), tuple(rows[-1][: len(names)]) if len(rows) == limit else None


def _anew(vault: Vault, sealed: Sealed, names: Sequence[str], row: Row) -> dict[str, Any] | None:
    """Return the values that seal a row anew; None where it is damaged: it opens with no key."""
    organization, *rest, value = row
    whose = rest[len(names) - 1 :] if sealed.named else rest
    context = (organization, sealed.word, *whose)
    try:
        opened = vault.open(value, *context)
    except Damaged:
        return None
    fresh = vault.seal(opened, *context, lasting=sealed.lasting)
    return {f"of_{name}": it for name, it in zip(names, row, strict=False)} | {"sealed": fresh}
