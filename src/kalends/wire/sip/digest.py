"""Digest sign-in as a SIP client: RFC 3261 section 22, RFC 8760. The sums are ``wire.digest``'s.

A nonce that worked is used again for the next requests with a rising count, so that a burst
needs one challenge, not one per request. Whether a refusal means "new nonce, please" or "wrong
password" is the caller's to decide from ``Answer.fresh``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sipmessage import Response

from kalends.wire.digest import Challenge, authorization, read
from kalends.wire.sip.message import BadMessage

_PARAMETER: Final = re.compile(
    r'\s*([!%\'*+.0-9A-Za-z_`~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)'
)
_ESCAPE: Final = re.compile(r"\\(.)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MAX_CHALLENGE: Final = 4096
_MAX_REALMS: Final = 8


def challenges(response: Response) -> list[Challenge]:
    """Return the challenges of a 401 or 407 that we can answer, the server's preferred first.

    Unknown schemes and algorithms are left out (RFC 8760 section 2.4); malformed ones too.
    """
    name = "Proxy-Authenticate" if response.code == 407 else "WWW-Authenticate"
    found = []
    for line in response.headers.getlist(name):
        try:
            found.append(_challenge(line, response.code == 407))
        except BadMessage:
            continue
    return found


def _challenge(line: str, proxy: bool) -> Challenge:
    scheme, _, rest = line.strip().partition(" ")
    if scheme.lower() != "digest" or len(line) > _MAX_CHALLENGE:
        raise BadMessage("not a digest challenge")
    found = read(_parameters(rest), proxy=proxy)
    if found is None:
        raise BadMessage("a challenge we cannot answer")
    return found


def _parameters(text: str) -> dict[str, str]:
    told: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None:
            raise BadMessage("malformed challenge")
        quoted = found[2]
        told[found[1].lower()] = found[3] if quoted is None else _ESCAPE.sub(r"\1", quoted)
        at = found.end()
    if any(_CONTROL.search(value) for value in told.values()):
        raise BadMessage("a control character in a challenge")
    return told


@dataclass(slots=True)
class _Session:
    """One challenge being answered again and again."""

    challenge: Challenge
    count: int = 0


class Digest:
    """Answers challenges with one credential; remembers nonces, never the password."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token
        self._sessions: dict[tuple[bool, str], _Session] = {}

    def challenged(self, response: Response) -> Challenge | None:
        """Take a 401 or 407; return the challenge that will be answered, None: none can be."""
        offered = challenges(response)
        if not offered:
            return None
        chosen = offered[0]
        key = (chosen.proxy, chosen.realm)
        if key not in self._sessions and len(self._sessions) >= _MAX_REALMS:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[key] = _Session(chosen)
        return chosen

    def holds(self, challenge: Challenge) -> bool:
        """Tell whether this very nonce is already being answered."""
        session = self._sessions.get((challenge.proxy, challenge.realm))
        return session is not None and session.challenge.nonce == challenge.nonce

    def forget(self) -> None:
        """Drop all nonces (the credential was refused or has changed)."""
        self._sessions.clear()

    def fields(
        self, username: str, password: str, method: str, uri: str
    ) -> Iterable[tuple[str, str]]:
        """Yield the header fields that sign one request in; none before the first challenge."""
        for session in self._sessions.values():
            session.count += 1
            name = "Proxy-Authorization" if session.challenge.proxy else "Authorization"
            yield (
                name,
                authorization(
                    session.challenge,
                    username,
                    password,
                    method,
                    uri,
                    cnonce=self._token(),
                    count=session.count,
                ),
            )
