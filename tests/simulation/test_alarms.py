"""Certificates near their end are told 30, 14, 7 and 1 day ahead, over sixty virtual days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

from kalends.engine.alarms import Alarms
from kalends.engine.core import Core
from kalends.engine.posts import Alarm
from tests.simulation.virtual import BEGIN, Clock, VirtualLoop, run, runtime

DAY = 86_400.0


@dataclass
class Client:
    """The guarded client as operators see it."""

    certificate_expires_at: float | None = None
    client_certificate_expires_at: float | None = None


@dataclass
class Mail:
    """What was told, with the day it was told on."""

    clock: Clock
    told: list[tuple[float, Alarm]] = field(default_factory=list)

    async def tell(self, alarms: Sequence[Alarm]) -> None:
        self.told += [(self.clock.now(), alarm) for alarm in alarms]

    def first(self, begun: float) -> list[tuple[str, float]]:
        """Return each key with the days after which it was first told."""
        seen: dict[str, float] = {}
        for at, alarm in self.told:
            if not alarm.over:
                seen.setdefault(alarm.key, (at - begun) / DAY)
        return list(seen.items())


def watched(client: Client, what: Any) -> Core:
    """Return an engine's core with one source and nothing else to look after."""
    opener = SimpleNamespace(certified=lambda _opened: [client])
    wiring = SimpleNamespace(
        sources={("acme", "exchange"): object()}, sinks={}, opener=opener, broken={}
    )
    due = SimpleNamespace(behind=0.0)
    sync = SimpleNamespace(slots={})
    return cast("Core", SimpleNamespace(runtime=what, wiring=wiring, due=due, sync=sync))


def days(client: Client, number: float, *, renew_at: float | None = None) -> Mail:
    """Look after a client for some days; the certificates are renewed on one of them."""
    loop = VirtualLoop()
    clock = Clock(loop)
    machine = runtime(loop, clock, 1)
    mail = Mail(clock)
    begun = clock.now()
    for name in ("certificate_expires_at", "client_certificate_expires_at"):
        if getattr(client, name) is not None:
            setattr(client, name, begun + getattr(client, name) * DAY)

    async def pass_time() -> None:
        alarms = Alarms(watched(client, machine), [mail])
        for hour in range(int(number * 24)):
            if renew_at is not None and hour == renew_at * 24:
                client.certificate_expires_at = clock.now() + 365 * DAY
            await alarms.look()
            await machine.sleep(3600)

    run(pass_time(), loop)
    return mail


def test_the_end_of_a_servers_certificate_is_told_four_times_ahead() -> None:
    mail = days(Client(certificate_expires_at=40), 40)
    marks = [(f"certificate/acme/exchange/{ahead}", 40.0 - ahead) for ahead in (30, 14, 7, 1)]
    for (key, at), (expected, day) in zip(mail.first(BEGIN), marks, strict=True):
        assert key == expected
        assert 0 <= at - day < 1 / 12  # looked after every hour here
    assert {alarm.remedy for _, alarm in mail.told if not alarm.over} == {
        "Renew it on that server."
    }


def test_the_end_of_our_own_certificate_is_told_too() -> None:
    mail = days(Client(client_certificate_expires_at=20), 20)
    keys = [key for key, _ in mail.first(0)]
    assert keys == [f"client-certificate/acme/exchange/{ahead}" for ahead in (30, 14, 7, 1)]
    told = [alarm.text for _, alarm in mail.told if not alarm.over]
    assert told[-1] == "The certificate that acme/exchange shows ends within 1 day."
    assert not any(alarm.over for _, alarm in mail.told)  # one mark takes the other's place


def test_a_mark_is_repeated_once_a_day_at_most() -> None:
    mail = days(Client(certificate_expires_at=40), 40)
    thirty = [at for at, alarm in mail.told if alarm.key.endswith("/30") and not alarm.over]
    assert 15 <= len(thirty) <= 17
    assert all(b - a >= DAY for a, b in pairwise(thirty))


def test_a_renewed_certificate_ends_the_alarm_and_one_far_off_is_none() -> None:
    mail = days(Client(certificate_expires_at=40), 60, renew_at=15)
    assert [alarm.over for _, alarm in mail.told][-1]
    assert {alarm.key for _, alarm in mail.told} == {"certificate/acme/exchange/30"}
    assert days(Client(certificate_expires_at=365), 60).told == []
    assert days(Client(), 60).told == []
