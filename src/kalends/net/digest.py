"""Digest access authentication (RFC 7616), without I/O: SHA-256 and MD5, ``qop=auth`` or none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from kalends.net.challenge import Challenge
from kalends.net.contract import Credential

_HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    # MD5 is what deployed CalDAV servers offer; it is used only where nothing better is offered.
    "sha-256": lambda data: hashlib.sha256(data).hexdigest(),
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}


@dataclass(slots=True)
class Digest:
    """One nonce of a server and how often it was used."""

    realm: str
    nonce: str
    algorithm: str
    """As the server wrote it; empty: MD5 by default (RFC 7616 section 3.3)."""
    opaque: str | None
    qop: bool
    stale: bool
    uses: int = 0

    def authorization(self, method: str, target: str, credential: Credential, cnonce: str) -> str:
        """Return the header's value for one request; ``target`` is path and query as sent."""
        self.uses += 1
        count = f"{self.uses:08x}"
        name, _, session = (self.algorithm.lower() or "md5").partition("-sess")
        digest = _HASHES[name]
        secret = _join(credential.username, self.realm, credential.secret)
        if session or self.algorithm.lower().endswith("-sess"):
            secret = _join(digest(secret), self.nonce, cnonce)
        action = digest(_join(method, target))
        middle = (self.nonce, count, cnonce, "auth") if self.qop else (self.nonce,)
        response = digest(_join(digest(secret), *middle, action))
        fields = [
            f"username={_quoted(credential.username)}",
            f"realm={_quoted(self.realm)}",
            f"nonce={_quoted(self.nonce)}",
            f"uri={_quoted(target)}",
            f'response="{response}"',
        ]
        if self.algorithm:
            fields.append(f"algorithm={self.algorithm}")
        if self.opaque is not None:
            fields.append(f"opaque={_quoted(self.opaque)}")
        if self.qop:
            fields += ["qop=auth", f"nc={count}", f'cnonce="{cnonce}"']
        return "Digest " + ", ".join(fields)


def choose(offered: Iterable[Challenge]) -> Digest | None:
    """Return the strongest digest challenge that can be answered, or None."""
    usable = [digest for challenge in offered if (digest := _read(challenge)) is not None]
    usable.sort(key=lambda digest: not digest.algorithm.lower().startswith("sha-256"))
    return usable[0] if usable else None


def _read(challenge: Challenge) -> Digest | None:
    given = challenge.parameters
    algorithm = given.get("algorithm", "")
    known = algorithm.lower().removesuffix("-sess") in ("", "md5", "sha-256")
    qops = [qop.strip().lower() for qop in given.get("qop", "").split(",") if qop.strip()]
    if challenge.scheme != "digest" or not known or (qops and "auth" not in qops):
        return None
    if "realm" not in given or "nonce" not in given:
        return None
    return Digest(
        realm=given["realm"],
        nonce=given["nonce"],
        algorithm=algorithm,
        opaque=given.get("opaque"),
        qop=bool(qops),
        stale=given.get("stale", "").lower() == "true",
    )


def _join(*parts: str) -> bytes:
    return ":".join(parts).encode()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
