"""People: records, addresses, profiles. A written person is dirty and queued in lane POLICY.

The table of mail addresses holds SIP addresses, too: with their scheme no mail address is like it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec
from sqlalchemy import Select, and_, bindparam, delete, select

from kalends.model.addresses import own_addresses
from kalends.model.profile import pack_profile, unpack_profile
from kalends.store.contract import Lane, PersonDocument, shard_of
from kalends.store.statements import Row, Statement, Unit, upsert
from kalends.store.tables import calendar, email, person, plan, state, transition, upload
from kalends.store.units.documents import next_version
from kalends.store.units.queue import QUEUE_DIRTY
from kalends.store.units.shown import forget


class _Addresses(msgspec.Struct):
    emails: tuple[str, ...] = ()
    sip: str | None = None
    left: bool = False


_addresses = msgspec.json.Decoder(_Addresses)

_p = person.c
_one = (_p.organization == bindparam("organization"), _p.person == bindparam("person"))
_VERSION = Statement(select(_p.version).where(*_one).with_for_update())
_SAVE = Statement(upsert(person, "record", "managed_by", "version"))
_PLAN = Statement(upsert(plan, "profile"))
_STATE = Statement(upsert(state))
_EMAIL = Statement(upsert(email))
_FORGET_EMAILS = Statement(
    delete(email).where(
        email.c.organization == bindparam("organization"), email.c.person == bindparam("person")
    )
)
_FORGET = tuple(
    Statement(
        delete(table).where(
            table.c.organization == bindparam("organization"),
            table.c.person == bindparam("person"),
        )
    )
    for table in (person, email, state, plan, calendar, upload, transition)
)
_EXISTS = Statement(select(_p.person).where(*_one))


def _documents() -> Select[tuple[object, ...]]:
    return select(
        _p.organization, _p.person, _p.record, plan.c.profile, _p.managed_by, _p.version
    ).join(plan, and_(plan.c.organization == _p.organization, plan.c.person == _p.person))


_PAGE = Statement(
    _documents()
    .where(_p.organization == bindparam("organization"), _p.person > bindparam("after"))
    .order_by(_p.person)
    .limit(bindparam("count"))
)
_ONE = Statement(_documents().where(*_one))
_BY_EMAIL = Statement(
    select(email.c.person)
    .where(email.c.organization == bindparam("organization"), email.c.email == bindparam("email"))
    .order_by(email.c.person)
)


def save(
    upserts: Sequence[PersonDocument], deletes: Sequence[tuple[str, str]], now: int
) -> Unit[None]:
    """See ``Store.save_people``."""
    for organization, who in deletes:
        yield from forget(organization, who)
        for statement in _FORGET:
            yield statement(organization=organization, person=who)
    for written in upserts:
        yield from _save(written, now)


def _save(written: PersonDocument, now: int) -> Unit[None]:
    key = {"organization": written.organization, "person": written.person}
    version = next_version(written.version, (yield _VERSION(**key)), f"person {written.person}")
    yield _SAVE(**key, record=written.record, managed_by=written.managed_by, version=version)
    yield _FORGET_EMAILS(**key)
    told = _addresses.decode(written.record)
    addresses = {*own_addresses(told.emails, told.sip, told.left)}
    if addresses:
        yield _EMAIL.each([{**key, "email": address} for address in sorted(addresses)])
    yield _PLAN(**key, profile=pack_profile(written.profile), timeline=None, first_end=None)
    yield _STATE(
        **key,
        **_FRESH,
        input_version=secrets.randbits(48),
        queued_at=now + written.patience if written.patience else None,
        shard=shard_of(written.organization, written.person),
    )
    yield QUEUE_DIRTY(
        organization=written.organization, who=written.person, to_lane=Lane.POLICY, now=now
    )


# ``input_version`` begins at a number that is never met again: what was evaluated of somebody who
# was deleted must not be taken for a result about whoever gets the id next.
_FRESH = {
    "lane": Lane.POLICY,
    "next_change_at": None,
    "dirty": True,
    "revision": 0,
    "evaluated_at": 0,
    "manual": None,
    "hold": None,
}


def exists(organization: str, who: str) -> Unit[bool]:
    """Tell whether there is such a person."""
    rows = yield _EXISTS(organization=organization, person=who)
    return bool(rows)


def people(organization: str, after: str, limit: int) -> Unit[list[PersonDocument]]:
    """See ``Reader.people``."""
    rows = yield _PAGE(organization=organization, after=after, count=limit)
    return [_document(row) for row in rows]


def one(organization: str, who: str) -> Unit[PersonDocument | None]:
    """See ``Reader.person``."""
    rows = yield _ONE(organization=organization, person=who)
    return _document(rows[0]) if rows else None


def by_email(organization: str, address: str) -> Unit[list[str]]:
    """See ``Reader.person_by_email``."""
    rows = yield _BY_EMAIL(organization=organization, email=address.lower())
    return [who for (who,) in rows]


def _document(row: Row) -> PersonDocument:
    organization, who, record, profile, managed_by, version = row
    return PersonDocument(organization, who, record, unpack_profile(profile), managed_by, version)
