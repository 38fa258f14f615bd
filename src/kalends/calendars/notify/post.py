"""Carries the planner's requests to Exchange and back; nothing is decided here.

Every request of a group goes with its anchor (2013 and later), its wish to stay at that server, and
its own cookies, which stand in no jar. Subscriptions belong to the account that made them; each
is made as its mailbox, streams are opened as the anchor, whose budget then pays for them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from kalends.calendars.notify.actions import (
    AskReply,
    Glance,
    Open,
    Pull,
    Subscribe,
    Unsubscribe,
)
from kalends.calendars.notify.pacing import PULL_LIFE_MINUTES, SILENCE, STATUS_MINUTES
from kalends.calendars.notify.prints import glance
from kalends.calendars.notify.replies import Replies, print_of
from kalends.calendars.notify.settings import Settings
from kalends.calendars.notify.values import Glanced, Mode, Route
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import BadAnswer, TooLarge
from kalends.model.http import Request, Response
from kalends.net.contract import Limits, Streamed
from kalends.wire.ews.errors import EwsThrottled
from kalends.wire.ews.events import Notification
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_events import build_get_events, parse_get_events
from kalends.wire.ews.get_streaming_events import build_get_streaming_events
from kalends.wire.ews.soap import Context
from kalends.wire.ews.soap import read as read_answer
from kalends.wire.ews.subscribe import (
    Subscription,
    build_subscribe_pull,
    build_subscribe_push,
    build_subscribe_streaming,
    parse_subscribe,
)
from kalends.wire.ews.unsubscribe import build_unsubscribe, parse_unsubscribe
from kalends.wire.ews.versions import Feature, offers

_COOKIE: Final = re.compile(r"\b(X-BackEndOverrideCookie|exchangecookie)=([!-+\--:<-~]{1,1000})")
"""The cookies that keep a group at its server, in joined ``Set-Cookie`` headers."""
_STREAM_BYTES: Final = 256 << 20
_REFUSAL_BYTES: Final = 1 << 20


class Post:
    """Speaks with one endpoint for the driver."""

    def __init__(self, endpoint: ExchangeEndpoint, callback: Callable[[int], str]) -> None:
        self._endpoint = endpoint
        self._callback = callback
        """Makes the URL for a ticket (push)."""
        self._replies = Replies(endpoint)
        self._settings = Settings(endpoint)

    async def subscribe(self, asked: Subscribe) -> tuple[Subscription, tuple[tuple[str, str], ...]]:
        """Make a subscription; returns it with the cookies the answer set."""
        operation = Operation(partial(_subscribe, asked, self._callback), read_subscribed)
        return await self._endpoint.call(
            Mailbox(asked.address),
            operation,
            headers=_cookies(asked.route),
            route=partial(_routed, asked.route),
        )

    async def unsubscribe(self, asked: Unsubscribe) -> None:
        """Give a subscription back."""
        operation = Operation(partial(_unsubscribe, asked), parse_unsubscribe)
        with self._remembered(asked) as mailbox:
            await self._endpoint.call(
                mailbox,
                operation,
                headers=_cookies(asked.route),
                route=partial(_routed, asked.route),
            )

    @contextmanager
    def _remembered(self, asked: Unsubscribe) -> Iterator[Mailbox]:
        """Where the calendar is no more, remember its mailbox for this request alone."""
        mailbox, site = Mailbox(asked.address), asked.route.site
        if self._endpoint.remembers(mailbox):
            yield mailbox
            return
        known = self._endpoint.known(mailbox)
        known.url = site.url
        known.access = Access.IMPERSONATION if site.impersonated else Access.DELEGATE
        try:
            yield mailbox
        finally:
            self._endpoint.forget(mailbox)

    async def pull(self, asked: Pull) -> Notification:
        """Ask what happened."""
        operation = Operation(partial(_pull, asked), parse_get_events)
        return await self._endpoint.call(
            Mailbox(asked.address),
            operation,
            headers=_cookies(asked.route),
            route=partial(_routed, asked.route),
        )

    async def glance(self, asked: Glance) -> Glanced:
        """Look at a group: its busy times, and its automatic replies where they are wanted."""
        found = await glance(self._endpoint, asked)
        tips = await self._replies.told(asked) if asked.replies else {}
        prints = (print_of(tips.get(Mailbox(one))) for one in asked.addresses)
        unlike = await self._settings.unlike(asked, tips) if asked.settings else frozenset()
        return replace(found, replies=tuple(prints) if asked.replies else (), unlike=unlike)

    def ask_reply(self, asked: AskReply) -> None:
        """Have the next read of a mailbox ask for its automatic reply."""
        mailbox = Mailbox(asked.address)
        if self._endpoint.remembers(mailbox):
            self._endpoint.known(mailbox).reply_doubted = True

    @asynccontextmanager
    async def stream(self, asked: Open) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a stream; raises what its refusal means."""
        request = await self._endpoint.prepare(
            Mailbox(asked.route.anchor),
            Operation(partial(_open, asked), read_answer),
            headers=_cookies(asked.route),
            route=partial(_routed, asked.route),
        )
        client = await self._endpoint.clients.signed(request.url)
        limits = Limits(seconds=asked.minutes * 60 + 60, body_bytes=_STREAM_BYTES)
        # The planner's own patience ends first.
        async with client.stream(request, limits=limits, silence=SILENCE + 5) as answer:
            if answer.status != 200:
                await self._refused(answer)
            yield answer.chunks()

    async def _refused(self, answer: Streamed) -> None:
        """Raise what a refusal means; a spent budget is spent for everybody."""
        body = bytearray()
        async for chunk in answer.chunks():
            body += chunk
            if len(body) > _REFUSAL_BYTES:
                raise TooLarge("the refusal of a stream is too large")
        try:
            read_answer(Response(answer.status, answer.headers, bytes(body)))
        except EwsThrottled as error:
            if error.fault.code == "ErrorServerBusy":
                error.at = self._endpoint.silence(error.fault.back_off)
            raise
        raise BadAnswer(f"the stream is answered with status {answer.status}")


def read_subscribed(response: Response) -> tuple[Subscription, tuple[tuple[str, str], ...]]:
    """Read a new subscription, and which server it lives on."""
    return parse_subscribe(response), tuple(_COOKIE.findall(response.header("set-cookie")))


def _routed(route: Route, context: Context) -> Context:
    if not offers(context.version, Feature.AFFINITY):
        return context
    return replace(context, anchor=route.anchor, prefer_affinity=True)


def _cookies(route: Route) -> tuple[tuple[str, str], ...]:
    if not route.cookies:
        return ()
    return (("Cookie", "; ".join(f"{name}={value}" for name, value in route.cookies)),)


def _subscribe(
    asked: Subscribe, callback: Callable[[int], str], context: Context, folder: Folder
) -> Request:
    match asked.mode:
        case Mode.STREAM:
            return build_subscribe_streaming(context, folder)
        case Mode.PULL:
            return build_subscribe_pull(context, PULL_LIFE_MINUTES, folder)
        case Mode.PUSH:
            return build_subscribe_push(context, callback(asked.ticket), STATUS_MINUTES, folder)


def _unsubscribe(asked: Unsubscribe, context: Context, folder: Folder) -> Request:
    del folder
    return build_unsubscribe(context, asked.subscription)


def _pull(asked: Pull, context: Context, folder: Folder) -> Request:
    del folder
    return build_get_events(context, asked.subscription, asked.watermark)


def _open(asked: Open, context: Context, folder: Folder) -> Request:
    del folder
    return build_get_streaming_events(context, asked.subscriptions, asked.minutes)
