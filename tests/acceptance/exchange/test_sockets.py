"""It misbehaves on real sockets as told: seen by a client that reads bytes and trusts nothing."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
from lab.exchange.seed import Plan, book, seed
from lab.exchange.serve import basic, serving
from lab.exchange.server import ExchangeServer

from tests.patience import PATIENCE

ANNA, BEA = "anna@example.test", "bea@example.test"
SERVICE = ("svc@example.test", "secret")
HEARTBEAT, MINUTE = 46, 60
"""Seconds until a stream beats, or a little more, and until it ends."""
HEAD = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    '<t:RequestServerVersion Version="{version}"/>{who}</s:Header><s:Body>{body}</s:Body>'
    "</s:Envelope>"
)
WHO = (
    "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{}</t:PrimarySmtpAddress>"
    "</t:ConnectingSID></t:ExchangeImpersonation>"
)
FOLDER = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>"
    '<t:DistinguishedFolderId Id="{}">{}</t:DistinguishedFolderId></m:FolderIds></m:GetFolder>'
)
VIEW = (
    '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>'
    '<m:CalendarView StartDate="2026-03-01T00:00:00Z" EndDate="2026-04-01T00:00:00Z"/>'
    '<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>'
)
SUBSCRIBE = (
    "<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>"
    '<t:DistinguishedFolderId Id="calendar"/></t:FolderIds><t:EventTypes>'
    "<t:EventType>CreatedEvent</t:EventType></t:EventTypes></m:StreamingSubscriptionRequest>"
    "</m:Subscribe>"
)


@dataclass
class Answer:
    """What came back: all of it, or what there was when the connection ended."""

    head: str
    body: bytes
    complete: bool
    """As long as Content-Length said."""
    pieces: int
    seconds: float

    @property
    def status(self) -> int:
        return int(self.head.split()[1]) if self.head else 0

    @property
    def codes(self) -> list[str]:
        return re.findall(r"ResponseCode[^>]*>\s*(\w+)", self.body.decode("utf-8", "replace"))


@dataclass
class Raw:
    """A client on one socket after another."""

    server: ExchangeServer
    who: str = ANNA
    secret: tuple[str, str] = SERVICE

    def request(self, body: str, version: str = "Exchange2013_SP1") -> bytes:
        who = WHO.format(self.who) if self.who else ""
        text = HEAD.format(version=version, who=who, body=body).encode()
        head = (
            f"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(*self.secret)}"
            f"\r\nContent-Type: text/xml\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        return head.encode() + text

    @asynccontextmanager
    async def connected(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        url = urlsplit(self.server.url)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def ask(self, body: str) -> Answer:
        begun = time.monotonic()
        async with self.connected() as (reader, writer):
            writer.write(self.request(body))
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            except (asyncio.IncompleteReadError, ConnectionError):
                return Answer("", b"", False, 0, time.monotonic() - begun)
            found = re.search(r"(?i)content-length: (\d+)", head)
            length, content, pieces = int(found[1]) if found else 0, b"", 0
            while len(content) < length and (piece := await reader.read(65536)):
                content, pieces = content + piece, pieces + 1
        complete = len(content) == length
        return Answer(head, content, complete, pieces, time.monotonic() - begun)

    @asynccontextmanager
    async def streaming(self, *ids: str) -> AsyncIterator[asyncio.StreamReader]:
        listed = "".join(f"<t:SubscriptionId>{one}</t:SubscriptionId>" for one in ids)
        async with self.connected() as (reader, writer):
            writer.write(
                self.request(
                    f"<m:GetStreamingEvents><m:SubscriptionIds>{listed}</m:SubscriptionIds>"
                    "<m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents>"
                )
            )
            await reader.readuntil(b"\r\n\r\n")
            yield reader

    def pass_by(self, seconds: float) -> None:
        """Let time pass at the server, whose clock otherwise stands; its streams look at it."""
        now = self.server.organization.now() + seconds
        self.server.organization.now = lambda: now
        for stream in list(self.server.connected):
            stream.wake()

    async def subscribed(self) -> str:
        found = re.search(r"SubscriptionId>([^<]+)<", (await self.ask(SUBSCRIBE)).body.decode())
        assert found
        return found[1]


@asynccontextmanager
async def exchange(named: str = "2016") -> AsyncIterator[Raw]:
    server = ExchangeServer(named=named)
    seed(server.organization, service=SERVICE, people=[(ANNA, "Anna Berg"), (BEA, "Bea Alm")])
    meet(server)
    async with serving(server):
        yield Raw(server)


def meet(server: ExchangeServer) -> None:
    start, end = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)
    book(server.organization, Plan(ANNA, "Budget", start, end))


async def envelope(reader: asyncio.StreamReader, seconds: float = PATIENCE) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"</s:Envelope>"), seconds)


async def test_a_cut_body_is_shorter_than_its_length_said() -> None:
    async with exchange() as client:
        client.server.faults.cut = True
        answer = await client.ask(VIEW)
        assert (answer.status, answer.complete) == (200, False)
        assert len(answer.body) > 0


async def test_a_truncated_body_is_well_framed_and_ends_in_the_middle() -> None:
    async with exchange() as client:
        client.server.faults.truncated = True
        answer = await client.ask(VIEW)
        assert answer.complete
        assert b"</s:Envelope>" not in answer.body


async def test_a_dripping_body_comes_in_pieces_and_takes_its_time() -> None:
    async with exchange() as client:
        client.server.faults.drip = 0.03
        answer = await client.ask(VIEW)
        assert answer.complete
        assert answer.pieces >= 2
        assert answer.seconds >= 0.2


async def test_a_delayed_answer_comes_whole_and_late() -> None:
    async with exchange() as client:
        client.server.faults.delay = 0.3
        answer = await client.ask(VIEW)
        assert answer.complete
        assert answer.seconds >= 0.3


async def test_answers_are_delayed_only_where_told(monkeypatch: pytest.MonkeyPatch) -> None:
    over = asyncio.Event()

    async def last(_seconds: float) -> None:
        await over.wait()

    async with exchange() as client:
        client.server.faults.delay = 0.3
        client.server.faults.slow_operations = {"FindItem"}
        monkeypatch.setattr("lab.exchange.serve.asyncio.sleep", last)
        late = asyncio.create_task(client.ask(VIEW))
        assert (await client.ask(FOLDER.format("calendar", ""))).codes == ["NoError"]
        assert not late.done()
        over.set()
        assert (await late).codes == ["NoError"]


async def test_requests_at_once_beyond_the_budget_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn = asyncio.sleep

    async def last(_seconds: float) -> None:
        while client.server.counters.at_once < 4:
            await turn(0.001)

    async with exchange() as client:
        client.server.faults.delay, client.server.concurrency = 0.2, 2
        monkeypatch.setattr("lab.exchange.serve.asyncio.sleep", last)
        found = await asyncio.gather(*(client.ask(VIEW) for _ in range(4)))
        codes = sorted(one.codes[0] for one in found)
        assert codes == ["ErrorExceededConnectionCount"] * 2 + ["NoError"] * 2
        assert client.server.counters.at_once == 4


async def test_a_dropped_request_gets_no_word_and_the_next_an_answer() -> None:
    async with exchange() as client:
        client.server.faults.drop_requests = 1
        assert (await client.ask(VIEW)).head == ""
        assert (await client.ask(VIEW)).status == 200


async def test_a_storm_of_401_refuses_the_right_password_and_passes() -> None:
    async with exchange() as client:
        client.server.faults.unauthorized = 3
        found = [await client.ask(VIEW) for _ in range(4)]
        assert [one.status for one in found] == [401, 401, 401, 200]
        assert "WWW-Authenticate: Basic" in found[0].head or "www-authenticate" in found[0].head


async def test_busy_tells_its_back_off_as_a_fault_of_500() -> None:
    async with exchange() as client:
        client.server.faults.busy = 1500
        answer = await client.ask(VIEW)
        assert (answer.status, answer.codes) == (500, ["ErrorServerBusy"])
        assert b'Name="BackOffMilliseconds">1500<' in answer.body


async def test_busy_ends_by_itself_and_lasts_longer_for_who_does_not_wait() -> None:
    async with exchange() as client:
        now = [1_772_000_000.0]
        client.server.organization.now = lambda: now[0]
        client.server.faults.busy_for(client.server.organization.now(), 10)
        assert (await client.ask(VIEW)).codes == ["ErrorServerBusy"]
        now[0] += 9
        again = await client.ask(VIEW)
        assert b'Name="BackOffMilliseconds">10000<' in again.body  # asked too early: from anew
        now[0] += 9
        assert (await client.ask(VIEW)).codes == ["ErrorServerBusy"]
        now[0] += 10.1
        assert (await client.ask(VIEW)).codes == ["NoError"]


async def test_a_silent_stream_stays_open_and_not_even_a_heartbeat_comes() -> None:
    async with exchange() as client:
        client.pass_by(0)
        async with client.streaming(await client.subscribed()) as reader:
            assert b"<m:ConnectionStatus>OK" in await envelope(reader)
            client.server.faults.silent_streams = True
            meet(client.server)
            client.pass_by(MINUTE)  # a heartbeat was due at 45 s, the end is now
            with pytest.raises(TimeoutError):
                await envelope(reader, 0.3)
            assert not reader.at_eof()


async def test_a_mute_stream_beats_and_never_tells() -> None:
    async with exchange() as client:
        client.pass_by(0)
        client.server.faults.mute_streams = True
        async with client.streaming(await client.subscribed()) as reader:
            await envelope(reader)
            meet(client.server)
            client.pass_by(HEARTBEAT)
            assert b"CreatedEvent" not in (beat := await envelope(reader))
            assert b"<m:ConnectionStatus>OK" in beat


async def test_a_half_closed_stream_ends_without_closed_while_the_server_still_listens() -> None:
    async with exchange() as client:
        client.server.faults.half_close_streams = 2
        number = await client.subscribed()
        async with client.streaming(number) as reader:
            await envelope(reader)
            meet(client.server)
            told = await envelope(reader) + await asyncio.wait_for(reader.read(), PATIENCE)
            assert b"CreatedEvent" in told
            assert b"Closed" not in told
            assert not told.endswith(b"0\r\n\r\n")  # the chunked body has no end
            assert client.server.connected  # it does not know that nobody reads any more


async def test_a_cut_stream_ends_in_the_middle_of_its_time() -> None:
    async with exchange() as client:
        client.server.faults.cut_streams = 2
        async with client.streaming(await client.subscribed()) as reader:
            await envelope(reader)
            meet(client.server)
            rest = await asyncio.wait_for(reader.read(), PATIENCE)
            assert b"CreatedEvent" in rest
            assert b"Closed" not in rest


async def test_killed_subscriptions_are_gone_for_the_stream_and_for_the_next() -> None:
    async with exchange() as client:
        client.pass_by(0)
        number = await client.subscribed()
        async with client.streaming(number) as reader:
            await envelope(reader)
            client.server.organization.kill_subscriptions(ANNA)
            client.pass_by(HEARTBEAT)
            assert b"ErrorInvalidSubscription" in await envelope(reader)
        async with client.streaming(number) as reader:
            assert number.encode() in await envelope(reader)  # among ErrorSubscriptionIds


async def test_a_moved_mailbox_loses_its_subscription_and_answers_again_later() -> None:
    async with exchange() as client:
        client.pass_by(0)
        async with client.streaming(await client.subscribed()) as reader:
            await envelope(reader)
            client.server.organization.move(ANNA, database=1, seconds=2 * MINUTE)
            client.pass_by(HEARTBEAT)
            assert (await client.ask(VIEW)).codes == ["ErrorMailboxMoveInProgress"]
            assert b"ErrorInvalidSubscription" in await envelope(reader)
        client.pass_by(2 * MINUTE)
        assert (await client.ask(VIEW)).codes == ["NoError"]


async def test_illegal_references_arrive_as_bytes_that_no_parser_takes() -> None:
    async with exchange() as client:
        client.server.faults.illegal_references = True
        assert b"Budget&#x0;&#x1F;</t:Subject>" in (await client.ask(VIEW)).body


async def test_a_clock_ahead_shows_in_date_and_in_what_was_changed_by_it() -> None:
    async with exchange() as client:
        client.server.faults.clock_skew = 7200
        found = re.search(r"(?i)date: ([^\r]+)", (await client.ask(VIEW)).head)
        assert found
        ahead = parsedate_to_datetime(found[1]) - datetime.now(UTC)
        assert 7100 < ahead.total_seconds() < 7300


async def test_a_delegate_sees_the_inbox_only_where_somebody_granted_too_much() -> None:
    async with exchange() as client:
        client.who = ""
        box = client.server.organization.mailboxes[ANNA]
        box.delegates[SERVICE[0]] = "Reviewer"
        owner = f"<t:Mailbox><t:EmailAddress>{ANNA}</t:EmailAddress></t:Mailbox>"
        assert (await client.ask(FOLDER.format("calendar", owner))).codes == ["NoError"]
        assert (await client.ask(FOLDER.format("inbox", owner))).codes == ["ErrorFolderNotFound"]
        box.grants[SERVICE[0], "inbox"] = "Reviewer"
        assert (await client.ask(FOLDER.format("inbox", owner))).codes == ["NoError"]
        assert (await client.ask(FOLDER.format("drafts", owner))).codes == ["ErrorFolderNotFound"]
