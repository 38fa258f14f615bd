"""Push over real sockets: the emulator calls the listener, and so do strangers (threat 13)."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from lab.exchange.calendar import Appointment
from lab.exchange.serve import serving

from kalends.engine.debounce import QUIET_SECONDS, Debounce
from tests.acceptance.exchange.test_certificates import organization, read, source
from tests.acceptance.net.conftest import eventually
from tests.exchange_lab import ANNA
from tests.ports import free_port

REPLAYS = int(os.environ.get("KALENDS_REPLAYS", "2000"))
CALLERS = 8


async def post(session: aiohttp.ClientSession, url: str, body: bytes) -> tuple[int, str]:
    async with session.post(url, data=body, headers={"content-type": "text/xml"}) as reply:
        return reply.status, await reply.text()


async def storm(url: str, body: bytes, count: int) -> set[int]:
    """Call so often, several at once; return the statuses of the answers."""
    statuses: set[int] = set()

    async def caller(session: aiohttp.ClientSession) -> None:
        for _ in range(count // CALLERS):
            statuses.add((await post(session, url, body))[0])

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(caller(session) for _ in range(CALLERS)))
    return statuses


async def test_callbacks_are_heard_replays_are_one_read_a_window_and_forgeries_none() -> None:
    server, port = organization(), free_port()
    address = f"http://127.0.0.1:{port}"
    pushing: dict[str, Any] = {
        "notify": "push", "push_url": f"{address}/x", "push_listen": f"127.0.0.1:{port}",
        "auth": "basic",
    }  # fmt: skip
    reads: list[float] = []
    debounce = Debounce(900.0)

    async with serving(server) as origin, source(f"{origin}/EWS/Exchange.asmx", **pushing) as one:

        async def driven() -> None:
            """Note a read whenever the engine would make one."""
            async for hint in one.hints():
                key = (hint.person or "", hint.name or "")
                at = debounce.heard(key, time.monotonic())
                if at is not None:
                    reads.append(at)

        task = asyncio.create_task(driven())
        try:
            await read(one)
            await eventually(lambda: any(push.told for push in server.pushes.values()), 30)
            (push,) = server.pushes.values()
            quiet = len(reads)
            now = datetime.now(UTC)
            box = server.organization.mailboxes[ANNA]
            box.add(Appointment(0, now, now + timedelta(hours=1), subject="New"))
            body, _ = push.body()
            await eventually(lambda: len(reads) > quiet, 30)

            began, before = time.monotonic(), len(reads)
            assert await storm(push.url, body, REPLAYS) == {200}
            assert len(reads) - before <= 2 + (time.monotonic() - began) / QUIET_SECONDS

            number, _, proof = push.url.rpartition("/")[2].partition(".")
            before = len(reads)
            for path in (f"{int(number) + 7}.{proof}", f"{number}.{'0' * len(proof)}", number, ""):
                assert await storm(f"{address}/x/{path}", body, CALLERS * 4) == {404}
            assert len(reads) == before

            one.forget("anna", "default")
            async with aiohttp.ClientSession() as session:
                status, said = await post(session, push.url, body)
            assert (status, ">Unsubscribe<" in said) == (200, True)
            box.add(Appointment(0, now, now + timedelta(hours=2), subject="Newer"))
            await eventually(lambda: not push.alive, 30)  # it called, and was told to stop
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await one.close()
