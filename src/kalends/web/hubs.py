"""The hubs of all organizations somebody listens to."""

from __future__ import annotations

import asyncio

from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.figures import Figures
from kalends.web.hub import Hub
from kalends.web.tenants import Tenants


class Hubs:
    """Starts a hub with its first listener and lets go of it after its last."""

    def __init__(
        self, reader: Reader, tenants: Tenants, runtime: Runtime, figures: Figures
    ) -> None:
        self._reader = reader
        self._tenants = tenants
        self._runtime = runtime
        self._figures = figures
        self._hubs: dict[str, Hub] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._engine = True

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin; hubs run in this group."""
        self._tasks = tasks

    def stop(self) -> None:
        """End all streams and hubs."""
        self._tasks = None
        for hub in self._hubs.values():
            hub.close()
        self._hubs.clear()

    def of(self, organization: str) -> Hub | None:
        """Return the hub of an organization, started where needed; None while stopping."""
        if self._tasks is None:
            return None
        self._hubs = {name: hub for name, hub in self._hubs.items() if not hub.closed}
        hub = self._hubs.get(organization)
        if hub is None:
            hub = Hub(organization, self._reader, self._tenants, self._runtime, self._figures)
            hub.engine(self._engine)
            self._hubs[organization] = hub
            self._tasks.create_task(hub.run())
        return hub

    def signed_out(self) -> None:
        """Have streams ask whether their sign-in holds: somebody's has ended."""
        for hub in self._hubs.values():
            hub.look()

    def count(self) -> int:
        """Return how many listen."""
        return sum(hub.listeners for hub in self._hubs.values())

    def heard(self, topic: str, organization: str) -> None:
        """Pass on what the bus said; after a lost connection anything may have changed."""
        for own, hub in self._hubs.items():
            if topic == "reconnected":
                hub.settings_changed()
                hub.health_changed()
            elif own != organization:
                continue
            elif topic == "revision":
                hub.revision_changed()
            elif topic == "settings":
                hub.settings_changed()
            elif topic == "health":
                hub.health_changed()

    def engine(self, alive: bool) -> None:
        """Pass on whether the engine lives."""
        if alive is not self._engine:
            self._engine = alive
            for hub in self._hubs.values():
                hub.engine(alive)
