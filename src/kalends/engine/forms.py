"""What a sink is told of a state: the view of its audience, rendered, with a digest.

Place in the flow: ``pump`` asks for every state it is about to send; ``ahead`` asks before a
crowded second. Nothing but a view reaches a sink (invariant 3).
"""

from __future__ import annotations

import hashlib

from kalends.engine.ahead import Form
from kalends.engine.tenants import Tenants
from kalends.model.presence import Presence
from kalends.model.profile import Profile
from kalends.presence import published, view
from kalends.sinks.contract import PresenceSink


class Forms:
    """Renders for one sink."""

    def __init__(self, tenants: Tenants, organization: str, sink: PresenceSink) -> None:
        self._tenants = tenants
        self._organization = organization
        self._sink = sink

    def of(
        self,
        presence: Presence,
        profile: Profile,
        now: int,
        *,
        stale_since: int | None = None,
        revision: int = 0,
    ) -> Form | None:
        """Return the form of a state; None where the sink has nothing to tell of this person."""
        tenant = self._tenants.get(self._organization)
        if tenant is None:
            return None
        seen = view(
            presence,
            profile,
            self._sink.audience,
            tenant.lens,
            revision=revision,
            stale_since=stale_since,
            now=now,
        )
        rendered = self._sink.render(seen, profile)
        return None if rendered is None else Form(rendered, digest(rendered))

    def ahead(self, presence: Presence, profile: Profile, at: int) -> Form | None:
        """Return the form of a coming state; None where that is left until it is told."""
        return self.of(presence, profile, at) if published(profile) else None


def digest(rendered: bytes) -> bytes:
    """Return what tells two forms apart."""
    return hashlib.blake2b(rendered, digest_size=12).digest()
