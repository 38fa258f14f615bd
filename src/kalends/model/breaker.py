"""The stored state of one credential: failed sign-ins, shared by all processes and nodes.

Kept by the store, judged by ``kalends.net.breaker`` (RELIABILITY promise 7).
"""

from __future__ import annotations

import msgspec


class Breaker(msgspec.Struct, frozen=True):
    """The state of one credential."""

    organization: str
    endpoint: str
    """What the state is kept under: ``credential/<fingerprint>``, so that every source that uses
    a secret shares one count, and a new secret starts anew."""
    fingerprint: str
    """Hash of user name and secret."""
    failures: tuple[int, ...] = ()
    """UTC seconds of sign-ins that failed, or are being tried, within the last hour."""
    open_until: int | None = None
    """Not tried before; None: it worked when it was used last."""
    version: int = 0
    """Counts saves; see ``Store.save_breaker``."""
