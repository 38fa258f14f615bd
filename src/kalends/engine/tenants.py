"""What the engine knows of each organization: compiled policy, lens, reckoning.

Loaded from the store's documents and replaced whole when they change; nobody waits for a restart
(invariant 12). A tenant whose settings cannot be compiled keeps the last good policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kalends import observe
from kalends.errors import ConfigurationError
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord
from kalends.model.presence import LineState, Reckoning
from kalends.model.profile import Profile
from kalends.policy.compile import Policy, compile_policy
from kalends.policy.profile import profile
from kalends.presence import Lens, lens_with
from kalends.store.contract import Reader

log = observe.logger(__name__)


@dataclass(slots=True)
class Tenant:
    """One organization, ready to evaluate."""

    id: str
    settings: OrganizationSettings
    policy: Policy
    lens: Lens
    reckoning: Reckoning
    logged: bool = False
    """Whether an ``every`` sink exists, so that transitions are logged."""

    def profile(self, record: PersonRecord) -> Profile:
        """Return the lean part of a record, stage inherited."""
        return profile(self.settings, record)


def tenant(settings: OrganizationSettings) -> Tenant:
    """Compile an organization; raises ``ConfigurationError`` with every problem."""
    policy = compile_policy(settings)
    return Tenant(
        settings.id, settings, policy, lens_with(settings, policy.vocabulary), policy.reckoning()
    )


@dataclass(slots=True)
class Tenants:
    """All organizations, and the line states that live only in memory."""

    known: dict[str, Tenant] = field(default_factory=dict)
    lines: dict[tuple[str, str], LineState] = field(default_factory=dict)

    def get(self, organization: str) -> Tenant | None:
        """Return an organization, None where it is unknown or was never well-formed."""
        return self.known.get(organization)

    async def reload(self, store: Reader, organization: str) -> Tenant | None:
        """Read an organization's settings again; None where there are none any more."""
        documents = await store.documents(organization, "organization")
        if not documents:
            self.known.pop(organization, None)
            return None
        old = self.known.get(organization)
        try:
            settings = OrganizationSettings.model_validate_json(documents[0].body)
            fresh = tenant(settings)
        except (ConfigurationError, ValueError) as error:
            log.exception(
                "settings.refused", organization=organization, error_type=type(error).__name__
            )
            return old
        fresh.logged = old.logged if old else False
        self.known[organization] = fresh
        return fresh
