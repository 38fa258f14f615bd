"""Presence at a real Kamailio, seen by a real watcher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from kalends.endpoints.kind import HttpFactory, Place, Services
from kalends.kinds.sip_publish import KIND
from kalends.model.organization import OrganizationSettings
from kalends.model.profile import Profile
from kalends.model.view import Texts, View
from kalends.model.vocabulary import Audience, Availability, Level
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Failed, Outcome, PresenceSink, Publication
from kalends.sinks.sip_publish import unpack_memory
from tests.acceptance.sip.kamailio import Authority, Kamailio
from tests.acceptance.sip.watcher import Watcher
from tests.patience import PATIENCE

ANNA = Profile("anna", "Anna Berg", "sv", "Europe/Stockholm", sip="sip:anna@acme.example")
BUSY = View(
    person="anna", revision=1, availability=Availability.BUSY, activity="meeting", role="work",
    since=1_772_445_600, until=1_772_449_200, returns_at=1_772_449_200, reachable_at=1_772_449_200,
    note=None, next=None, origin=None, set_by=None, set_at=None, line=None, diversion=None,
    texts=Texts("Möte -12:00", "Möte, tillbaka 12:00", "Anna är i möte."), stale_since=None,
    booking_until=None, audience=Audience.OUTSIDE, level=Level.ACTIVITY,
)  # fmt: skip
GONE = msgspec.structs.replace(
    BUSY,
    availability=Availability.OFFLINE,
    activity="gone",
    texts=Texts("Gått", "Gått för dagen", "Anna har gått."),
)


@dataclass
class Side:
    """Our side of one test: a sink, and what the store would remember for it."""

    sink: PresenceSink
    memory: dict[str, bytes | None] = field(default_factory=dict)

    async def publish(self, *views: View, refresh: bool = False) -> list[Outcome]:
        publications = [self._publication(view, refresh=refresh) for view in views]
        async with asyncio.timeout(PATIENCE):
            outcomes = await self.sink.publish(publications)
        for view, outcome in zip(views, outcomes, strict=True):
            self.memory[view.person] = outcome.memory
        return list(outcomes)

    async def delivers(self, view: View, *, refresh: bool = False) -> Delivered:
        [outcome] = await self.publish(view, refresh=refresh)
        assert isinstance(outcome, Delivered), outcome
        return outcome

    async def fails(self, view: View) -> Failed:
        [outcome] = await self.publish(view)
        assert isinstance(outcome, Failed), outcome
        return outcome

    async def withdraw(self, view: View) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.sink.withdraw([self._publication(view)])
        self.memory[view.person] = None

    def etag(self, person: str = "anna") -> str:
        memory = unpack_memory(self.memory[person])
        assert memory is not None
        return memory.etag

    def _publication(self, view: View, *, refresh: bool = False) -> Publication:
        profile = msgspec.structs.replace(
            ANNA, person=view.person, sip=f"sip:{view.person}@acme.example"
        )
        rendered = self.sink.render(view, profile)
        assert rendered is not None
        memory = self.memory.get(view.person)
        return Publication(view.person, view.revision, rendered, memory, profile, 0, refresh)


@asynccontextmanager
async def our_side(server: str, secret: str | None = None, **options: Any) -> AsyncIterator[Side]:
    """Open the sink as the engine would from the operator's file."""
    if secret is not None:
        options["username"] = "kalends"
    checked = KIND.options.model_validate({"server": server, **options})
    place = Place(
        OrganizationSettings(id="acme", name="Acme AB"), "lamps", trusted=True,
        secret=lambda _field: secret,
    )  # fmt: skip
    endpoint = KIND.endpoint(Services(Runtime(), cast(HttpFactory, None)), place, checked)
    assert KIND.sink is not None
    try:
        yield Side(KIND.sink(endpoint, place, checked))
    finally:
        await endpoint.close()


def udp(server: Kamailio) -> str:
    return f"sip:127.0.0.1:{server.port}"


