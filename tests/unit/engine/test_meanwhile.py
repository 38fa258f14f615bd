"""What happens while the store answers is not undone by its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from kalends.engine.ledger import Ledger
from kalends.store.contract import SinkRow, Store
from tests.contract.store.world import MEETING, NOW
from tests.unit.engine.test_pump_order import SECONDS, Feed, Times, changed, pumping, store, told

__all__ = ["store"]


class Meanwhile:
    """A store during whose first answer of one kind something happens."""

    def __init__(self, inner: Store, asked: str, happens: Callable[[], Awaitable[None]]) -> None:
        self._inner = inner
        self._asked = asked
        self._happens: Callable[[], Awaitable[None]] | None = happens

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._inner, name)
        if name != self._asked or self._happens is None:
            return real

        async def answer(*args: Any, **named: Any) -> Any:
            found = await real(*args, **named)
            happens, self._happens = self._happens, None
            assert happens is not None
            await happens()
            return found

        return answer


async def test_news_that_come_while_the_log_is_read_are_read_too(store: Store) -> None:
    await store.save_sink("acme", "feed", cursor=await store.revision("acme"))
    feed, revisions = Feed(), []

    async def somebody_changes() -> None:
        revisions.append(await changed(store, "anna", MEETING, NOW + 1))
        pump.wake()

    slow = cast("Store", Meanwhile(store, "revision", somebody_changes))
    async with pumping(slow, feed, Times()) as pump:
        async with asyncio.timeout(SECONDS):
            while not revisions:
                await asyncio.sleep(0)
        assert await told(feed, "anna", revisions[0]) == revisions


async def test_what_a_feed_was_told_meanwhile_is_not_replaced_by_an_older_row(
    store: Store,
) -> None:
    older = SinkRow("acme", "feed", "anna", 1, None, None, NOW, failures=1)
    await store.save_sink("acme", "feed", cursor=1, rows=[older])
    newer = SinkRow("acme", "feed", "anna", 2, b"as told", None, None)

    async def told_meanwhile() -> None:
        ledger.save(newer)

    ledger = Ledger(cast("Store", Meanwhile(store, "sink_rows", told_meanwhile)), "acme", "feed")
    await ledger.load(["anna"])
    assert ledger.row("anna") == newer
