"""A source over a real TLS socket: pins, rotation, a swapped certificate (promise 18)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.serve import serving
from lab.exchange.server import ExchangeServer

from kalends.calendars.contract import CalendarRef, Reading
from kalends.endpoints.exchange.options import ExchangeOptions
from kalends.endpoints.kind import Place, Services
from kalends.errors import CertificateRefused, SourceTrouble, TooLarge, Unreachable
from kalends.kinds import ews
from kalends.model.booking import Booking
from kalends.model.times import Interval
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.workers import WorkerPool
from tests.acceptance.net.authority import Authority, Identity
from tests.exchange_lab import ANNA, SERVICE, SETTINGS

REF = CalendarRef(
    "acme", "anna", "exchange", "default", ANNA, (ANNA,), "Europe/Stockholm", trusted=True
)


class _Addresses:
    allowed_networks = ("127.0.0.0/8",)


async def nothing() -> tuple[Booking, ...]:
    return ()


def organization() -> ExchangeServer:
    server = ExchangeServer(named="2016")
    server.organization.add_account(SERVICE, "secret", impersonates=None)
    anna = server.organization.add_mailbox(ANNA)
    now = datetime.now(UTC)
    for number in range(200):
        start = now + timedelta(hours=number)
        anna.add(Appointment(0, start, start + timedelta(hours=1), subject=f"Meeting {number}"))
    return server


@asynccontextmanager
async def source(origin: str, **options: Any) -> AsyncIterator[Any]:
    """Open a source as the engine does; workers are real processes."""
    runtime = Runtime(workers=WorkerPool(1))
    services = Services(runtime, http_factory(runtime, _Addresses(), MemoryBreakers()))
    place = Place(SETTINGS, "exchange", True, lambda name: "secret")
    chosen = ExchangeOptions(url=origin, username=SERVICE, **options)
    endpoint = ews.KIND.endpoint(services, place, chosen)
    assert ews.KIND.source is not None
    try:
        yield ews.KIND.source(endpoint, place, chosen)
    finally:
        await endpoint.close()
        await runtime.workers.close()


async def read(reader: Any) -> Reading:
    now = int(datetime.now(UTC).timestamp())
    found = await reader.read(REF, Interval(now, now + 35 * 86_400), None, nothing)
    assert isinstance(found, Reading)
    return found


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def self_signed(authority: Authority) -> Identity:
    return authority.issue("exchange", self_signed=True)


async def test_a_self_signed_server_is_read_by_its_pin_in_killable_workers(
    authority: Authority,
) -> None:
    identity = self_signed(authority)
    async with (
        serving(organization(), tls=identity.server()) as origin,
        source(origin, certificate_pins=(identity.pin,)) as reader,
    ):
        assert len((await read(reader)).bookings) == 200
        told = [step async for step in reader.check((REF,))]
        assert [step for step in told if not step.ok] == []


async def test_two_pins_outlive_the_rotation_and_one_does_not(authority: Authority) -> None:
    old, new = self_signed(authority), self_signed(authority)
    server = organization()
    async with AsyncExitStack() as stack:
        async with serving(server, tls=old.server()) as origin:
            both = (old.pin, new.pin)
            pinned = await stack.enter_async_context(source(origin, certificate_pins=(old.pin,)))
            rotating = await stack.enter_async_context(source(origin, certificate_pins=both))
            await read(pinned)
            await read(rotating)
        port = int(origin.rpartition(":")[2])
        async with serving(server, port, tls=new.server()):
            assert len((await read(rotating)).bookings) == 200
            with pytest.raises(CertificateRefused) as raised:
                await read(pinned)
            assert raised.value.remedy


async def test_a_certificate_nobody_vouches_for_sees_no_credential(authority: Authority) -> None:
    server = organization()
    async with (
        serving(server, tls=self_signed(authority).server()) as origin,
        source(origin) as reader,
    ):
        with pytest.raises(CertificateRefused):
            await read(reader)
        assert server.asked == []


@pytest.mark.parametrize("fault", ["cut", "drip"])
async def test_a_body_that_is_cut_or_slow_is_never_half_a_calendar(
    authority: Authority, fault: str
) -> None:
    identity = self_signed(authority)
    server = organization()
    async with (
        serving(server, tls=identity.server()) as origin,
        source(origin, certificate_pins=(identity.pin,)) as reader,
    ):
        setattr(server.faults, fault, True if fault == "cut" else 0.05)
        with contextlib.suppress(Unreachable):
            assert len((await read(reader)).bookings) == 200
            assert fault == "drip"


async def test_an_answer_beyond_its_limit_is_refused_while_it_comes(authority: Authority) -> None:
    identity = self_signed(authority)
    async with (
        serving(organization(), tls=identity.server()) as origin,
        source(origin, certificate_pins=(identity.pin,), max_bytes=20_000) as reader,
    ):
        with pytest.raises(TooLarge):
            await read(reader)
        with pytest.raises(SourceTrouble):
            await read(reader)
