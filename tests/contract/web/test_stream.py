"""The live stream over a real socket: snapshot, changes, resumption, audiences, ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from kalends.model.presence import Presence
from kalends.model.vocabulary import Availability
from kalends.store.contract import CalendarHealth, CalendarKey
from tests.contract.web.world import World, busy
from tests.patience import PATIENCE


class Event:
    def __init__(self, text: str) -> None:
        fields = dict(line.split(": ", 1) for line in text.split("\n") if ": " in line)
        self.name = fields.get("event", "")
        self.id = int(fields["id"]) if "id" in fields else None
        self.data: dict[str, Any] = json.loads(fields.get("data", "{}"))

    @property
    def people(self) -> dict[str, Any]:
        return {one.get("person") or one["id"]: one for one in self.data["people"]}


class Events:
    """Reads events of a running stream, heartbeats and comments left out."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self._text = ""
        self.raw = ""

    async def next(self, seconds: float = PATIENCE) -> Event:
        async with asyncio.timeout(seconds):
            while True:
                while "\n\n" in self._text:
                    block, self._text = self._text.split("\n\n", 1)
                    if "event: " in block and "event: beat" not in block:
                        return Event(block)
                chunk = await self._answer.content.readany()
                if not chunk:
                    raise EOFError
                self._text += chunk.decode()
                self.raw += chunk.decode()

    async def until(self, name: str) -> Event:
        while (event := await self.next()).name != name:
            pass
        return event


@contextlib.asynccontextmanager
async def stream(world: World, key: str, last: int | None = None) -> AsyncIterator[Events]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with (
        world.client(key) as client,
        client.get("/api/v1/presence/stream", headers=headers) as answer,
    ):
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Events(answer)


async def test_a_snapshot_comes_first_and_changes_follow(world: World) -> None:
    async with stream(world, "acme/attendant") as events:
        snapshot = await events.until("snapshot")
        assert snapshot.data["complete"] is True
        assert snapshot.people["anna"]["presence"]["activity"] == "meeting"
        assert snapshot.people["trial"]["presence"]["level"] == "nothing"
        revision = await world.state("acme", "bert", busy(world.now()))
        change = await events.until("presence")
        assert change.id == change.data["revision"] == revision
        assert change.people.keys() == {"bert"}
        assert change.people["bert"]["availability"] == "busy"


async def test_a_client_that_comes_back_gets_what_it_missed_and_no_snapshot(world: World) -> None:
    async with stream(world, "acme/attendant") as events:
        first = await events.until("snapshot")
    await world.state("acme", "bert", busy(world.now()))
    async with stream(world, "acme/attendant", first.id) as events:
        change = await events.until("presence")
        assert change.people.keys() == {"bert"}
    async with stream(world, "acme/attendant", 10**9) as events:  # from a database gone by
        assert (await events.until("snapshot")).people


async def test_every_audience_gets_its_own_view_and_the_person_gets_more(world: World) -> None:
    now = world.now()
    async with stream(world, "acme/anna") as own, stream(world, "acme/bert") as colleague:
        assert "cleo" not in (await colleague.until("snapshot")).people
        await own.until("snapshot")
        mine = await own.until("presence")  # the person's own view follows the snapshot
        assert mine.people["anna"]["presence"]["audience"] == "self"
        assert (await colleague.until("presence")).people.keys() == {"bert"}
        await world.state("acme", "anna", busy(now, note="secret-of-acme"))
        assert (await own.until("presence")).people["anna"]["audience"] == "department"
        assert (await own.until("presence")).people["anna"]["note"] == "secret-of-acme"
        assert (await colleague.until("presence")).people["anna"]["note"] is None
        await world.state("acme", "cleo", busy(now))
        await world.state("acme", "dora", busy(now))
        while "dora" not in (event := await colleague.until("presence")).people:
            assert "cleo" not in event.people
        assert "secret-of-acme" not in colleague.raw


async def test_a_delegate_follows_the_one_who_named_them(world: World) -> None:
    async with stream(world, "acme/dora") as events:
        await events.until("snapshot")
        own = await events.until("presence")
        assert {one["presence"]["audience"] for one in own.people.values()} == {"self"}
        assert own.people.keys() == {"anna", "dora"}


async def test_one_organization_never_hears_of_another(world: World) -> None:
    async with stream(world, "acme/attendant") as acme:
        assert "only-bolt" not in (await acme.until("snapshot")).people
        await world.state("bolt", "anna", busy(world.now(), note="secret-of-bolt"))
        await world.state("acme", "anna", busy(world.now(), note="done"))
        await acme.until("presence")
        assert "bolt" not in acme.raw


