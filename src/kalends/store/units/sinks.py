"""What sinks remember: one cursor each, and a row per person only where there is something."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, null, select, update

from kalends.store.contract import SinkRow
from kalends.store.sealing import Seals
from kalends.store.statements import AnyOf, Row, Statement, Unit, upsert
from kalends.store.tables import sink, sink_row

_r = sink_row.c
_cursor_of = (
    sink.c.organization == bindparam("organization"), sink.c.sink == bindparam("sink")
)  # fmt: skip
_rows_of = (_r.organization == bindparam("organization"), _r.sink == bindparam("sink"))
_columns = (
    _r.organization, _r.sink, _r.person, _r.revision, _r.memory, _r.digest, _r.due_at, _r.failures,
)  # fmt: skip

_CURSOR = Statement(select(sink.c.cursor).where(*_cursor_of))
_MOVE = Statement(upsert(sink, "cursor", only=("cursor",)))
_LED_TO = Statement(select(sink.c.leads_to).where(*_cursor_of))
_LEADS_TO = Statement(upsert(sink, "leads_to", only=("leads_to",)))
_BEGIN_ANEW = Statement(update(sink).where(*_cursor_of).values(cursor=null()))
_NOTHING_TOLD = Statement(update(sink_row).where(*_rows_of).values(digest=null(), failures=0))
_SAVE = Statement(upsert(sink_row, "revision", "memory", "digest", "due_at", "failures"))
_FORGET = Statement(delete(sink_row).where(*_rows_of, AnyOf(_r.person, "people")))
_DELETE = Statement(delete(sink).where(*_cursor_of))
_DELETE_ROWS = Statement(delete(sink_row).where(*_rows_of))
_THESE = Statement(select(*_columns).where(*_rows_of, AnyOf(_r.person, "people")))
_ANY = Statement(select(_r.person).where(*_rows_of).limit(1))
_DUE = Statement(
    select(*_columns)
    .where(*_rows_of, _r.due_at <= bindparam("now"))
    .order_by(_r.due_at)
    .limit(bindparam("count"))
)
_NEXT = Statement(select(func.min(_r.due_at)).where(*_rows_of, _r.due_at.is_not(None)))


def cursor(organization: str, name: str) -> Unit[int | None]:
    """See ``Reader.sink_cursor``."""
    found = yield _CURSOR(organization=organization, sink=name)
    revision: int | None = found[0][0] if found else None
    return revision


def save(
    seals: Seals,
    organization: str,
    name: str,
    to: int | None,
    rows: Sequence[SinkRow],
    forget: Sequence[str],
) -> Unit[None]:
    """See ``Store.save_sink``."""
    if to is not None:
        yield _MOVE(organization=organization, sink=name, cursor=to)
    if rows:
        yield _SAVE.each([_values(seals, organization, name, row) for row in rows])
    if forget:
        yield _FORGET(organization=organization, sink=name, people=list(forget))


def _values(seals: Seals, organization: str, name: str, row: SinkRow) -> dict[str, object]:
    if (row.organization, row.sink) != (organization, name):
        raise ValueError(f"a row of {row.organization}/{row.sink} among those of {name}")
    return {
        "organization": organization,
        "sink": name,
        "person": row.person,
        "revision": row.revision,
        "memory": seals.memory(row),
        "digest": row.digest,
        "due_at": row.due_at,
        "failures": row.failures,
    }


def lead(organization: str, name: str, to: bytes) -> Unit[bool]:
    """See ``Store.lead_sink``."""
    found = yield _LED_TO(organization=organization, sink=name)
    before: bytes | None = found[0][0] if found else None
    if before == to:
        return False
    yield _LEADS_TO(organization=organization, sink=name, leads_to=to)
    if before is None:
        return False
    yield _BEGIN_ANEW(organization=organization, sink=name)
    yield _NOTHING_TOLD(organization=organization, sink=name)
    return True


def forget_all(organization: str, name: str) -> Unit[None]:
    """See ``Store.delete_sink``."""
    yield _DELETE(organization=organization, sink=name)
    yield _DELETE_ROWS(organization=organization, sink=name)


def rows_of(
    seals: Seals, organization: str, name: str, people: Sequence[str]
) -> Unit[dict[str, SinkRow]]:
    """See ``Reader.sink_rows``."""
    found = yield _THESE(organization=organization, sink=name, people=list(people))
    return {row[2]: _row(seals, row) for row in found}


def holds(organization: str, name: str) -> Unit[bool]:
    """See ``Reader.sink_holds``."""
    return bool((yield _ANY(organization=organization, sink=name)))


def due(seals: Seals, organization: str, name: str, now: int, limit: int) -> Unit[list[SinkRow]]:
    """See ``Reader.sink_due``."""
    found = yield _DUE(organization=organization, sink=name, now=now, count=limit)
    return [_row(seals, row) for row in found]


def next_due(organization: str, name: str) -> Unit[int | None]:
    """See ``Reader.sink_next_due``."""
    rows = yield _NEXT(organization=organization, sink=name)
    at: int | None = rows[0][0]
    return at


def _row(seals: Seals, row: Row) -> SinkRow:
    organization, name, person, revision, memory, digest, due_at, failures = row
    opened = seals.open_memory(organization, name, person, memory)
    return SinkRow(organization, name, person, revision, opened, digest, due_at, failures)
