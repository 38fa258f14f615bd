"""Manual presence set through the engine, in the mailbox of an emulated Exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from lab.exchange.mailbox import Mailbox
from lab.exchange.organization import Organization
from lab.exchange.server import ExchangeServer

from kalends.bus.commands import ClearManual, PatchPreferences, SetManual
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from tests.exchange_lab import ANNA, DOMAIN, ORIGIN, SERVICE, URL, ExchangeTransport
from tests.integration.engine.test_commands import WHO, ok
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.virtual import VirtualLoop, run


class Networks:
    allowed_networks = ("127.0.0.0/8",)


Story = Callable[[Installation, Mailbox, ExchangeTransport], Awaitable[None]]


def story(tell: Story, *, write_back: bool = True) -> None:
    async def whole() -> None:
        home = Installation(1, 0)
        exchange = Organization(DOMAIN, now=home.clock.now)
        exchange.add_mailbox(SERVICE, "Service")
        exchange.add_account(SERVICE, "secret", mailbox=SERVICE, impersonates=None)
        anna = exchange.add_mailbox(ANNA, "Anna Berg")
        server = ExchangeServer(exchange, "2016")
        server.origin = ORIGIN
        carrier = ExchangeTransport({ORIGIN: server})
        home.http = http_factory(
            home.runtime, Networks(), MemoryBreakers(), transport=lambda *_: carrier
        )
        try:
            await home.start()
            source = {
                "id": "exchange", "kind": "ews", "url": URL, "username": SERVICE,
                "password_env": "EXCHANGE_PASSWORD", "poll_seconds": 30, "notify": "none",
                "write_back": write_back,
            }  # fmt: skip
            person = {"id": "anna", "name": "Anna Berg", "emails": [ANNA], "language": "sv"}
            await home.apply(sources=[source], people=[person], sinks=[])
            await asyncio.sleep(5)
            await tell(home, anna, carrier)
        finally:
            await home.end()

    run(whole(), VirtualLoop())


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_PASSWORD", "secret")


async def shown(home: Installation) -> tuple[str, str | None]:
    assert home.plain is not None
    stored = await home.plain.presence(ORGANIZATION, "anna")
    assert stored is not None
    return stored.presence.origin.value, stored.presence.activity


def test_lunch_by_hand_stands_in_the_calendar_and_ends_when_cleared() -> None:
    async def tell(home: Installation, anna: Mailbox, carrier: ExchangeTransport) -> None:
        await ok(home, PatchPreferences(**WHO, person="anna", changes={"write_back": True}))
        await ok(home, SetManual(**WHO, person="anna", activity="lunch", until="cleared"))
        await asyncio.sleep(5)
        (item,) = anna.items.values()
        assert (item.subject, item.busy) == ("Lunch", "OOF")
        await asyncio.sleep(600)  # read again and again meanwhile
        assert "SyncFolderItems" in carrier.operations()
        await ok(home, ClearManual(**WHO, person="anna"))
        await asyncio.sleep(120)
        assert await shown(home) == ("schedule", "off-work")  # its own lunch is no news to it
        (item,) = anna.items.values()
        assert 600 <= (item.end - item.start).total_seconds() <= 620

    story(tell)


def test_a_restart_neither_doubles_nor_loses_what_was_written() -> None:
    async def tell(home: Installation, anna: Mailbox, carrier: ExchangeTransport) -> None:
        del carrier
        await ok(home, PatchPreferences(**WHO, person="anna", changes={"write_back": True}))
        await ok(home, SetManual(**WHO, person="anna", activity="lunch", until="cleared"))
        await asyncio.sleep(10)
        await home.restart()
        await asyncio.sleep(300)
        assert len(anna.items) == 1
        await ok(home, ClearManual(**WHO, person="anna"))
        await asyncio.sleep(30)
        (item,) = anna.items.values()
        assert (item.end - item.start).total_seconds() < 400

    story(tell)


@pytest.mark.parametrize("write_back", [True, False])
def test_nothing_is_written_without_the_persons_wish_and_the_sources_leave(
    write_back: bool,
) -> None:
    async def tell(home: Installation, anna: Mailbox, carrier: ExchangeTransport) -> None:
        if not write_back:
            await ok(home, PatchPreferences(**WHO, person="anna", changes={"write_back": True}))
        await ok(home, SetManual(**WHO, person="anna", activity="lunch", until="cleared"))
        await asyncio.sleep(60)
        assert await shown(home) == ("manual", "lunch")
        assert not anna.items
        assert "CreateItem" not in carrier.operations()

    story(tell, write_back=write_back)
