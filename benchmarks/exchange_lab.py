"""The emulator of Exchange under load: it must not be what a measurement of the product measures.

A process of its own (``python -m lab.exchange``) holds 50,000 mailboxes; raw clients of this
process read calendars, subscribe everybody, and hold 250 streams of 200 subscriptions. Run alone
with ``python -m benchmarks.exchange_lab [MAILBOXES]``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import psutil
from aiohttp import ClientSession, ClientTimeout, TCPConnector

from benchmarks.figure import Figure

GROUP = 200
READS = 4_000
AT_ONCE = 8
QUIET_SECONDS = 50.0
"""Longer than a heartbeat."""
CHANGES_PER_SECOND = 100
HEAD = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    '<t:RequestServerVersion Version="Exchange2013_SP1"/><t:ExchangeImpersonation>'
    "<t:ConnectingSID><t:PrimarySmtpAddress>person{number}@example.test</t:PrimarySmtpAddress>"
    "</t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
FIELDS = (
    "item:Subject", "item:Sensitivity", "item:Categories", "item:LastModifiedTime",
    "calendar:UID", "calendar:RecurrenceId", "calendar:Start", "calendar:End",
    "calendar:IsAllDayEvent", "calendar:LegacyFreeBusyStatus", "calendar:Location",
    "calendar:IsCancelled", "calendar:CalendarItemType", "calendar:MyResponseType",
    "calendar:StartTimeZone",
)  # fmt: skip
VIEW = (
    '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
    "<t:AdditionalProperties>{fields}</t:AdditionalProperties></m:ItemShape>"
    '<m:CalendarView MaxEntriesReturned="500" StartDate="{start}" EndDate="{end}"/>'
    '<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>'
)
SUBSCRIBE = (
    "<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds><t:DistinguishedFolderId"
    ' Id="calendar"/></t:FolderIds><t:EventTypes><t:EventType>CreatedEvent</t:EventType>'
    "<t:EventType>ModifiedEvent</t:EventType><t:EventType>DeletedEvent</t:EventType>"
    "<t:EventType>MovedEvent</t:EventType></t:EventTypes></m:StreamingSubscriptionRequest>"
    "</m:Subscribe>"
)
STREAM = (
    "<m:GetStreamingEvents><m:SubscriptionIds>{ids}</m:SubscriptionIds>"
    "<m:ConnectionTimeout>30</m:ConnectionTimeout></m:GetStreamingEvents>"
)


@asynccontextmanager
async def _emulator(mailboxes: int) -> AsyncIterator[tuple[dict[str, Any], psutil.Process]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lab.exchange", "--mailboxes", str(mailboxes), "--version", "2016",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline()), psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


class _Client:
    """Asks as one service account that impersonates whoever is asked about."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        token = base64.b64encode(b"svc@example.test:secret").decode()
        self.headers = {"authorization": f"Basic {token}", "content-type": "text/xml"}

    async def ask(self, number: int, body: str) -> bytes:
        text = HEAD.format(number=number, body=body)
        async with self.session.post(self.url, data=text.encode(), headers=self.headers) as reply:
            found = await reply.read()
            assert reply.status == 200, found
            return found

    async def many(self, numbers: range, body: str) -> list[bytes]:
        """Ask about each of many, a few at once; return the answers."""
        waiting, found = iter(numbers), list[bytes]()

        async def worker() -> None:
            for number in waiting:
                found.append(await self.ask(number, body))

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return found

    async def hold(self, ids: list[str], heard: list[int]) -> None:
        listed = "".join(f"<t:SubscriptionId>{one}</t:SubscriptionId>" for one in ids)
        text = HEAD.format(number=1, body=STREAM.format(ids=listed))
        # Nobody is impersonated: the account itself holds the connection.
        text = re.sub("<t:ExchangeImpersonation>.*</t:ExchangeImpersonation>", "", text)
        async with self.session.post(self.url, data=text.encode(), headers=self.headers) as reply:
            async for chunk in reply.content.iter_any():
                heard[0] += chunk.count(b"<t:CreatedEvent>")


