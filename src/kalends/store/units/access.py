"""Credentials, principals, audit, leases, uploads: who may do what, and who did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, select, update

from kalends.errors import Conflict
from kalends.store.contract import AuditEntry, Breaker, Lease, Principal
from kalends.store.statements import AnyOf, Row, Statement, Unit, upsert
from kalends.store.tables import audit, breaker, lease, principal, secret, upload
from kalends.store.units.queue import IS_THERE
from kalends.store.vault import Vault

_b, _x, _p, _l, _u = breaker.c, secret.c, principal.c, lease.c, upload.c
_failures = msgspec.json.Decoder(tuple[int, ...])

_BREAKER = Statement(
    select(_b.fingerprint, _b.failures, _b.open_until, _b.version).where(
        _b.organization == bindparam("organization"), _b.endpoint == bindparam("endpoint")
    )
)
_NEW_BREAKER = Statement(upsert(breaker).returning(_b.version))
_NEXT_BREAKER = Statement(
    update(breaker)
    .where(
        _b.organization == bindparam("of_organization"),
        _b.endpoint == bindparam("of_endpoint"),
        _b.version == bindparam("seen"),
    )
    .values(
        fingerprint=bindparam("fingerprint"),
        failures=bindparam("failures"),
        open_until=bindparam("open_until"),
        version=_b.version + 1,
    )
    .returning(_b.version)
)
_this_secret = and_(
    _x.organization == bindparam("organization"),
    _x.endpoint == bindparam("endpoint"),
    _x.field == bindparam("field"),
)
_SECRET = Statement(select(_x.value).where(_this_secret))
_SAVE_SECRET = Statement(upsert(secret, "value"))
_DELETE_SECRET = Statement(delete(secret).where(_this_secret))

_principal = (
    _p.id, _p.organization, _p.kind, _p.name, _p.role, _p.person, _p.secret_hash, _p.created_at,
    _p.expires_at, _p.disabled,
)  # fmt: skip
_PRINCIPALS = Statement(
    select(*_principal).where(_p.organization == bindparam("organization")).order_by(_p.id)
)
_PRINCIPAL = Statement(select(*_principal).where(_p.id == bindparam("id")))
_ACCOUNT = Statement(
    select(*_principal).where(
        _p.organization == bindparam("organization"),
        _p.folded == bindparam("folded"),
        _p.kind == "account",
    )
)
_SAVE_PRINCIPAL = Statement(
    upsert(
        principal, "organization", "kind", "name", "folded", "role", "person", "secret_hash",
        "created_at", "expires_at", "disabled",
    )
)  # fmt: skip
_DELETE_PRINCIPAL = Statement(delete(principal).where(_p.id == bindparam("id")))

_AUDIT = Statement(
    select(audit.c.organization, audit.c.at, audit.c.actor, audit.c.action, audit.c.target)
    .where(audit.c.organization == bindparam("organization"))
    .order_by(audit.c.number.desc())
    .limit(bindparam("count"))
)
_APPEND = Statement(
    audit.insert().values(
        {name: bindparam(name) for name in ("organization", "at", "actor", "action", "target")}
    )
)

_FREE_LEASE = Statement(upsert(lease))
_LEASES = Statement(
    select(_l.shard, _l.owner, _l.epoch, _l.until)
    .where(AnyOf(_l.shard, "shards"))
    .order_by(_l.shard)
    .with_for_update()
)
_TAKE = Statement(
    update(lease)
    .where(_l.shard == bindparam("of_shard"))
    .values(owner=bindparam("owner"), epoch=bindparam("epoch"), until=bindparam("until"))
)

_this_upload = and_(
    _u.organization == bindparam("organization"),
    _u.person == bindparam("person"),
    _u.name == bindparam("name"),
)
_UPLOAD = Statement(select(_u.body).where(_this_upload))
_SAVE_UPLOAD = Statement(upsert(upload, "at", "body"))
_DELETE_UPLOAD = Statement(delete(upload).where(_this_upload).returning(_u.name))


def load_breaker(organization: str, endpoint: str) -> Unit[Breaker | None]:
    """See ``Store.breaker``."""
    rows = yield _BREAKER(organization=organization, endpoint=endpoint)
    if not rows:
        return None
    fingerprint, failures, open_until, version = rows[0]
    return Breaker(
        organization, endpoint, fingerprint, _failures.decode(failures), open_until, version
    )


def save_breaker(state: Breaker) -> Unit[None]:
    """See ``Store.save_breaker``."""
    told = {
        "fingerprint": state.fingerprint,
        "failures": msgspec.json.encode(state.failures),
        "open_until": state.open_until,
    }
    if state.version:
        rows = yield _NEXT_BREAKER(
            of_organization=state.organization,
            of_endpoint=state.endpoint,
            seen=state.version,
            **told,
        )
    else:
        rows = yield _NEW_BREAKER(
            organization=state.organization, endpoint=state.endpoint, version=1, **told
        )
    if not rows:
        raise Conflict(f"the breaker of {state.endpoint} was saved by somebody else meanwhile")


def load_secret(vault: Vault, organization: str, endpoint: str, field: str) -> Unit[str | None]:
    """See ``Store.secret``."""
    rows = yield _SECRET(organization=organization, endpoint=endpoint, field=field)
    if not rows:
        return None
    return vault.open(rows[0][0], organization, "secret", endpoint, field).decode()


def save_secret(
    vault: Vault, organization: str, endpoint: str, field: str, plain: str | None
) -> Unit[None]:
    """See ``Store.save_secret``."""
    key = {"organization": organization, "endpoint": endpoint, "field": field}
    if plain is None:
        yield _DELETE_SECRET(**key)
        return
    sealed = vault.seal(plain.encode(), organization, "secret", endpoint, field, lasting=True)
    yield _SAVE_SECRET(**key, value=sealed)


def principals(organization: str | None) -> Unit[list[Principal]]:
    """See ``Reader.principals``."""
    rows = yield _PRINCIPALS(organization=organization or "")
    return [_row(row) for row in rows]


def load_principal(id: str) -> Unit[Principal | None]:
    """See ``Reader.principal``."""
    rows = yield _PRINCIPAL(id=id)
    return _row(rows[0]) if rows else None


def account(organization: str | None, name: str) -> Unit[Principal | None]:
    """See ``Reader.account``."""
    rows = yield _ACCOUNT(organization=organization or "", folded=name.casefold())
    return _row(rows[0]) if rows else None


def save_principal(written: Principal) -> Unit[None]:
    """See ``Store.save_principal``."""
    values: dict[str, Any] = msgspec.structs.asdict(written)
    values["organization"] = written.organization or ""
    yield _SAVE_PRINCIPAL(**values, folded=written.name.casefold())


def delete_principal(id: str) -> Unit[None]:
    """See ``Store.delete_principal``."""
    yield _DELETE_PRINCIPAL(id=id)


def _row(row: Row) -> Principal:
    (number, organization, kind, name, role, person, secret_hash, created_at, expires_at,
     disabled) = row  # fmt: skip
    return Principal(
        id=number,
        organization=organization or None,
        kind=kind,
        name=name,
        role=role,
        person=person,
        secret_hash=secret_hash,
        created_at=created_at,
        expires_at=expires_at,
        disabled=bool(disabled),
    )


def audit_of(organization: str, limit: int) -> Unit[list[AuditEntry]]:
    """See ``Reader.audit``."""
    rows = yield _AUDIT(organization=organization, count=limit)
    return [AuditEntry(*row) for row in rows]


def append_audit(entries: Sequence[AuditEntry]) -> Unit[None]:
    """See ``Store.append_audit``."""
    yield _APPEND.each([msgspec.structs.asdict(entry) for entry in entries])


def take_leases(owner: str, shards: Sequence[int], now: int, seconds: int) -> Unit[list[Lease]]:
    """See ``Store.take_leases``."""
    free = {"owner": "", "epoch": 0, "until": 0}
    yield _FREE_LEASE.each([{"shard": shard, **free} for shard in sorted(shards)])
    rows = yield _LEASES(shards=list(shards))
    taken = [
        Lease(shard, owner, epoch if holder == owner else epoch + 1, now + seconds)
        for shard, holder, epoch, until in rows
        if holder == owner or until <= now
    ]
    if taken:
        yield _TAKE.each(
            [
                {"of_shard": it.shard, "owner": owner, "epoch": it.epoch, "until": it.until}
                for it in taken
            ]
        )
    return taken


def save_upload(
    vault: Vault, organization: str, person: str, name: str, body: bytes, now: int
) -> Unit[bool]:
    """See ``Store.save_upload``."""
    if not (yield IS_THERE(organization=organization, person=person)):
        return False
    sealed = vault.seal(body, organization, "upload", person, name, lasting=True)
    yield _SAVE_UPLOAD(organization=organization, person=person, name=name, at=now, body=sealed)
    return True


def load_upload(vault: Vault, organization: str, person: str, name: str) -> Unit[bytes | None]:
    """See ``Store.upload``."""
    rows = yield _UPLOAD(organization=organization, person=person, name=name)
    return vault.open(rows[0][0], organization, "upload", person, name) if rows else None


def delete_upload(organization: str, person: str, name: str) -> Unit[bool]:
    """See ``Store.delete_upload``."""
    rows = yield _DELETE_UPLOAD(organization=organization, person=person, name=name)
    return bool(rows)
