"""Secrets and signatures of Standard Webhooks ("Signature scheme")."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "whsec_"
_SHORTEST: Final = 16
"""Bytes; the specification recommends 24 to 64."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A symmetric signing key."""

    key: bytes

    def __repr__(self) -> str:
        return "Secret(…)"

    @classmethod
    def parse(cls, text: str) -> Secret:
        """Read ``whsec_`` and base64; the prefix may be left out, as reference libraries allow.

        Raises ``ValueError`` with what to write instead; the text never repeats the secret.
        """
        encoded = text.strip().removeprefix(PREFIX).rstrip("=")
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except ValueError as error:
            raise ValueError("a secret is written as whsec_ and base64") from error
        if len(key) < _SHORTEST:
            raise ValueError(f"a secret has at least {_SHORTEST} bytes, better 24 to 64")
        return cls(key)

    def sign(self, id: str, timestamp: int, body: bytes) -> str:
        """Return one signature."""
        signed = b"%s.%d.%s" % (id.encode(), timestamp, body)
        digest = hmac.new(self.key, signed, hashlib.sha256).digest()
        return "v1," + base64.b64encode(digest).decode()


def headers(
    secrets: Sequence[Secret], id: str, timestamp: int, body: bytes
) -> tuple[tuple[str, str], ...]:
    """Return the headers of one sending; ``timestamp`` is its moment, in UTC seconds."""
    return (
        ("Content-Type", "application/json"),
        ("Webhook-Id", id),
        ("Webhook-Timestamp", str(timestamp)),
        ("Webhook-Signature", " ".join(secret.sign(id, timestamp, body) for secret in secrets)),
    )
