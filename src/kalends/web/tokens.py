"""Bearer tokens and local accounts: how they are made and how a presented secret is checked.

A token reads ``kal_<id>_<secret>``: the id finds its principal, the secret (256 random bits) is
stored as SHA-256 only; a fast hash is enough for what cannot be guessed. Passwords are stored
with argon2id (RFC 9106) and are checked off the loop. Signing in over OIDC will make principals
whose id is derived from issuer and subject; nothing here looks at e-mail addresses.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b64encode
from typing import Any, Final, Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from kalends.errors import UserError
from kalends.store.contract import Principal

Role = Literal["provider", "admin", "attendant", "member"]

_PREFIX: Final = "kal"
_SHORTEST: Final = 10
_LONGEST: Final = 1024
_hasher = PasswordHasher()


def _nobodys(hasher: PasswordHasher) -> str:
    """Return a digest that checks as slowly as any, without the tenth of a second to make one."""
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode().rstrip("=")
        for size in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


NOBODY: Final = _nobodys(_hasher)
"""Checked where there is no such account, so that both answers take equally long."""


def new_token(
    role: Role,
    name: str,
    organization: str | None,
    person: str | None = None,
    *,
    now: int | None = None,
    expires_at: int | None = None,
) -> tuple[str, Principal]:
    """Make a token; return its text, shown this once, and the principal to store."""
    token_id = f"t-{secrets.token_hex(8)}"
    secret = secrets.token_urlsafe(32)
    principal = _principal(
        token_id, "token", role, name, organization, person, now, expires_at, hashed(secret)
    )
    return f"{_PREFIX}_{token_id}_{secret}", principal


def new_account(
    role: Role,
    name: str,
    organization: str | None,
    person: str | None = None,
    *,
    password: str,
    now: int | None = None,
) -> Principal:
    """Make a local account, to be stored; ``UserError`` where the password will not do."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise UserError(f"A password has {_SHORTEST} to {_LONGEST} characters; take a longer one.")
    account_id = f"a-{secrets.token_hex(8)}"
    digest = _hasher.hash(password)
    return _principal(account_id, "account", role, name, organization, person, now, None, digest)


def _principal(
    id: str,
    kind: Literal["token", "account"],
    role: Role,
    name: str,
    organization: str | None,
    person: str | None,
    now: int | None,
    expires_at: int | None,
    secret_hash: str,
) -> Principal:
    if (role == "provider") is not (organization is None):
        raise UserError("A provider belongs to no organization; every other role to exactly one.")
    return Principal(
        id=id,
        organization=organization,
        kind=kind,
        name=name,
        role=role,
        person=person,
        secret_hash=secret_hash,
        created_at=int(time.time()) if now is None else now,
        expires_at=expires_at,
    )


def document(principal: Principal) -> dict[str, Any]:
    """Return the principal as ``PutPrincipal`` carries it."""
    built: dict[str, Any] = msgspec.to_builtins(principal)
    return built


def hashed(secret: str) -> str:
    """Return what is stored of a random secret."""
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


def split(token: str) -> tuple[str, str] | None:
    """Return (id, secret) of a token's text, or None where it is none of ours."""
    prefix, _, rest = token.partition("_")
    token_id, _, secret = rest.partition("_")
    return (token_id, secret) if prefix == _PREFIX and token_id and secret else None


def token_holds(principal: Principal, secret: str) -> bool:
    """Tell, in constant time, whether a token's secret is the principal's."""
    return principal.kind == "token" and hmac.compare_digest(
        principal.secret_hash.encode(), hashed(secret).encode()
    )


def password_holds(principal: Principal | None, password: str) -> bool:
    """Tell whether a password is the account's. Slow on purpose: run it off the loop."""
    account = principal is not None and principal.kind == "account"
    digest = principal.secret_hash if principal is not None and account else NOBODY
    try:
        _hasher.verify(digest, password[:_LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return account


def usable(principal: Principal, now: float) -> bool:
    """Tell whether a principal may still act."""
    return not principal.disabled and (principal.expires_at is None or now < principal.expires_at)
