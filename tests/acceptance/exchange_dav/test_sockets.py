"""A server that is slow, breaks off or stops in the middle: told as trouble, never read as less."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.organization import Organization
from lab.exchange_dav.serve import serving
from lab.exchange_dav.server import DavExchange

from kalends.calendars.contract import CalendarSource, Reading
from kalends.endpoints.kind import Services
from kalends.errors import BadAnswer, KalendsError, RedirectRefused, SignInNeeded, Unreachable
from kalends.kinds import exchange_webdav
from kalends.model.booking import Booking
from kalends.model.times import Interval
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from tests.contract.calendars.lab import place
from tests.contract.calendars.worlds import reference

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MARCH = Interval(1_772_323_200, 1_775_001_600)


class _Loopback:
    allowed_networks = ("127.0.0.0/8",)


@pytest.fixture
async def server() -> AsyncIterator[DavExchange]:
    organization = Organization("acme.example")
    organization.add_account("svc", "secret")
    box = organization.add_mailbox("anna@acme.example")
    box.delegates["svc"] = "Owner"
    for number in range(30):
        at = NOON + timedelta(hours=number)
        box.add(Appointment(0, at, at + timedelta(minutes=30), subject=f"Möte {number}"))
    made = DavExchange(organization, 2003, forms=True)
    async with serving(made):
        yield made


@pytest.fixture
async def source(server: DavExchange) -> AsyncIterator[CalendarSource]:
    async with opened(server) as found:
        yield found


@asynccontextmanager
async def opened(
    server: DavExchange, auth: str = "auto", username: str = "svc", pins: tuple[str, ...] = ()
) -> AsyncIterator[CalendarSource]:
    """Open a source as the configuration says."""
    runtime = Runtime()
    factory = http_factory(runtime, _Loopback(), MemoryBreakers())
    told = {"url": f"{server.origin}/", "username": username, "access": "mailbox", "auth": auth,
            "certificate_pins": pins}  # fmt: skip
    options = exchange_webdav.ExchangeWebdavOptions.model_validate(told)
    endpoint = exchange_webdav.KIND.endpoint(Services(runtime, factory), place("owa"), options)
    assert exchange_webdav.KIND.source is not None
    yield exchange_webdav.KIND.source(endpoint, place("owa"), options)
    await endpoint.close()


async def read(source: CalendarSource) -> int:
    async def nothing() -> tuple[Booking, ...]:
        return ()

    ref = reference("owa", "/exchange/anna@acme.example/")
    found = await source.read(ref, MARCH, None, nothing)
    assert isinstance(found, Reading)
    return len(found.bookings)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"cut": True}, Unreachable),
        ({"truncated": True}, BadAnswer),
        ({"html": True}, BadAnswer),
        ({"status": {"/": 503}}, Unreachable),
        ({"redirect": "http://127.0.0.1:9"}, RedirectRefused),
    ],
)
async def test_a_failing_server_is_trouble_and_works_again_afterwards(
    server: DavExchange, source: CalendarSource, faults: dict[str, Any], error: type[KalendsError]
) -> None:
    assert await read(source) == 30
    for name, value in faults.items():
        setattr(server.faults, name, value)
    with pytest.raises(error):
        await read(source)
    server.faults = type(server.faults)()
    assert await read(source) == 30


async def test_a_slow_server_is_read_to_its_end(
    server: DavExchange, source: CalendarSource
) -> None:
    server.faults.delay, server.faults.drip = 0.01, 0.01
    assert await read(source) == 30


async def test_a_storm_of_401_costs_no_second_password(
    server: DavExchange, source: CalendarSource
) -> None:
    await read(source)
    server.faults.unauthorized = -1
    for _ in range(5):
        with pytest.raises(KalendsError):
            await read(source)
    shown = [ask for ask in server.asked if "authorization" in ask.headers]
    assert len(shown) <= 3  # the first question, before the form was known, and two tries


@pytest.mark.parametrize("schemes", [("NTLM",), ("Negotiate", "NTLM", "Basic")])
async def test_ntlm_signs_a_connection_in(server: DavExchange, schemes: tuple[str, ...]) -> None:
    server.organization.add_account("ACME\\svc", "secret")
    server.organization.mailboxes["anna@acme.example"].delegates["acme\\svc"] = "Owner"
    server.forms, server.schemes = False, schemes
    async with opened(server, "ntlm", "ACME\\svc") as source:
        assert await read(source) == 30
        assert await read(source) == 30
    shown = [ask.headers.get("authorization", "") for ask in server.asked]
    assert not any(one.startswith("Basic") for one in shown)


DOORS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "forms": (True, ()),
    "basic": (False, ("Negotiate", "NTLM", "Basic")),
    "ntlm": (False, ("Negotiate", "NTLM")),  # "Integrated Windows authentication" alone
}


@pytest.fixture
def windows(server: DavExchange) -> DavExchange:
    """Name the account as Windows does."""
    server.organization.add_account("ACME\\svc", "secret")
    server.organization.mailboxes["anna@acme.example"].delegates["acme\\svc"] = "Owner"
    return server


def used(server: DavExchange) -> str:
    """Return by what the last request was let in, and forget all of them."""
    door, schemes = "", {"Basic": "basic", "NTLM": "ntlm"}
    for ask in server.asked:
        shown = ask.headers.get("authorization", "").partition(" ")[0]
        door = "forms" if "sessionid" in ask.headers.get("cookie", "") else schemes.get(shown, door)
    server.asked.clear()
    return door


@pytest.mark.parametrize("first", DOORS)
@pytest.mark.parametrize("second", DOORS)
async def test_auto_signs_in_as_the_server_offers_and_follows_when_that_changes(
    windows: DavExchange, first: str, second: str
) -> None:
    found = []
    async with opened(windows, "auto", "ACME\\svc") as source:
        for door in (first, second):
            windows.forms, windows.schemes = DOORS[door]
            windows.restart()
            assert await read(source) == 30
            found.append(used(windows))
    assert found[0] == first
    goes_on = first == second or (first, second) == ("ntlm", "basic")
    # Nothing is shown on a connection that is signed in already.
    assert found[1] in ((first, "") if goes_on else (second,))
    assert windows.organization.accounts["acme\\svc"].failures == 0


async def test_a_wrong_password_where_only_windows_sign_in_is_offered_counts_once_a_try(
    windows: DavExchange,
) -> None:
    windows.forms, windows.schemes = DOORS["ntlm"]
    windows.organization.accounts["acme\\svc"].password = "another"
    async with opened(windows, "auto", "ACME\\svc") as source:
        for _ in range(4):
            with pytest.raises(SignInNeeded):
                await read(source)
    assert windows.organization.accounts["acme\\svc"].failures == 2
