"""A webhook receiver as somebody outside would write it: aiohttp and ``standardwebhooks``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from kalends.model.vocabulary import Availability

SECRET = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"


class Receiver:
    """Checks every signature; remembers what it was told."""

    def __init__(self, *secrets: str) -> None:
        self.webhooks = [Webhook(secret) for secret in secrets or (SECRET,)]
        self.status = 200
        self.headers: dict[str, str] = {}
        self.messages: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        for webhook in self.webhooks:
            message = webhook.verify(body, dict(request.headers))
        if self.status == 200:
            self.messages.append(message)
            self.ids.append(request.headers["webhook-id"])
        return web.Response(status=self.status, headers=self.headers)

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [
            change
            for message in self.messages
            for change in message["data"].get("changes", [message["data"]])
        ]

    def holds(self, person: str) -> Availability | None:
        told = [one["availability"] for one in self.changes if one["person"] == person]
        return Availability(told[-1]) if told else None

    def refuse(self, refusing: bool) -> None:
        self.status = 500 if refusing else 200

    async def start(self) -> None:
        application = web.Application()
        application.router.add_post("/hook", self.answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


@asynccontextmanager
async def receiving(*secrets: str) -> AsyncIterator[Receiver]:
    receiver = Receiver(*secrets)
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()
