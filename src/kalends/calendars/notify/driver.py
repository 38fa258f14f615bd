"""Obeys the planner: sends its requests, reads its streams, hands its hints on.

Place in the flow: ``EwsSource`` registers and forgets mailboxes here and yields ``hints``. While
somebody listens to them one task sleeps until the planner's next deadline; besides it there is one
for each open stream and one for each request in flight, all children of one group.

Whatever a task meets becomes a verdict for the planner; nothing it meets ends the driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final, Protocol, TypeVar

from kalends import observe
from kalends.calendars.contract import Hint
from kalends.calendars.notify.actions import (
    Action,
    AskReply,
    Close,
    Detour,
    Glance,
    Open,
    Pull,
    Subscribe,
    Tell,
    Unsubscribe,
)
from kalends.calendars.notify.planner import Planner
from kalends.calendars.notify.values import Glanced, Key, Site
from kalends.calendars.notify.verdict import Verdict, What, judge
from kalends.errors import KalendsError
from kalends.runtime import Runtime
from kalends.wire.ews.events import Notification
from kalends.wire.ews.get_streaming_events import News, Stream
from kalends.wire.ews.subscribe import Subscription

log = observe.logger(__name__)

T = TypeVar("T")

GOODBYE_SECONDS: Final = 5.0
"""For giving subscriptions back at the end; the rest dies by itself within half an hour."""
GOODBYES_AT_ONCE: Final = 8
REST: Final = 3600.0
_LOST: Final = Verdict(What.DOWN)


class Carrier(Protocol):
    """What carries requests (``post.Post``)."""

    async def subscribe(self, asked: Subscribe) -> tuple[Subscription, tuple[tuple[str, str], ...]]:
        """Make a subscription; returns it with the cookies the answer set."""

    async def unsubscribe(self, asked: Unsubscribe) -> None:
        """Give a subscription back."""

    async def pull(self, asked: Pull) -> Notification:
        """Ask what happened."""

    async def glance(self, asked: Glance) -> Glanced:
        """Look at a group."""

    def ask_reply(self, asked: AskReply) -> None:
        """Have the next read of a mailbox ask for its automatic reply."""

    def stream(self, asked: Open) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open a stream."""


