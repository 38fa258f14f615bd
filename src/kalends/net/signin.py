"""Signing in over HTTP: Basic, Digest, Bearer; room for schemes that sign in a connection.

Place in the flow: the client asks ``before`` what to send unasked, and on a 401 ``again`` whether
there is a better answer. Only an answer that was given and refused is a failed sign-in; a first
challenge is not. NTLM and Negotiate sign in a connection, not a request: ``net.lines``.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, Literal, Protocol

from kalends.errors import SignInNeeded, Unreachable
from kalends.model.http import Request
from kalends.net.challenge import Challenge, challenges
from kalends.net.contract import Answer, Credential
from kalends.net.digest import Digest, choose
from kalends.net.origin import Origin, origin, parse_url

Scheme = Literal["auto", "basic", "digest", "none"]


class NoGrant(SignInNeeded):
    """Who issues tokens or tickets gave none, for good; the endpoint itself has said nothing."""


class RefusedElsewhere(NoGrant):
    """Who issues tokens or tickets refused the credential: the breaker must know."""


class NotOffered(SignInNeeded):
    """The server offers no way to sign in that is configured; nothing was refused."""

    offered: tuple[str, ...] = ()
    """What it offers, in lower case."""


class NotAsked(Unreachable):
    """Who issues tokens or tickets gave none; that says nothing about the endpoint itself."""


class Verdict(Enum):
    """What a 401 means."""

    AGAIN = "the server asked for another kind of answer: ask ``before`` again"
    REFUSED = "the credential was given and refused"


class SignIn(Protocol):
    """One way to sign in, with what it remembers of each origin."""

    def before(self, request: Request, credential: Credential) -> str | None:
        """Return the value of ``Authorization`` for this request, None: nothing to say yet."""

    def judge(self, request: Request, answer: Answer, credential: Credential) -> Verdict:
        """Judge a 401. ``SignInNeeded`` where the server offers no way that we may use."""


class Bearer:
    """A token from a supplier (OAuth): the credential's secret is the token."""

    def before(self, request: Request, credential: Credential) -> str | None:
        """See ``SignIn``."""
        del request
        return f"Bearer {credential.secret}"

    def judge(self, request: Request, answer: Answer, credential: Credential) -> Verdict:
        """See ``SignIn``."""
        del request, answer, credential
        return Verdict.REFUSED


class Password:
    """User name and password, by Basic or Digest.

    ``auto`` sends Basic unasked (only over TLS or next door, which the address rules see to) and
    answers Digest where Basic is not offered. Once an origin has asked for Digest, the password
    itself never goes there again: no downgrade.
    """

    def __init__(
        self, scheme: Scheme = "auto", nonce: Callable[[], str] = lambda: secrets.token_hex(8)
    ) -> None:
        self._scheme: Final = scheme
        self._nonce = nonce
        self._digests: dict[tuple[Origin, str], Digest] = {}

    def before(self, request: Request, credential: Credential) -> str | None:
        """See ``SignIn``."""
        if self._scheme == "none":
            return None
        url = parse_url(request.url)
        digest = self._digests.get((origin(url), credential.username))
        if digest is not None:
            return digest.authorization(request.method, url.raw_path_qs, credential, self._nonce())
        return None if self._scheme == "digest" else basic(credential)

    def judge(self, request: Request, answer: Answer, credential: Credential) -> Verdict:
        """See ``SignIn``."""
        key = (origin(parse_url(request.url)), credential.username)
        offered = challenges(answer.header("www-authenticate"))
        known = self._digests.get(key)
        digest = None if self._scheme == "basic" else choose(offered)
        if known is not None:
            if digest is None or not digest.challenge.stale:
                self._digests[key] = digest or known
                return Verdict.REFUSED
        elif self._scheme != "digest" and any(one.scheme == "basic" for one in offered):
            return Verdict.REFUSED
        if digest is None:
            raise no_way(key[0], offered, self._scheme)
        self._digests[key] = digest
        return Verdict.AGAIN


def basic(credential: Credential) -> str:
    """Return the value of ``Authorization`` for Basic (RFC 7617), in UTF-8."""
    pair = f"{credential.username}:{credential.secret}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def no_way(place: Origin, offered: Iterable[Challenge], auth: str) -> NotOffered:
    """Return the error for a server that offers none of the ways that ``auth`` names."""
    ways = sorted({one.scheme for one in offered})
    error = NotOffered(
        f"{place} offers {', '.join(ways) or 'nothing'} to sign in; auth = {auth!r} cannot be used"
    )
    error.offered = tuple(ways)
    known = [way for way in ("negotiate", "ntlm", "digest", "basic") if way in ways]
    if known:
        error.remedy = f"Write auth = {known[0]!r}, or let the server offer what is configured."
    return error