async def test_changes_in_a_burst_are_coalesced_to_four_frames_a_second(world: World) -> None:
    async with stream(world, "acme/attendant") as events:
        await events.until("snapshot")
        frames, began = 0, time.monotonic()
        for count in range(40):
            state = Availability.BUSY if count % 2 else Availability.AWAY
            await world.state("acme", "bert", Presence(state, since=world.now()))
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await events.until("presence")
                frames += 1
                if event.data["revision"] == await world.store.revision("acme"):
                    break
        assert frames <= 2 + 4 * (time.monotonic() - began)
        assert event.people["bert"]["availability"] == "busy"


async def test_a_frame_is_made_once_for_everybody_of_an_audience(world: World) -> None:
    async def made() -> float:
        async with world.client() as client, client.get("/metrics") as answer:
            text = await answer.text()
        [line] = [one for one in text.splitlines() if one.startswith("kalends_web_frames_total")]
        return float(line.split()[-1])

    async with contextlib.AsyncExitStack() as stack:
        keys = ["acme/attendant"] * 15 + ["acme/member"] * 15
        many = [await stack.enter_async_context(stream(world, key)) for key in keys]
        for events in many:
            await events.until("snapshot")
        before = await made()
        await world.state("acme", "dora", busy(world.now()))
        told = [await events.until("presence") for events in many]
        assert all(set(event.people) == {"dora"} for event in told)
        assert await made() - before == len(set(keys))


async def test_staleness_reaches_streams_though_it_takes_no_revision(world: World) -> None:
    async with stream(world, "acme/attendant") as events:
        await events.until("snapshot")
        health = CalendarHealth(
            CalendarKey("acme", "anna", "dav", "default"), "unreachable", stale_since=world.now()
        )
        await world.store.mark_calendars([health], now=world.now())
        await world.bus.publish("health.acme")
        change = await events.until("presence")
        assert change.people["anna"]["stale_since"] is not None


async def test_settings_are_announced_and_a_revoked_token_ends_its_stream(world: World) -> None:
    async with stream(world, "acme/attendant") as events:
        await events.until("snapshot")
        await world.bus.publish("settings.acme")
        await events.until("settings")
        tokens = await world.store.principals("acme")
        mine = next(token for token in tokens if token.name == "acme/attendant")
        await world.store.delete_principal(mine.id)
        await world.bus.publish("settings.acme")
        try:
            while True:
                await events.until("settings")
        except EOFError:
            pass


async def test_who_may_see_something_else_now_is_told_to_come_back_for_everybody(
    world: World,
) -> None:
    async with stream(world, "acme/anna") as events:
        await events.until("snapshot")
        await world.person("acme", "anna", "Anna", department="Elsewhere")
        await world.bus.publish("settings.acme")
        await events.until("again")
        assert "event: again\nid:\n" in events.raw  # so that no browser goes on from where it was
        with pytest.raises(EOFError):
            await events.next()


async def test_a_compressed_stream_tells_the_same(world: World) -> None:
    async with aiohttp.ClientSession(world.base, auto_decompress=False) as client:
        headers = world.bearer("acme/attendant") | {"Accept-Encoding": "gzip"}
        async with client.get("/api/v1/presence/stream", headers=headers) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
            text = ""
            async with asyncio.timeout(PATIENCE):
                while "event: snapshot" not in text or not text.endswith("\n\n"):
                    text += unzip.decompress(await answer.content.readany()).decode()
                await world.state("acme", "bert", busy(world.now()))
                while "event: presence" not in text or not text.endswith("\n\n"):
                    text += unzip.decompress(await answer.content.readany()).decode()
    assert '"person":"bert"' in text


async def test_open_streams_do_not_hold_up_a_graceful_stop(world: World) -> None:
    async with stream(world, "acme/attendant") as events:
        await events.until("snapshot")
        # leaving the fixture with this stream still open would take GRACE seconds otherwise


async def test_a_new_person_comes_whole_and_one_removed_is_told_gone(world: World) -> None:
    async with stream(world, "acme/attendant") as events:
        await events.until("snapshot")
        await world.person("acme", "eva", "Eva New")
        await world.bus.publish("settings.acme")
        assert (await events.until("presence")).people["eva"]["name"] == "Eva New"
        await world.store.save_people([], [("acme", "eva")], now=world.now())
        await world.bus.publish("settings.acme")
        assert (await events.until("gone")).data["people"] == ["eva"]