class Driver:
    """The notifications of one source."""

    def __init__(self, runtime: Runtime, planner: Planner, carrier: Carrier) -> None:
        self._runtime = runtime
        self._planner = planner
        self._carrier = carrier
        self._awake = asyncio.Event()
        self._sleeps_until = 0.0
        self._sure: dict[Key, None] = {}
        """What changed and nobody asked for yet …"""
        self._maybe: dict[Key, None] = {}
        """… and what may have: a thousand callbacks are one hint."""
        self._news = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._lines: dict[int, asyncio.Task[None]] = {}
        self._closed = False

    # --- for the source ---------------------------------------------------------------------
    def register(self, key: Key, address: str, site: Site, *, changed: bool = False) -> None:
        """Take up a mailbox that was read with success; ``changed``: something new was found."""
        self._planner.register(key, address, site, self._now(), changed=changed)
        self._obey()

    def forget(self, key: Key) -> None:
        """Drop a mailbox."""
        self._planner.forget(key, self._now())
        self._sure.pop(key, None)
        self._maybe.pop(key, None)
        self._obey()

    def called(self, ticket: int, subscription: str | None, changes: int, lost: bool) -> bool:
        """Take a callback; False: answer that it is to stop."""
        now = self._now()
        go_on = self._planner.called(ticket, subscription, now, changes=changes, lost=lost)
        self._obey()
        return go_on

    async def hints(self) -> AsyncGenerator[Hint, None]:
        """Yield hints, and work while somebody listens."""
        work = asyncio.create_task(self._run())
        try:
            while not work.done():
                self._news.clear()
                for hint in self._told():
                    yield hint
                if not work.done():
                    await self._news.wait()
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work

    def _told(self) -> Iterator[Hint]:
        """Remove and return hints, those that are sure first."""
        while self._sure or self._maybe:
            sure = bool(self._sure)
            person, name = key = next(iter(self._sure or self._maybe))
            del (self._sure if sure else self._maybe)[key]
            yield Hint(person, name, sure=sure)

    async def close(self) -> None:
        """Give back what can be given back in a few seconds."""
        if self._closed:
            return
        self._closed = True
        self._planner.close(self._now())
        self._awake.set()
        for task in self._lines.values():
            task.cancel()
        asked = [one for one in self._planner.take() if isinstance(one, Unsubscribe)]
        turns = asyncio.Semaphore(GOODBYES_AT_ONCE)
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS), asyncio.TaskGroup() as tasks:
                for one in asked:
                    tasks.create_task(self._goodbye(one, turns))

    # --- the loop ---------------------------------------------------------------------------
    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._loop(tasks)
        except Exception as error:  # the hints end, and are taken up again by who listens
            log.exception("notify.failed", exc_info=error)
        finally:
            self._news.set()

    async def _loop(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        try:
            while not self._closed:
                self._awake.clear()
                self._planner.tick(self._now())
                self._obey()
                await self._sleep()
        finally:
            if self._tasks is tasks:
                self._tasks = None  # a group that ends takes no new tasks

    async def _sleep(self) -> None:
        self._sleeps_until = self._next_at()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._sleeps_until - self._now())):
                await self._awake.wait()

    def _next_at(self) -> float:
        at = self._planner.next_at()
        rest = self._now() + REST
        return rest if at is None else min(at, rest)

    def _obey(self) -> None:
        """Do what the planner wants, and let nobody sleep beyond its next deadline."""
        if self._tasks is None or self._closed:
            return
        for action in self._planner.take():
            self._do(action, self._tasks)
        if self._next_at() < self._sleeps_until:
            self._awake.set()

    def _do(self, action: Action, tasks: asyncio.TaskGroup) -> None:
        match action:
            case Tell():
                self._tell(action)
            case Subscribe():
                tasks.create_task(self._subscribe(action))
            case Pull():
                tasks.create_task(self._pull(action))
            case Glance():
                tasks.create_task(self._glance(action))
            case Unsubscribe():
                tasks.create_task(self._unsubscribe(action))
            case Open():
                self._lines[action.line] = tasks.create_task(self._listen(action))
            case Close():
                task = self._lines.pop(action.line, None)
                if task is not None:
                    task.cancel()
            case AskReply():
                self._carrier.ask_reply(action)
            case Detour():
                log.warning("notify.detour", reason=action.reason, seconds=action.seconds)

    def _tell(self, action: Tell) -> None:
        if action.sure:
            self._maybe.pop(action.key, None)
            self._sure[action.key] = None
        elif action.key not in self._sure:
            self._maybe[action.key] = None
        self._news.set()

    # --- requests ---------------------------------------------------------------------------
    async def _subscribe(self, asked: Subscribe) -> None:
        def refused(verdict: Verdict) -> None:
            self._planner.refused(asked, verdict, self._now())

        found = await self._tried(self._carrier.subscribe(asked), refused)
        if found is not None:
            made, cookies = found
            self._planner.subscribed(asked, made, self._now(), cookies)
        self._obey()

    async def _pull(self, asked: Pull) -> None:
        def refused(verdict: Verdict) -> None:
            self._planner.pull_failed(asked, verdict, self._now())

        found = await self._tried(self._carrier.pull(asked), refused)
        if found is not None:
            self._planner.pulled(asked, found, self._now())
        self._obey()

    async def _glance(self, asked: Glance) -> None:
        def refused(verdict: Verdict) -> None:
            self._planner.glance_failed(asked, verdict, self._now())

        found = await self._tried(self._carrier.glance(asked), refused)
        if found is not None:
            self._planner.glanced(asked, found, self._now())
        self._obey()

    async def _unsubscribe(self, asked: Unsubscribe) -> None:
        await self._tried(self._carrier.unsubscribe(asked), lambda _: None)

    async def _goodbye(self, asked: Unsubscribe, turns: asyncio.Semaphore) -> None:
        async with turns:
            await self._unsubscribe(asked)

    async def _tried(self, work: Awaitable[T], refused: Callable[[Verdict], None]) -> T | None:
        """Return what a request brings; None where it was refused and that was told."""
        try:
            return await work
        except KalendsError as error:
            refused(judge(error, self._runtime.now()))
        except asyncio.CancelledError:
            refused(_LOST)
            raise
        except Exception as error:  # a fault of ours stays with this request
            log.exception("notify.failed", exc_info=error)
            refused(_LOST)
        return None

    # --- streams ----------------------------------------------------------------------------
    async def _listen(self, asked: Open) -> None:
        verdict: Verdict | None = _LOST
        try:
            await self._read(asked)
            verdict = None
        except KalendsError as error:
            verdict = judge(error, self._runtime.now())
            log.info("notify.line_lost", reason=verdict.what.value, exc_info=error)
        except Exception as error:  # a fault of ours stays with this stream
            log.exception("notify.failed", exc_info=error)
        finally:
            self._lines.pop(asked.line, None)
            self._planner.ended(asked.line, verdict, self._now())
            self._obey()

    async def _read(self, asked: Open) -> None:
        stream = Stream()
        async with self._carrier.stream(asked) as chunks:
            async for chunk in chunks:
                for news in stream.feed(chunk):
                    self._heard(asked.line, news)
                    if news.closed:
                        return
        stream.close()

    def _heard(self, line: int, news: News) -> None:
        trouble = None if news.trouble is None else judge(news.trouble, self._runtime.now())
        self._planner.news(
            line,
            self._now(),
            news.notifications,
            dead=news.dead,
            trouble=trouble,
            closed=news.closed,
        )
        self._obey()

    def _now(self) -> float:
        return self._runtime.monotonic()