def _view() -> str:
    now = time.time()
    start, end = (
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + days * 86_400)) for days in (-7, 14)
    )
    fields = "".join(f'<t:FieldURI FieldURI="{one}"/>' for one in FIELDS)
    return VIEW.format(fields=fields, start=start, end=end)


async def measure(mailboxes: int) -> list[Figure]:
    """Return the figures."""
    async with (
        _emulator(mailboxes) as (ready, process),
        ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout()) as session,
    ):
        figures = [
            Figure(
                f"{mailboxes} mailboxes seeded", ready["seconds"], "s", 60, ready["seconds"] <= 60
            ),
            Figure("memory", ready["megabytes"], "MB", 1000, ready["megabytes"] <= 1000),
        ]
        client = _Client(session, ready["ews"])
        used = _used(process)
        answers = await client.many(range(1, min(READS, mailboxes) + 1), _view())
        rate = len(answers) / (_used(process) - used)
        items = sum(one.count(b"<t:CalendarItem>") for one in answers) / len(answers)
        name = f"FindItem answers of {items:.0f} items"
        figures.append(Figure(name, round(rate), "a second of CPU", 500, rate >= 500))
        used = _used(process)
        answers = await client.many(range(1, mailboxes + 1), SUBSCRIBE)
        rate = len(answers) / (_used(process) - used)
        figures.append(Figure("subscriptions", round(rate), "a second of CPU", 500, rate >= 500))
        ids = [re.search(rb"SubscriptionId>([^<]+)<", one)[1].decode() for one in answers]  # type: ignore[index] # each answer has one
        groups = [ids[start : start + GROUP] for start in range(0, len(ids), GROUP)]
        await _command(session, ready, "limits", hanging=len(groups) + 1)
        heard = [0]
        async with asyncio.TaskGroup() as tasks:
            holding = [tasks.create_task(client.hold(each, heard)) for each in groups]
            deadline = time.monotonic() + 60
            while (await _command(session, ready, "counters"))["open_streams"] < len(groups):
                assert time.monotonic() < deadline, "not every stream was opened"
            idle = await _share(process, asyncio.sleep(QUIET_SECONDS))
            figures.append(
                Figure(f"{len(groups)} quiet streams", idle, "% of a core", 20, idle <= 20)
            )
            busy = await _share(process, _changes(session, ready, mailboxes))
            told = heard[0] == CHANGES_PER_SECOND * 10
            name = f"{CHANGES_PER_SECOND} changes/s, {heard[0]} heard"
            figures.append(Figure(name, busy, "% of a core", 60, busy <= 60 and told))
            for one in holding:
                one.cancel()
        size = process.memory_info().rss / 1e6
        figures.append(Figure("memory in the end", round(size), "MB", 1000, size <= 1000))
        return figures


async def _command(
    session: ClientSession, ready: dict[str, Any], name: str, **arguments: object
) -> dict[str, Any]:
    async with session.post(f"{ready['control']}/{name}", json=arguments) as reply:
        found: dict[str, Any] = await reply.json()
        assert reply.status == 200, found
        return found


def _used(process: psutil.Process) -> float:
    """Return the seconds of CPU the emulator has used: what else runs here does not matter."""
    found = process.cpu_times()
    return float(found.user + found.system)


async def _share(process: psutil.Process, work: Awaitable[None]) -> float:
    """Return the share of a core the emulator used while something went on, in per cent."""
    before, begun = _used(process), time.perf_counter()
    await work
    lasted = time.perf_counter() - begun
    return round(max(0.0, 100 * (_used(process) - before) / lasted), 1)


async def _changes(session: ClientSession, ready: dict[str, Any], mailboxes: int) -> None:
    begun = time.perf_counter()
    for n in range(CHANGES_PER_SECOND * 10):
        await asyncio.sleep(max(0.0, begun + n / CHANGES_PER_SECOND - time.perf_counter()))
        name = f"person{n * 37 % mailboxes + 1}@example.test"
        await _command(session, ready, "book", mailbox=name)
    await asyncio.sleep(1)


if __name__ == "__main__":
    for figure in asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)):
        print(figure)
