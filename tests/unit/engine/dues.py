"""The due loop of one organization to which nobody listens, and people it can evaluate."""

from __future__ import annotations

from typing import Any

from kalends.engine.due import DueLoop
from kalends.engine.tenants import Tenants, tenant
from kalends.model.organization import OrganizationSettings
from kalends.runtime import Runtime
from kalends.store.contract import Store
from tests.contract.store.world import NOW, hire, person


async def employ(store: Store, *people: str) -> Store:
    """Hire people by name: without one a record is none that a timeline is built from."""
    await hire(store)
    await store.save_people([person(id, name=id.title()) for id in people], now=NOW)
    return store


def due_loop(store: Store, runtime: Runtime) -> DueLoop:
    """Return a loop that knows the organization and tells nobody."""
    tenants = Tenants()
    tenants.known["acme"] = tenant(OrganizationSettings(id="acme", name="Acme"))

    async def told(*_: Any) -> None:
        """Nobody listens."""

    return DueLoop(store, runtime, tenants, told, lambda *_: {})
