"""Whoever looks at people: one viewer, or a band of viewers to whom they look the same.

The web room's only way from a stored presence to a ``View`` (invariant 3). While the engine is
away, what is known counts until its end; then what was told as next, then the default, both
marked stale (DESIGN section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from kalends.model.presence import Presence
from kalends.model.profile import Profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience, Origin, Stage
from kalends.presence import audience_of, is_owner, nothing, view
from kalends.store.contract import StoredPresence
from kalends.web.tenants import Tenant

LATE: Final = 5
"""Seconds a boundary may be overdue before what is stored counts as old."""
_ADMINISTRATION: Final = frozenset({"admin", "provider"})


@dataclass(frozen=True, slots=True)
class Eye:
    """Who looks."""

    role: str
    person: Profile | None
    """The person who looks; for a band, somebody of its department and nobody in particular."""
    tenant: Tenant
    language: str | None = None
    """Language the reader wants texts in; None: each person's own."""

    @property
    def administers(self) -> bool:
        """Tell whether the organization's administration is open."""
        return self.role in _ADMINISTRATION

    def is_for(self, profile: Profile) -> bool:
        """Tell whether this is that person, or one of the person's delegates."""
        me = self.person.person if self.person is not None else ""
        return bool(me) and (me == profile.person or me in profile.delegates)

    def may_set(self, profile: Profile) -> bool:
        """Tell whether the viewer may set that person's state (POLICY section 4)."""
        return self.role in ("admin", "attendant") or self.is_for(profile)

    def lists(self, profile: Profile) -> bool:
        """Tell whether the viewer may know that there is this person."""
        if self.administers or self.is_for(profile):
            return True
        return not profile.left and (self.role == "attendant" or not profile.protected)

    def is_told(self, profile: Profile) -> bool:
        """Tell whether the viewer is told a presence; on trial only administrators are."""
        return profile.stage is Stage.LIVE or (
            profile.stage is Stage.TRIAL and self.role in _ADMINISTRATION
        )

    def audience(self, profile: Profile) -> Audience:
        """Return who the viewer is towards that person."""
        return audience_of(profile, self.person, self.role)

    def owns(self, profile: Profile) -> bool:
        """Tell whether the viewer is that person."""
        return is_owner(profile, self.person)

    def sees(self, stored: StoredPresence, now: int) -> View:
        """Return what the viewer is told of a presence; nothing where it is not live, or where
        nothing is known of somebody new (revision 0): he waits for his calendars."""
        presence, stale = current(stored, now)
        profile, audience = stored.profile, self.audience(stored.profile)
        if not stored.revision:
            return nothing(
                profile, audience, self.tenant.lens, revision=0, now=now, language=self.language
            )
        if not self.is_told(profile):
            profile, audience = msgspec.structs.replace(profile, protected=True), Audience.OUTSIDE
        return view(
            presence,
            profile,
            audience,
            self.tenant.lens,
            revision=stored.revision,
            stale_since=stale,
            now=now,
            language=self.language,
            owner=audience is Audience.SELF and self.owns(profile),
        )


def current(stored: StoredPresence, now: int) -> tuple[Presence, int | None]:
    """Return the presence that counts now, and since when it is not certain."""
    presence, due = stored.presence, stored.next_change_at
    if due is None or now <= due + LATE:
        return presence, stored.stale_since
    stale = min(due, stored.stale_since or due)
    if now < presence.until:
        return presence, stale
    coming = presence.next
    if coming is None or not coming.start <= now < coming.end:
        return Presence(since=presence.until), stale
    following = Presence(
        availability=coming.availability,
        activity=coming.activity,
        origin=Origin.CALENDAR,
        since=coming.start,
        until=coming.end,
        returns_at=coming.end,
        private=coming.private,
        sensitive=coming.sensitive,
        cap=coming.cap,
    )
    return following, stale
