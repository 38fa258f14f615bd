"""Takes the callbacks of servers that push, and believes nothing they say (threat 13).

A callback is authenticated by nothing but its path. Each subscription has a path of its own that
cannot be guessed (a keyed hash of its number, compared in constant time); one that is not ours is
answered 404 before a byte of its body is read. What a good path brings is a hint for one calendar,
whatever it says, and replayed it is the same hint: the sync driver reads once and then waits for
quiet. Who calls for a subscription that is no more is told to stop.

The key lives as long as the process. After a restart old callers meet 404 and give up; their
subscriptions are made anew with their first read.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Final

from aiohttp import web

from kalends.errors import CursorExpired, KalendsError, TooLarge
from kalends.model.http import Response
from kalends.wire.ews.send_notification import (
    MAX_BYTES,
    build_send_notification_result,
    parse_send_notification,
)

_DIGITS: Final = 15

Heard = Callable[[int, str | None, int, bool], bool]
"""(ticket, subscription or None where none is named, changes, lost) → whether to go on."""


class Callbacks:
    """The URLs servers are given, and the listener behind them."""

    def __init__(self, url: str, listen: str, heard: Heard) -> None:
        self._url = url.rstrip("/")
        self._listen = listen
        self._heard = heard
        self._key = secrets.token_bytes(32)
        self._runner: web.AppRunner | None = None

    def url(self, ticket: int) -> str:
        """Return where the server is to call for one subscription."""
        return f"{self._url}/{ticket}.{self._proof(str(ticket))}"

    def ticket(self, path: str) -> int | None:
        """Return whose path it is; None: nobody's."""
        number, _, proof = path.rpartition("/")[2].partition(".")
        known = number.isascii() and number.isdecimal() and len(number) <= _DIGITS
        good = hmac.compare_digest(proof.encode(), self._proof(number).encode())
        return int(number) if known and good else None

    def answer(self, ticket: int, body: bytes) -> Response:
        """Take a callback that came to a good path."""
        try:
            told = parse_send_notification(body)
        except CursorExpired:  # the server could not read its own events
            return build_send_notification_result(go_on=self._heard(ticket, None, 1, True))
        except TooLarge:
            return Response(413)
        except KalendsError:
            return Response(400)
        go_on = self._heard(ticket, told.subscription, told.changes, False)
        return build_send_notification_result(go_on=go_on)

    async def open(self) -> None:
        """Listen; ``OSError`` where the address cannot be had."""
        if self._runner is not None:
            return
        app = web.Application(client_max_size=MAX_BYTES)
        app.router.add_post("/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        host, _, port = self._listen.rpartition(":")
        await web.TCPSite(self._runner, host.strip("[]"), int(port)).start()

    @property
    def port(self) -> int:
        """Return the port listened on."""
        assert self._runner is not None
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Listen no more."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        ticket = self.ticket(request.path)
        if ticket is None:
            return web.Response(status=404)
        answer = self.answer(ticket, await request.read())
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    def _proof(self, number: str) -> str:
        return hmac.new(self._key, number.encode(), "sha256").hexdigest()
