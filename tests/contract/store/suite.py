"""What every store does. A new store is a subclass with a fixture ``store``."""

from __future__ import annotations

from tests.contract.store.calendars import Calendars
from tests.contract.store.damage import Damage
from tests.contract.store.due import Batches, Due
from tests.contract.store.newcomers import Newcomers
from tests.contract.store.people import Documents, People
from tests.contract.store.tenants import Tenants
from tests.contract.store.upkeep import Access, Retention, Sinks


class StoreContract(
    Documents, People, Newcomers, Calendars, Due, Batches, Damage, Sinks, Access, Retention, Tenants
):
    """Inherit, and give a fixture ``store`` (empty)."""
