"""Documents: what administrators write about an organization, its sources and sinks."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select

from kalends.errors import Conflict
from kalends.store.contract import Document
from kalends.store.statements import Row, Statement, Unit, upsert
from kalends.store.tables import TENANT_TABLES, calendar, document
from kalends.store.units.queue import touch_source
from kalends.store.units.sinks import forget_all

_d = document.c
_one = (
    _d.organization == bindparam("organization"),
    _d.kind == bindparam("kind"),
    _d.id == bindparam("id"),
)
_columns = (_d.organization, _d.kind, _d.id, _d.body, _d.managed_by, _d.version)
_VERSION = Statement(select(_d.version).where(*_one).with_for_update())
_SAVE = Statement(upsert(document, "body", "managed_by", "version"))
_DELETE = Statement(delete(document).where(*_one))
_ALL = Statement(
    select(*_columns).where(_d.organization == bindparam("organization")).order_by(_d.kind, _d.id)
)
_KIND = Statement(
    select(*_columns)
    .where(_d.organization == bindparam("organization"), _d.kind == bindparam("kind"))
    .order_by(_d.id)
)
_ORGANIZATIONS = Statement(
    select(_d.organization).where(_d.kind == "organization").order_by(_d.organization)
)
_FORGET_ORGANIZATION = tuple(
    Statement(delete(table).where(table.c.organization == bindparam("organization")))
    for table in TENANT_TABLES
)
_FORGET_SOURCE = tuple(
    Statement(
        delete(table).where(
            table.c.organization == bindparam("organization"), table.c.source == bindparam("source")
        )
    )
    for table in (calendar,)
)


def save(
    upserts: Sequence[Document], deletes: Sequence[tuple[str, str, str]], now: int
) -> Unit[None]:
    """See ``Store.save_documents``."""
    for gone in deletes:
        yield from _delete(*gone, now)
    for written in upserts:
        key = {"organization": written.organization, "kind": written.kind, "id": written.id}
        version = next_version(
            written.version, (yield _VERSION(**key)), f"{written.kind} {written.id}"
        )
        yield _SAVE(**key, body=written.body, managed_by=written.managed_by, version=version)


def next_version(expected: int, stored: Sequence[Row], what: str) -> int:
    """Return the version to write; ``Conflict`` where another than the stored was expected."""
    found = stored[0][0] if stored else 0
    if expected and expected != found:
        raise Conflict(f"{what} has version {found}, not {expected}: read it again")
    return int(found) + 1


def _delete(organization: str, kind: str, id: str, now: int) -> Unit[None]:
    if kind == "organization":
        for statement in _FORGET_ORGANIZATION:
            yield statement(organization=organization)
        return
    if kind == "sink":  # one that could not be opened has nobody else to forget it
        yield from forget_all(organization, id)
    if kind == "source":
        yield from touch_source(organization, id, now)
        for statement in _FORGET_SOURCE:
            yield statement(organization=organization, source=id)
    yield _DELETE(organization=organization, kind=kind, id=id)


def organizations() -> Unit[list[str]]:
    """See ``Reader.organizations``."""
    rows = yield _ORGANIZATIONS()
    return [organization for (organization,) in rows]


def documents(organization: str, kind: str | None) -> Unit[list[Document]]:
    """See ``Reader.documents``."""
    if kind is None:
        rows = yield _ALL(organization=organization)
    else:
        rows = yield _KIND(organization=organization, kind=kind)
    return [Document(*row) for row in rows]
