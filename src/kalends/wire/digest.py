"""Digest access authentication (RFC 7616), for HTTP and SIP alike: a challenge and its answer.

SHA-512-256, SHA-256 (RFC 8760 for SIP) and MD5, which is what deployed servers still offer;
``qop=auth``, or the form of RFC 2069 where no ``qop`` is offered. Which challenge is answered, and
how often a nonce is used, are the caller's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_ALGORITHMS: Final = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
"""From weak to strong, as hashlib names them."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to sign in that a server offers."""

    realm: str
    nonce: str
    algorithm: str
    """As the server wrote it; empty means MD5."""
    opaque: str | None
    qop: bool
    """Whether ``auth`` is offered; without it the old form of RFC 2069 is used."""
    stale: bool
    """Only the nonce was too old: the password was right."""
    proxy: bool = False
    """From Proxy-Authenticate (407), else WWW-Authenticate (401)."""

    @property
    def hash_name(self) -> str:
        """Return hashlib's name of the algorithm."""
        return _ALGORITHMS[self.algorithm.lower().removesuffix("-sess") or "md5"]

    @property
    def strength(self) -> int:
        """Return a number that is higher for a stronger algorithm."""
        return list(_ALGORITHMS.values()).index(self.hash_name)


def read(told: Mapping[str, str], *, proxy: bool = False) -> Challenge | None:
    """Return a challenge from its parameters (names in lower case); None: it cannot be answered."""
    qops = {word.strip().lower() for word in told.get("qop", "").split(",") if word.strip()}
    algorithm = told.get("algorithm", "")
    known = algorithm.lower().removesuffix("-sess") in {"", *_ALGORITHMS}
    if not known or "nonce" not in told or (qops and "auth" not in qops):
        return None
    return Challenge(
        realm=told.get("realm", ""),
        nonce=told["nonce"],
        algorithm=algorithm,
        opaque=told.get("opaque"),
        qop=bool(qops),
        stale=told.get("stale", "").lower() == "true",
        proxy=proxy,
    )


def authorization(
    challenge: Challenge,
    username: str,
    password: str,
    method: str,
    uri: str,
    *,
    cnonce: str,
    count: int,
) -> str:
    """Return the value of Authorization or Proxy-Authorization (RFC 7616 section 3.4)."""

    def digest(text: str) -> str:
        return hashlib.new(challenge.hash_name, text.encode(), usedforsecurity=False).hexdigest()

    secret = digest(f"{username}:{challenge.realm}:{password}")
    if challenge.algorithm.lower().endswith("-sess"):
        secret = digest(f"{secret}:{challenge.nonce}:{cnonce}")
    times = f"{count:08x}"
    middle = f"{challenge.nonce}:{times}:{cnonce}:auth" if challenge.qop else challenge.nonce
    response = digest(f"{secret}:{middle}:{digest(f'{method}:{uri}')}")
    parts = [
        f"username={_quoted(username)}",
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(uri)}",
        f'response="{response}"',
    ]
    if challenge.algorithm:
        parts.append(f"algorithm={challenge.algorithm}")
    if challenge.opaque is not None:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    if challenge.qop:
        parts += ["qop=auth", f"nc={times}", f'cnonce="{cnonce}"']
    elif challenge.algorithm.lower().endswith("-sess"):
        parts.append(f'cnonce="{cnonce}"')
    return "Digest " + ", ".join(parts)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