def watching(server: Kamailio, person: str = "anna") -> Watcher:
    return Watcher(f"sip:{person}@acme.example", ("127.0.0.1", server.port))


async def test_a_watcher_sees_each_state_and_its_end(tmp_path: Path) -> None:
    with Kamailio(tmp_path) as server:
        async with our_side(udp(server)) as ours, watching(server) as watcher:
            await ours.delivers(BUSY)
            seen = await watcher.sees(basic=["open"], notes=["Möte, tillbaka 12:00"])
            assert seen.activities == ["meeting"]
            await ours.delivers(GONE)
            seen = await watcher.sees(basic=["closed"], notes=["Gått för dagen"])
            assert seen.activities == ["away"]
            await ours.withdraw(GONE)
            await watcher.until(lambda: "Gått för dagen" not in watcher.now.notes)
            assert watcher.now.activities == []


async def test_a_refresh_prolongs_and_changes_the_etag(tmp_path: Path) -> None:
    with Kamailio(tmp_path) as server:
        async with our_side(udp(server)) as ours, watching(server) as watcher:
            first = await ours.delivers(BUSY)
            etag = ours.etag()
            second = await ours.delivers(BUSY, refresh=True)
            assert ours.etag() != etag
            assert first.refresh_at is not None
            assert second.refresh_at is not None
            await ours.delivers(GONE)
            await watcher.sees(basic=["closed"], notes=["Gått för dagen"])


async def test_what_a_restarted_server_forgot_is_told_anew(tmp_path: Path) -> None:
    with Kamailio(tmp_path) as server:
        async with our_side(udp(server)) as ours:
            await ours.delivers(BUSY)
            server.restart()
            await ours.delivers(GONE)
            async with watching(server) as watcher:
                await watcher.sees(basic=["closed"], notes=["Gått för dagen"])
            server.restart()
            await ours.delivers(GONE, refresh=True)
            async with watching(server) as watcher:
                await watcher.sees(basic=["closed"], notes=["Gått för dagen"])


async def test_after_our_own_restart_no_second_person_appears(tmp_path: Path) -> None:
    with Kamailio(tmp_path) as server:
        async with our_side(udp(server)) as before:
            await before.delivers(BUSY)
        async with our_side(udp(server)) as after, watching(server) as watcher:
            after.memory = before.memory  # what the store kept
            await after.delivers(GONE)
            await watcher.sees(basic=["closed"], notes=["Gått för dagen"])
            await after.withdraw(GONE)
            await watcher.until(lambda: "Gått för dagen" not in watcher.now.notes)
            # Had a second publication been made, the first would show again now.
            assert watcher.now.notes == []


async def test_a_forgotten_etag_would_be_noticed_by_the_test_above(tmp_path: Path) -> None:
    with Kamailio(tmp_path) as server:
        async with our_side(udp(server)) as ours, watching(server) as watcher:
            await ours.delivers(BUSY)
            ours.memory.clear()
            await ours.delivers(GONE)
            await ours.withdraw(GONE)
            await watcher.until(lambda: watcher.now.notes == ["Möte, tillbaka 12:00"])


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_a_digest_sign_in(tmp_path: Path, algorithm: str) -> None:
    with Kamailio(tmp_path, password="right", algorithm=algorithm) as server:
        async with our_side(udp(server), "right") as ours, watching(server) as watcher:
            await ours.delivers(BUSY)
            await watcher.sees(basic=["open"], notes=["Möte, tillbaka 12:00"])
            await ours.delivers(GONE)
            await watcher.sees(basic=["closed"], notes=["Gått för dagen"])
        assert "refused a sign-in" not in server.log()


async def test_a_wrong_password_is_tried_once_for_a_whole_department(tmp_path: Path) -> None:
    with Kamailio(tmp_path, password="right") as server:
        async with our_side(udp(server), "wrong") as ours:
            outcomes = await ours.publish(*crowd(100))
            assert {outcome.code for outcome in outcomes if isinstance(outcome, Failed)} == {
                "sign-in"
            }
        assert server.log().count("refused a sign-in") == 1


