"""One gate per endpoint: silence, outages, one probe at a time."""

from __future__ import annotations

import asyncio
from email.utils import formatdate

import pytest

from kalends.errors import Throttled, Unreachable
from kalends.net.throttle import Gate, retry_after
from kalends.runtime import Runtime


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def gate(self, connections: int = 4) -> Gate:
        runtime = Runtime(now=lambda: self.now, monotonic=lambda: self.now - 1e9)
        runtime.random.seed(3)
        return Gate(runtime, "https://dav.example", connections)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        ("Fri, 15 Jan 2027 08:01:00 -0000", 60.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("9" * 300, 1e9),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, 1_800_000_000.0) == seconds


def test_silence_is_kept_as_asked_but_not_for_ever() -> None:
    clock = Clock()
    gate = clock.gate()
    assert gate.silenced(120) == clock.now + 120
    with pytest.raises(Throttled) as closed:
        gate.check()
    assert closed.value.at == clock.now + 120
    clock.now += 120
    assert gate.check() is True
    assert gate.silenced(10**9) == clock.now + 3600


async def test_after_a_silence_one_alone_asks_whether_it_is_over() -> None:
    clock = Clock()
    gate = clock.gate()
    gate.silenced(120)
    clock.now += 120
    async with gate.turn():
        with pytest.raises(Throttled, match="being tried"):
            gate.check()
        gate.answered()
        assert gate.check() is False
    assert gate.check() is False


def test_silence_without_a_time_grows() -> None:
    clock = Clock()
    gate = clock.gate()
    waits = []
    for _ in range(9):
        waits.append(gate.silenced(None) - clock.now)
        clock.now += waits[-1]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    gate.answered()
    assert gate.silenced(None) - clock.now == 5


def test_one_or_two_failures_are_no_outage() -> None:
    gate = Clock().gate()
    assert gate.failed() is None
    assert gate.failed() is None
    gate.answered()
    assert gate.failed() is None
    gate.check()


async def test_four_hours_of_outage_see_one_probe_every_thirty_seconds() -> None:
    clock = Clock()
    gate = clock.gate(connections=10)
    probes: list[float] = []

    async def read() -> None:
        try:
            async with gate.turn():
                probes.append(clock.now)
                await asyncio.sleep(0)
                gate.failed()
        except Unreachable as closed:
            assert closed.at is None or closed.at <= clock.now + 30

    end = clock.now + 4 * 3600
    while clock.now < end:
        await asyncio.gather(*(read() for _ in range(6)))
        clock.now += 1
    settled = [at for at in probes if at > probes[0] + 120]
    assert len(settled) == len(set(settled)), "never two at once"
    assert 4 * 3600 / 32 - 10 < len(settled) <= 4 * 3600 / 26


async def test_a_probe_that_is_answered_opens_the_gate() -> None:
    clock = Clock()
    gate = clock.gate()
    for _ in range(4):
        gate.failed()
    clock.now += 30
    async with gate.turn():
        gate.answered()
    async with gate.turn(), gate.turn():
        pass


async def test_those_who_wait_while_the_gate_closes_are_not_let_through() -> None:
    gate = Clock().gate(connections=1)
    async with gate.turn():
        waiting = asyncio.create_task(gate.turn().__aenter__())
        await asyncio.sleep(0)
        gate.silenced(60)
    with pytest.raises(Throttled):
        await waiting


@pytest.mark.parametrize("ahead", [-3600, 0, 3600])
def test_a_date_is_reckoned_by_the_clock_of_whoever_names_it(ahead: int) -> None:
    server = 1_800_000_000 + ahead
    told = formatdate(server + 120, usegmt=True)
    assert retry_after(told, 1_800_000_000.0, formatdate(server, usegmt=True)) == 120.0


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2027 00:00:00 GMT"])
def test_a_clock_nobody_can_read_is_ours(date: str) -> None:
    told = formatdate(1_800_000_120, usegmt=True)
    assert retry_after(told, 1_800_000_000.0, date) == 120.0
