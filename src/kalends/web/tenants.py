"""An organization's settings in the forms a request needs, remembered until they change.

The bus says when to look again (``settings.<org>``); as it may lose a message, what is
remembered is looked up again after ``FRESH`` seconds in any case (changes count within 5 s).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from kalends.directory.numbers import Numbers
from kalends.model.organization import OrganizationSettings
from kalends.policy.compile import Policy, compile_policy
from kalends.policy.vocabulary import Vocabulary
from kalends.presence import Lens, lens_with
from kalends.runtime import Runtime
from kalends.store.contract import Reader

FRESH: Final = 4.0


@dataclass(frozen=True)
class Tenant:
    """One organization as its documents say."""

    settings: OrganizationSettings
    version: int
    """Of the settings document."""

    @property
    def id(self) -> str:
        """Return the organization's id."""
        return self.settings.id

    @cached_property
    def lens(self) -> Lens:
        """What disclosure needs."""
        return lens_with(self.settings, self.vocabulary)

    @cached_property
    def policy(self) -> Policy:
        """Compiled at first use; the engine stored only what compiles."""
        return compile_policy(self.settings)

    @cached_property
    def numbers(self) -> Numbers:
        """Reads telephone numbers as the organization writes them."""
        return Numbers(self.settings.numbering)

    @property
    def vocabulary(self) -> Vocabulary:
        """Activities and roles with their names."""
        return self.policy.vocabulary


class Tenants:
    """All organizations this process was asked about."""

    def __init__(self, reader: Reader, runtime: Runtime) -> None:
        self._reader = reader
        self._runtime = runtime
        self._known: dict[str, tuple[Tenant, float]] = {}

    async def find(self, organization: str) -> Tenant | None:
        """Return an organization, or None where there is none of that id."""
        now = self._runtime.monotonic()
        known = self._known.get(organization)
        if known is not None and now < known[1]:
            return known[0]
        documents = await self._reader.documents(organization, "organization")
        if not documents:
            self._known.pop(organization, None)
            return None
        document = documents[0]
        if known is not None and known[0].version == document.version:
            tenant = known[0]
        else:
            settings = OrganizationSettings.model_validate_json(document.body)
            tenant = Tenant(settings, document.version)
        self._known[organization] = (tenant, now + FRESH)
        return tenant

    def look_again(self, organization: str | None = None) -> None:
        """Settings may have changed (None: any); they are read again at the next request."""
        for known in list(self._known) if organization is None else [organization]:
            if known in self._known:
                self._known[known] = (self._known[known][0], 0.0)
