"""The bus within one process keeps the contract."""

from __future__ import annotations

import pytest

from kalends.bus.memory import MemoryHub
from tests.contract.bus.suite import BusContract, Ends


class TestMemoryBus(BusContract):
    @pytest.fixture
    async def ends(self) -> Ends:
        hub = MemoryHub()

        async def interrupt() -> None:
            hub.interrupt()

        return Ends(hub.bus(), hub.bus(), hub.bus(), interrupt)
