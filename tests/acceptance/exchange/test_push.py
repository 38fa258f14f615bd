"""The emulator calls back: over real sockets, again where nobody answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from lab.exchange.xml import M

from tests.acceptance.exchange.test_sockets import Raw, exchange, meet
from tests.patience import PATIENCE

ANSWER = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<m:SendNotificationResult xmlns:m="{M[1:-1]}"><m:SubscriptionStatus>{{}}'
    "</m:SubscriptionStatus></m:SendNotificationResult></s:Body></s:Envelope>"
)


class Listener:
    """Who is called: what it heard, and what it answers."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.status = 200
        self.answer = "OK"
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        assert request.headers["soapaction"].endswith('/messages/SendNotification"')
        text = await request.text()
        await self.heard.put(next(one for one in ("CreatedEvent", "StatusEvent") if one in text))
        return web.Response(
            status=self.status, text=ANSWER.format(self.answer), content_type="text/xml"
        )

    async def hears_news(self) -> None:
        """Wait for news; where much time passes, a ping comes in between."""
        while await self.hears() != "CreatedEvent":
            pass

    async def hears(self, seconds: float = PATIENCE) -> str:
        return await asyncio.wait_for(self.heard.get(), seconds)


@asynccontextmanager
async def called(minute: float = 0.2) -> AsyncIterator[tuple[Raw, Listener]]:
    """Run both; a minute of the server lasts some seconds, and it pings every third."""
    listener = Listener()
    app = web.Application()
    app.router.add_post("/secret/path", listener.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/secret/path"
    try:
        async with exchange() as client:
            client.server.minute = minute
            answer = await client.ask(
                "<m:Subscribe><m:PushSubscriptionRequest><t:FolderIds><t:DistinguishedFolderId"
                ' Id="calendar"/></t:FolderIds><t:EventTypes><t:EventType>CreatedEvent'
                "</t:EventType></t:EventTypes><t:StatusFrequency>3</t:StatusFrequency>"
                f"<t:URL>{listener.url}</t:URL></m:PushSubscriptionRequest></m:Subscribe>"
            )
            assert answer.codes == ["NoError"]
            yield client, listener
    finally:
        await runner.cleanup()


async def test_it_calls_at_once_with_news_and_as_a_ping() -> None:
    async with called() as (client, listener):
        assert await listener.hears() == "StatusEvent"
        meet(client.server)
        await listener.hears_news()
        assert await listener.hears() == "StatusEvent"


async def test_news_come_again_until_they_are_answered() -> None:
    async with called(1.0) as (client, listener):
        await listener.hears()
        listener.status = 500
        meet(client.server)
        await listener.hears_news()
        assert await listener.hears() == "CreatedEvent"
        listener.status = 200
        assert await listener.hears() == "CreatedEvent"
        assert await listener.hears() == "StatusEvent"


@pytest.mark.parametrize("how", ["silence", "word"])
async def test_it_gives_up_after_long_silence_or_at_a_word(how: str) -> None:
    async with called() as (client, listener):
        if how == "silence":
            listener.status = 503
        else:
            listener.answer = "Unsubscribe"
        async with asyncio.timeout(PATIENCE):
            while client.server.organization.subscriptions:  # retries after 0.1, 0.2, 0.4 s
                await asyncio.sleep(0.01)
        while not listener.heard.empty():
            listener.heard.get_nowait()
        meet(client.server)
        with pytest.raises(TimeoutError):
            await listener.hears(0.5)