async def test_over_tcp(tmp_path: Path) -> None:
    with Kamailio(tmp_path) as server:
        tcp = f"{udp(server)};transport=tcp"
        async with our_side(tcp) as ours, watching(server) as watcher:
            await ours.delivers(BUSY)
            await watcher.sees(basic=["open"], notes=["Möte, tillbaka 12:00"])
            server.restart()  # the connection is gone too
            await ours.delivers(GONE)
        assert "took PUBLISH by tcp" in server.log()


async def test_over_tls_by_authority_and_by_pin(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    with Kamailio(tmp_path / "kamailio", tls=authority) as server:
        tls = f"sip:127.0.0.1:{server.tls_port};transport=tls"
        async with our_side(tls, ca_file=str(authority.certificate_file)) as ours:
            await ours.delivers(BUSY)
        async with our_side(tls, certificate_pins=(authority.sha256,)) as ours:
            await ours.delivers(GONE)
        assert "took PUBLISH by tls" in server.log()


async def test_a_certificate_that_is_not_trusted_gets_nothing(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    with Kamailio(tmp_path / "kamailio", tls=authority) as server:
        tls = f"sip:127.0.0.1:{server.tls_port};transport=tls"
        for pins in ((), ("00" * 32,)):
            async with our_side(tls, certificate_pins=pins) as ours:
                failed = await ours.fails(BUSY)
                assert failed.code == "certificate"
        assert "took PUBLISH" not in server.log()


async def test_a_duration_too_brief_for_the_server_is_lengthened(tmp_path: Path) -> None:
    with Kamailio(tmp_path, least_expires=900) as server:
        async with our_side(udp(server), expires=300) as ours, watching(server) as watcher:
            await ours.delivers(BUSY)
            memory = unpack_memory(ours.memory["anna"])
            assert memory is not None
            assert memory.expires_at - Runtime().now() == pytest.approx(900, abs=20)
            await watcher.sees(basic=["open"], notes=["Möte, tillbaka 12:00"])


async def test_a_server_that_shortens_the_duration_is_obeyed(tmp_path: Path) -> None:
    with Kamailio(tmp_path, max_expires=100) as server:
        async with our_side(udp(server)) as ours:
            delivered = await ours.delivers(BUSY)
            assert delivered.refresh_at is not None
            assert 50 < delivered.refresh_at - Runtime().now() <= 70


async def test_a_long_document_goes_by_tcp_or_where_there_is_none_by_udp(tmp_path: Path) -> None:
    long = msgspec.structs.replace(BUSY, note="å" * 250)
    for udp_only, transport in ((False, "tcp"), (True, "udp")):
        with Kamailio(tmp_path / transport, password="right", udp_only=udp_only) as server:
            async with our_side(udp(server), "right") as ours:
                await ours.delivers(long)
            assert f"took PUBLISH by {transport}" in server.log()


async def test_a_department_of_five_hundred_arrives(tmp_path: Path) -> None:
    with Kamailio(tmp_path) as server:
        async with our_side(udp(server), max_per_second=1000) as ours:
            views = crowd(500)
            outcomes = await ours.publish(*views)
            assert [outcome for outcome in outcomes if isinstance(outcome, Failed)] == []
            async with watching(server, "p499") as watcher:
                await watcher.sees(basic=["open"], notes=["Möte, tillbaka 12:00"])


async def test_a_server_that_is_not_there_is_told_soon(tmp_path: Path) -> None:
    with Kamailio(tmp_path) as server:
        async with our_side(udp(server)) as ours:
            await ours.delivers(BUSY)
            etag = ours.etag()
            server.stop()
            failed = await ours.fails(GONE)
            assert (failed.code, failed.give_up) == ("unreachable", False)
            assert ours.etag() == etag  # it may only be restarting
            server.restart()
            await ours.delivers(GONE)


def crowd(size: int) -> list[View]:
    return [msgspec.structs.replace(BUSY, person=f"p{number}") for number in range(size)]
