"""Digest over HTTP: one nonce of a server and how often it was used (RFC 7616 section 3.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kalends.net.challenge import Challenge as Offer
from kalends.net.contract import Credential
from kalends.wire.digest import Challenge, authorization, read


@dataclass(slots=True)
class Digest:
    """A challenge that is being answered."""

    challenge: Challenge
    uses: int = 0

    def authorization(self, method: str, target: str, credential: Credential, cnonce: str) -> str:
        """Return the header's value for one request; ``target`` is path and query as sent."""
        self.uses += 1
        name, secret = credential.username, credential.secret
        return authorization(
            self.challenge, name, secret, method, target, cnonce=cnonce, count=self.uses
        )


def choose(offered: Iterable[Offer]) -> Digest | None:
    """Return the strongest digest challenge that can be answered, or None."""
    usable = [
        challenge
        for offer in offered
        if offer.scheme == "digest" and "realm" in offer.parameters
        if (challenge := read(offer.parameters)) is not None
    ]
    return Digest(max(usable, key=lambda one: one.strength)) if usable else None
