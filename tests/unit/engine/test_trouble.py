"""What is remembered of a source's trouble is words, and ends with the source."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any, cast

from kalends.calendars.contract import Capabilities
from kalends.engine.debounce import Debounce
from kalends.engine.gate import Gate
from kalends.engine.slot import Slot
from kalends.engine.trouble import Trouble
from kalends.errors import Unreachable
from kalends.runtime import Runtime
from kalends.store.contract import Store


class Read:
    """What a read holds in its hands."""


def failed(seen: list[weakref.ref[Read]]) -> Unreachable:
    """Return the error of a read that had read a good deal already."""
    read = Read()
    seen.append(weakref.ref(read))
    try:
        raise Unreachable("the line went dead")
    except Unreachable as error:
        return error


async def test_nothing_of_a_failed_read_stays_in_memory() -> None:
    reader: Any = SimpleNamespace(capabilities=Capabilities())
    slot = Slot(1, "acme", "dav", reader, 60.0, Gate(4), Debounce(60.0))
    trouble = Trouble(cast("Store", None), Runtime(inline=True), lambda _organization: None)
    seen: list[weakref.ref[Read]] = []
    await trouble.note(slot, ("anna", "default"), failed(seen), None, own_credential=False)
    assert slot.trouble is not None
    assert (slot.trouble.code, slot.trouble.message) == ("unreachable", "the line went dead")
    assert "firewall" in slot.trouble.remedy
    assert seen[0]() is None
